from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from plum_emulator.testing import Phone, Plum

from orders import create_app


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of the application, which uvicorn serves in a thread until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def shop(plum: Plum) -> Iterator[httpx.Client]:
    """The shop's web site. Its time is that of the account."""
    app = create_app(plum.env, now=lambda: datetime.fromisoformat(plum.now))
    with served(app) as app.state.url, httpx.Client(base_url=app.state.url) as client:
        yield client


@pytest.fixture
def customer(plum: Plum) -> Phone:
    return plum.phone("16175550123")
