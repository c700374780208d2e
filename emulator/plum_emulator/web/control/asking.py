"""Reads what a request to the control surface says: the account, the parameters, the body. Raises NotPossible."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from flask import Response, request

from plum_emulator.engine.accounts import Accounts
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.values import Values, refuse_unknown
from plum_emulator.web.gateway import ACCOUNT, BODY, TOO_LARGE

Route = tuple[str, str, Callable[..., Response]]

_PAGE, _PAGE_MAX = 50, 1000
# Beside `account`, which every route takes. A sink takes anything.
_PARAMETERS = {
    "messages": ("limit", "before", "q"),
    "exchanges": ("limit", "before", "operation", "nobody"),
    "agenda": ("limit",),
    "timeline": ("limit",),
    "rules": ("unused",),
    "arrived": ("limit",),
    "export_journal": ("format",),
    "export_messages": ("format",),
    "import_account": ("username",),
}
_ANYTHING = ("take_anything",)


def account_of(accounts: Accounts) -> Account:
    """The account that the request names, or the first. Raises NotFound."""
    account = accounts.named(request.args.get("account", ""))
    request.environ[ACCOUNT] = account
    return account


def base() -> str:
    """The emulator's address as this client knows it."""
    return request.host_url.rstrip("/")


def login(account: Account | None) -> str | None:
    """The account's login for a curl line, with its password, as the first page shows it."""
    return f"{account.username}:{account.seed.password}" if account else None


def refuse_unknown_parameters() -> None:
    """Refuse a query with a name in it that the route does not take."""
    endpoint = (request.endpoint or "").rpartition(".")[2]
    if endpoint not in _ANYTHING:
        refuse_unknown(request.args, ("account", *_PARAMETERS.get(endpoint, ())))


def json_body(example: str, *, empty: object = None) -> object:
    """The request's JSON; `empty` when there is no body at all and that is fine."""
    refuse_large("1 MiB")
    body = request.environ[BODY]
    if not body and empty is not None:
        return empty
    hint = f"send JSON: {example}"
    try:
        return json.loads(body)
    except RecursionError:
        raise NotPossible("the body is JSON nested too deep", hint=hint) from None
    except ValueError as error:
        raise NotPossible(f"the body is not JSON: {error}", hint=hint) from None


def values_of(example: str, known: Iterable[str], *, empty: object = None) -> Values:
    """The request's JSON object, with no other names in it than these."""
    value = json_body(example, empty=empty)
    if not isinstance(value, dict):
        raise NotPossible("the body is JSON, but not an object", hint=f"send JSON: {example}")
    return Values(value, known)


def strings(*names: str) -> dict[str, str]:
    """The request's JSON object, with exactly these strings in it."""
    values = values_of("an object with " + ", ".join(names), names)
    values.required(*names)
    return {name: values.text(name) or "" for name in names}


def refuse_large(limit: str) -> None:
    """Refuse a body that was too large to be read."""
    if TOO_LARGE in request.environ:
        raise NotPossible("the request body is too large", hint=f"at most {limit} is taken")


def limit() -> int:
    """How many at most."""
    asked = integer("limit")
    return max(1, min(_PAGE if asked is None else asked, _PAGE_MAX))


def integer(name: str) -> int | None:
    """A whole number of the query."""
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotPossible(f"{name} = {text[:40]!r} is not a whole number", hint=f"for example {name}=50")
    return int(text)


def choice(name: str, choices: tuple[str, ...]) -> str:
    """A word of the query, the first by default."""
    return Values({name: request.args.get(name)}, (name,)).one_of(name, choices) or choices[0]
