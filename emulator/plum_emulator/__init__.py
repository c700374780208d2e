"""A full local emulator of the Plum Voice SMS platform.

Importing the package loads nothing: the command line and the fixtures import what they use.
"""

__version__ = "0.1.0"
