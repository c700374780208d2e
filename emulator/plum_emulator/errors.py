"""What can go wrong, as a tree. Each error says what was seen; its hint says what to do next.

Errors become words at a border: the command line, the control surface or the emulated API. Never in between.
"""

from __future__ import annotations


class PlumEmulatorError(Exception):
    """Anything that is somebody's to mend, not a bug of ours."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def one_line(self) -> str:
        """The error and its next step, as one line for a person."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class SettingsError(PlumEmulatorError):
    """An option, an environment variable or a file of settings is not usable."""


class AccountsFileError(SettingsError):
    """The accounts file does not say what an accounts file says."""


class PortTaken(SettingsError):
    """Somebody else listens there."""


class DatabaseUnusable(PlumEmulatorError):
    """The database file is not ours, is newer than us, or is in use by another emulator."""


class StorageFailed(PlumEmulatorError):
    """The database could not be read or written just now: a full disk, for example. Nothing was half done."""


class ServerUnreachable(PlumEmulatorError):
    """No emulator answers at the address that a command was given."""


class CallFailed(PlumEmulatorError):
    """The emulator answered a command, and its answer was no."""

    exit_code = 1


class NotPossible(PlumEmulatorError):
    """An operation of the control surface was asked for something that cannot be."""


class NotFound(NotPossible):
    """The account, number or message does not exist, or is somebody else's."""


class FromElsewhere(PlumEmulatorError):
    """The control surface was asked under a name that is not the emulator's, or by another site's page."""


class Refusal(PlumEmulatorError):
    """A request that Plum answers with its failure envelope.

    `message` is the envelope's error text; `reason` is for the developer, and is kept in the journal only.
    """

    def __init__(self, message: str, *, reason: str = "", http_status: int = 200) -> None:
        super().__init__(message)
        self.reason = reason
        self.http_status = http_status


class BadAnswer(PlumEmulatorError):
    """An application's answer to an inbound message that cannot be used; the message says where and why."""


class InvalidNumber(PlumEmulatorError, ValueError):
    """Text that is not a North American phone number."""
