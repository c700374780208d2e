"""What the tests of the manual share: its pages as data, the tables that are written from the code, and its examples."""
