"""The control surface under `/_plum/`: what tests and people ask of the emulator itself.

Described in `schemas/control.openapi.yaml`; errors are JSON with `error` and `hint`. One module for each job.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, request
from werkzeug.routing import IntegerConverter

from plum_emulator.engine.emulator import Emulator
from plum_emulator.web.control.accounts import AccountRoutes
from plum_emulator.web.control.asking import refuse_unknown_parameters
from plum_emulator.web.control.callbacks import CallbackRoutes
from plum_emulator.web.control.exports import ExportRoutes
from plum_emulator.web.control.health import HealthRoutes
from plum_emulator.web.control.rules import RuleRoutes
from plum_emulator.web.control.sinks import SinkRoutes
from plum_emulator.web.control.snapshots import SnapshotRoutes
from plum_emulator.web.control.texts import TextRoutes
from plum_emulator.web.control.time import TimeRoutes
from plum_emulator.web.guard import Guard


class _Whole(IntegerConverter):
    """A whole number that a database can hold; any other is not found."""

    regex = "[0-9]{1,18}"


def control(emulator: Emulator, *, guard: Guard, ready: Callable[[], bool]) -> Blueprint:
    """The control surface of one emulator, for those whom the guard lets through. `ready` says whether it is up."""
    blueprint = Blueprint("control", __name__, url_prefix="/_plum")
    blueprint.before_request(lambda: guard.check(request))  # before anything else is said
    blueprint.record_once(lambda state: state.app.url_map.converters.update(int=_Whole))
    for routes in (
        HealthRoutes(emulator, ready=ready),
        TextRoutes(emulator),
        TimeRoutes(emulator),
        AccountRoutes(emulator),
        RuleRoutes(emulator),
        CallbackRoutes(emulator),
        SinkRoutes(emulator),
        SnapshotRoutes(emulator),
        ExportRoutes(emulator),
    ):
        for methods, path, view in routes.routes():
            by_itself = None if "OPTIONS" not in methods else False
            blueprint.add_url_rule(path, view_func=view, methods=methods.split(), provide_automatic_options=by_itself)
    blueprint.before_request(refuse_unknown_parameters)
    return blueprint
