"""How a test fails here: as an assertion, told with what came nearest."""

from __future__ import annotations

from plum_emulator.client import ExpectationFailed
from plum_emulator.client.lines import in_one_line


class PlumFailure(AssertionError):
    """What was expected of the account under test is not so."""

    @classmethod
    def of(cls, failed: ExpectationFailed) -> PlumFailure:
        """The failure of an expectation, in a few lines; what happened is in the report's timeline."""
        return cls("\n".join(in_one_line(line) for line in (failed.message, *failed.nearest())))
