"""How do I talk to it? Flask lives here alone: Plum's services, the control surface, pages for people."""
