"""`python -m plum_emulator` is the command `plum-emulator`."""

from plum_emulator.cli import main

if __name__ == "__main__":
    main()
