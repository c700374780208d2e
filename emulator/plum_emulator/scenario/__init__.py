"""What will happen to it? The accounts that a server starts with, magic numbers, and the plan of a message.

This room decides and never does: files and facts come in, plain values go out.
"""
