"""What files that retell a session say beside it, in comments that both Python and a shell take for such."""

from __future__ import annotations

import textwrap


def comment(text: str, *, width: int) -> list[str]:
    """The text in lines of a comment; nothing in it ends one early."""
    plain = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return textwrap.wrap(plain, width, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def about_application(url: str) -> str:
    """What is said of a session's Application URL."""
    if url == "/demo":
        return "What texts are posted to: the emulator's demo application. Put yours here."
    return "What texts are posted to. An application has to run there."
