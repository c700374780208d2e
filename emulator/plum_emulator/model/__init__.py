"""What is a message? Values and rules of the domain: numbers, accounts, messages, keywords. No input or output here."""
