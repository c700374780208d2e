"""An application of many accounts: answers a text that is posted to /PLACE/sms with one, and takes callbacks of /PLACE.

`GET /bodies` gives a line for each callback, in the order they came: PLACE, a space, the body.
A program: `python -m bench.application PORT`.
"""

from __future__ import annotations

import asyncio
import sys

from bench import sink

_REPLY = (
    '<reply><sms_message result_url="http://127.0.0.1:{port}/{place}/results">Answer of {place}</sms_message></reply>'
)


class Application(sink.Sink):
    """One connection."""

    def answer(self, head: bytes, body: bytes) -> bytes:
        place, _, what = head.split()[1].decode().strip("/").partition("/")
        if what == "sms":
            port = self._transport.get_extra_info("sockname")[1]
            return sink.found(_REPLY.format(port=port, place=place).encode())
        return super().answer(head, f"{place} ".encode() + body)


if __name__ == "__main__":
    asyncio.run(sink.main(int(sys.argv[1]), Application))
