"""The pictures of the manual, taken from a real emulator in a real browser: `make screenshots` writes `docs/images/`.

They are never edited by hand. Seed, clock, port and story are fixed, so pages that have not changed give the same
bytes on the same machine.
"""
