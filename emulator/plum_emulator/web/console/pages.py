"""What the pages share: the account they are about, links, templates, regions, errors and headers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlencode

from flask import Response, current_app, request
from markupsafe import Markup

from plum_emulator import __version__
from plum_emulator.clock import as_text
from plum_emulator.engine.emulator import Emulator
from plum_emulator.errors import NotFound, NotPossible, PlumEmulatorError
from plum_emulator.ids import any_seed
from plum_emulator.model.accounts import Account
from plum_emulator.model.phones import is_number, pretty
from plum_emulator.model.segments import named, segments
from plum_emulator.web.console.bodies import visible
from plum_emulator.web.gateway import ACCOUNT, BODY, TOO_LARGE
from plum_emulator.web.guard import Guard
from plum_emulator.web.later import later, status_of
from plum_emulator.wire.forms import Fields, read_form

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "same-origin",  # with no-referrer, a browser's forms would come from nowhere
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_AS_IT_IS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Route = tuple[str, str, Callable[..., Response]]
View = Callable[[], Response]
RegionOf = Callable[[Account, Mapping[str, str]], dict[str, Any]]
NAVIGATION = (
    ("/", "Phones"),
    ("/console/logs", "SMS Message Logs"),
    ("/console/applications", "SMS Applications"),
    ("/console/traffic", "Traffic"),
    ("/console/clock", "Clock and rules"),
    ("/console/connect", "Connect"),
)


@dataclass(frozen=True, slots=True)
class Region:
    """The inside of a live region. Of two that the same emulator made, the one whose `made` ends higher is newer."""

    html: str
    made: str


class Page(Protocol):
    """One page, or several of one kind."""

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""

    def regions(self) -> dict[str, RegionOf]:
        """Its live regions by name: what the template `regions/NAME.html` is given, for an account and arguments."""


class Pages:
    """Makes pages of one emulator."""

    def __init__(self, emulator: Emulator, guard: Guard, *, pool: Executor | None) -> None:
        self.emulator = emulator
        self._pool = pool
        self.guard = guard
        self._regions: Mapping[str, RegionOf] = {}
        self._placed: Callable[[Account, str, str], None] = lambda *_: None
        self._run = any_seed()[:8]
        self._count = itertools.count(1)

    def know(self, regions: Mapping[str, RegionOf]) -> None:
        """The regions that there are."""
        self._regions = regions

    def tell(self, placed: Callable[[Account, str, str], None]) -> None:
        """Call `placed` with account, its name and the spec for each region that a page is given, when it is made."""
        self._placed = placed

    def account(self) -> Account:
        """The account that the request is about: the one it names, or the first. Raises NotFound."""
        account = self.emulator.accounts.named(request.args.get("account", ""))
        request.environ[ACCOUNT] = account
        return account

    def form(self) -> Fields:
        """What the form says. Raises NotPossible when it was too large to be read."""
        if TOO_LARGE in request.environ:
            raise NotPossible("the form is too large", hint="at most 1 MiB is taken")
        return read_form(request.environ[BODY], request.headers.get("Content-Type", ""))

    def text(self, name: str) -> str:
        """What the form says in a field of several lines; these end with LF, where browsers write CR LF."""
        return self.form().get(name, "").replace("\r\n", "\n")

    def page(self, template: str, account: Account | None, *, status: int = 200, **values: Any) -> Response:
        """A whole page: `console/TEMPLATE.html`."""
        named = request.args.get("account", "") if account else ""
        made = _templates().get_template(f"{template}.html")
        html = made.render(
            **values,
            account=account,
            accounts=self._choices(account),
            here=request.path,
            named=named,
            link=_linker(named),
            live=lambda name, **arguments: self._live(account, name, arguments),
            version=__version__,
            navigation=NAVIGATION,
        )
        return Response(html, status, headers=_HEADERS)

    def as_it_is(self, text: str | bytes) -> Response:
        """Text that was sent or made: whatever a browser takes it for, it may do nothing."""
        return Response(text, headers=_AS_IT_IS)

    def fragment(self, template: str, **values: Any) -> Response:
        """A piece of a page."""
        return Response(_templates().get_template(f"{template}.html").render(**values), headers=_HEADERS)

    def region(self, account: Account, spec: str, *, named: str) -> Region:
        """The inside of a region, by its spec `NAME?arguments`, for pages that name the account so.

        Raises NotFound for one that there is not.
        """
        name, _, query = spec.partition("?")
        if name not in self._regions:
            raise NotFound(f"there is no region {name[:40]!r}", hint="reload the page")
        made = self._next()  # before anything is read
        values = self._regions[name](account, dict(parse_qsl(query)))
        template = _templates().get_template(f"regions/{name}.html")
        return Region(template.render(**values, account=account, named=named, link=_linker(named)), made)

    def gone(self, error: NotFound) -> Region:
        """What stands in place of a region whose subject is there no more."""
        return Region(str(Markup('<p class="empty">{}</p>').format(error.message)), self._next())

    def to(self, path: str, **query: str) -> Response:
        """Go on to another page of the same account."""
        where = _linker(request.args.get("account", ""))(path, **query)
        return Response(status=303, headers={"Location": where, "Cache-Control": "no-store"})

    def later(self, account: Account, work: Callable[[], Awaitable[View]]) -> Response:
        """Answer with the view that `work` gives, once it does; work is done in the event loop, a view in the pool.

        An error becomes the page that says so, made there too.
        """
        again = current_app.request_context  # the view's own has ended by then
        environ = request.environ

        def seen(view: View) -> Response:
            with again(environ):
                return view()

        async def made(view: View) -> Response:
            return await asyncio.get_running_loop().run_in_executor(self._pool, seen, view)

        async def answer() -> Response:
            return await made(await work())

        async def error(error: PlumEmulatorError) -> Response:
            return await made(partial(self.error, error))

        return later(answer, now=lambda: self.emulator.platform.now(account), on_error=error)

    def missing(self, rest: str) -> Response:
        """There is no such page. Raises NotFound."""
        raise NotFound(f"there is no page /console/{rest[:80]}", hint="the pages are in the navigation above")

    def error(self, error: PlumEmulatorError) -> Response:
        """A page that says what was wrong, and what to do; of the accounts it tells only who may see them."""
        try:
            account = self.account() if self.guard.knows(request) else None
        except NotFound:
            account = None
        page = self.page("error", account, status=status_of(error), error=error, back=_came_from())
        page.headers["HX-Push-Url"] = "false"  # the address of a form that failed cannot be opened
        return page

    def _live(self, account: Account | None, name: str, arguments: dict[str, str]) -> Markup:
        if account is None:
            raise NotPossible("a live region needs an account")
        spec = f"{name}?{urlencode(arguments)}" if arguments else name
        called = request.args.get("account", "")
        region = self.region(account, spec, named=called)
        self._placed(account, called, spec)
        id_ = "-".join(
            ("live", name, *("".join(filter(str.isalnum, f"{each}{arguments[each]}")) for each in arguments))
        )
        inside = Markup(region.html)  # noqa: S704 # made by a template that escapes
        return Markup('<div class="live" id="{}" data-live="{}" data-made="{}">{}</div>').format(
            id_, spec, region.made, inside
        )

    def _next(self) -> str:
        return f"{self._run}.{next(self._count)}"

    def _choices(self, account: Account | None) -> list[str]:
        """Accounts to choose from. Leased ones come and go by the hundred, and are those of programs."""
        own = [each.username for each in self.emulator.accounts if each.origin != "leased"][:_CHOICES]
        return own if account is None or account.username in own else [*own, account.username]


@cache
def _templates() -> Environment:
    """The pages' templates: compiled once, also for many emulators in one process."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("plum_emulator.web", "templates/console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.filters |= {
        "instant": as_text,
        "moment": moment,
        "daytime": daytime,
        "phone": shown_number,
        "count": counted,
        "lasted": lasted,
        "segments": segments,
        "named": named,
    }
    templates.globals["visible"] = visible
    return templates


