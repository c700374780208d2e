from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from plum_emulator.testing import Phone, Plum

from reminders import create_app


@pytest.fixture
def app(plum: Plum) -> Flask:
    """The clinic's application, where the emulator reaches it."""
    app = create_app(plum.env)
    app.config["PUBLIC_URL"] = plum.serve(app)
    plum.application(app.config["PUBLIC_URL"] + "/texts")
    return app


@pytest.fixture
def clinic(app: Flask) -> Iterator[FlaskClient]:
    """The clinic's front desk."""
    with app.test_client() as client:
        yield client


@pytest.fixture
def patient(plum: Plum) -> Phone:
    return plum.phone("(617) 555-0123")
