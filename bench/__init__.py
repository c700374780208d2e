"""Measures the emulator against the aims it was given. Run `python -m bench` from the repository's root.

Each group of figures has a module, and every ratio is taken inside one round, so that a slow machine is slow for
both of its sides. Nothing here is a test: figures are printed and kept in RESULTS.md, never asserted.
"""