_CHOICES = 50


def _came_from() -> str:
    """The page of ours that the request came from; "" when it came from elsewhere."""
    referrer = request.referrer or ""
    return referrer if referrer.startswith(request.host_url) else ""


def moment(instant: int) -> str:
    """An instant for people: `2026-01-31 12:00:00 UTC`."""
    text = as_text(instant)
    return f"{text[:10]} {text[11:19]} UTC"


def daytime(instant: int) -> str:
    """The same without its day: `12:00:00 UTC`."""
    return moment(instant)[11:]


def shown_number(text: str) -> str:
    """A phone number for people; whatever is none, as it is."""
    return pretty(text) if is_number(text) and len(text) == 11 else text


def counted(number: int, noun: str) -> str:
    """`1 message`, `12 messages`, `1 234 567 messages`: with thin spaces between thousands."""
    return f"{number:,} {noun}".replace(",", "\u202f") + ("" if number == 1 else "s")


def lasted(milliseconds: float) -> str:
    """How long something took: `12.3 ms`, `1.5 s`."""
    return f"{milliseconds:.1f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def status_line(status: int | None) -> str:
    """A status with its name, `503 Service Unavailable`; "" for None."""
    try:
        return "" if status is None else f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _linker(account: str) -> Callable[..., str]:
    """Makes links to pages of the same account."""

    def link(path: str, **query: object) -> str:
        asked = {name: str(value) for name, value in query.items() if value not in (None, "")}
        if account:
            asked.setdefault("account", account)
        return f"{path}?{urlencode(asked)}" if asked else path

    return link
