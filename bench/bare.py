"""The least that a Flask route costs on the emulator's own server: one route that says hello, called inline.

A program: `python -m bench.bare PORT`.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

# The emulator's own assembly, and not one like it, or the ratio would compare two servers.
from plum_emulator.web.gateway import INLINE, Gateway
from plum_emulator.web.http import HttpServer, listening_at

HELLO = INLINE + "hello"


def hello_app() -> Flask:
    """Flask with one route."""
    app = Flask(__name__, static_folder=None)

    @app.get(HELLO)
    def hello() -> str:
        return "hello"

    return app


def main(port: int) -> None:
    """Serve until the process is ended."""
    with ThreadPoolExecutor(1) as pool:
        gateway = Gateway(hello_app().wsgi_app, pool=pool)
        http = HttpServer(gateway, lambda: None)
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(http.serve(sockets=[listening_at("127.0.0.1", port)]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
