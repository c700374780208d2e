"""What a text says: its parts, and the keywords that carriers act on (clauses 4 and 10)."""

from __future__ import annotations

from typing import Literal

PART_LENGTH = 160

Keyword = Literal["stop", "start", "help"]

_WORDS: dict[Keyword, tuple[str, ...]] = {
    "stop": ("STOP", "CANCEL", "END", "QUIT", "STOPALL", "UNSUBSCRIBE"),
    "start": ("START", "YES", "UNSTOP"),
    "help": ("HELP", "INFO"),
}
_KEYWORDS = {word: keyword for keyword, words in _WORDS.items() for word in words}

AUTOMATIC_TEXTS: dict[Keyword, str] = {
    "stop": (
        "You have successfully been unsubscribed. You will not receive any more messages from this number. "
        "Reply START to resubscribe."
    ),
    "start": (
        "You have successfully been re-subscribed to messages from this number. "
        "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
    ),
    "help": "Reply STOP to unsubscribe. Msg&Data Rates May Apply",
}

OPTED_OUT_NOTIFICATION = "Attempt to send to unsubscribed recipient"


def landline_notification(number: str) -> str:
    """Plum's words for a recipient that cannot take texts."""
    return f"To number: +{number}, is not a mobile number"


def keyword(body: str) -> Keyword | None:
    """The keyword that the whole text is, without regard to case and surrounding space."""
    word = body.strip()
    # Plain letters only: upper() would make STOP of letters that nobody reads so, a long s or a ligature.
    return _KEYWORDS.get(word.upper()) if word.isascii() else None


def parts(body: str) -> list[str]:
    """The texts that a body becomes: itself, or pieces of 160 characters."""
    if len(body) <= PART_LENGTH:
        return [body]
    return [body[start : start + PART_LENGTH] for start in range(0, len(body), PART_LENGTH)]
