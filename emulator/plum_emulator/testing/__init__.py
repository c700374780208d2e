"""An emulator in tests: an account of one's own, its phones, and what is expected of it. Speaks to it over HTTP only.

Used by the pytest plugin; just as well by other test runners: see `plum_emulator.testing.servers.PlumServer`.
"""

from __future__ import annotations

from plum_emulator.testing.applications import InboundText
from plum_emulator.testing.failures import PlumFailure
from plum_emulator.testing.phones import Phone
from plum_emulator.testing.plum import Plum
from plum_emulator.testing.servers import PlumServer
from plum_emulator.testing.sights import Attempt, Message

__all__ = ["Attempt", "InboundText", "Message", "Phone", "Plum", "PlumFailure", "PlumServer"]
