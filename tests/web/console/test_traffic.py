"""Traffic: every exchange, replay, and callbacks that are held, by forms alone."""

from __future__ import annotations

import pytest

from helpers.caller import FORM, LOGIN, Caller
from helpers.exchanges import incoming, outgoing
from helpers.house import HANDSET, MINE, RESULTS, House
from helpers.pages import HOSTILE, HOSTILE_SEEN, ReadPage, followed, get_page, page_of, submit
from plum_emulator.model.exchanges import Exchange, Outcome

TRAFFIC = "/console/traffic"
FIELDS = {"to": HANDSET, "from": MINE, "body": "Hello", "result_url": RESULTS}


@pytest.fixture
def message(house: House, caller: Caller) -> str:
    """A message whose two statuses were told: exchanges 1 to 3."""
    id_: str = caller.queue(FIELDS).rows[0]["sms_message_id"]
    house.advance(10_000)
    return id_


@pytest.fixture
def held(house: House, caller: Caller) -> list[int]:
    """Two callbacks of one message, held."""
    submit(caller, f"{TRAFFIC}/hold")
    caller.queue(FIELDS)
    house.advance(10_000)
    return waiting(house)


def waiting(house: House) -> list[int]:
    """The callbacks that have not ended."""
    return [pending.due.id for pending in house.emulator.workbench.pending(house.account)]


def told(house: House) -> list[str]:
    """The statuses that were told, in order."""
    return [request.body.decode().rpartition("=")[2] for request in house.transport.sent]


def shown(page: ReadPage) -> list[int]:
    """The exchanges in a page's table."""
    ids = [id_ for id_ in page.values("tr", "id") if id_.startswith("exchange-")]
    return [int(id_.removeprefix("exchange-")) for id_ in ids]


def keep(house: House, exchange: Exchange) -> int:
    """Put an exchange of the first account into the journal; its number."""
    n = house.platform.next_exchange(house.account)
    house.platform.note(exchange._replace(account=house.account.id, n=n))
    return n


def test_where_nothing_has_happened_the_page_says_what_to_do(onlooker: Caller) -> None:
    page = get_page(onlooker, f"{TRAFFIC}?account=second")
    assert "Nothing yet. Connect your application, or send a text from Phones." in page.words
    assert "Hold callbacks, and what is to be told stays here" in page.words


def test_every_exchange_is_there_the_newest_first(caller: Caller, message: str) -> None:
    """In and out, and refused ones too, with what came of each in words."""
    caller.queue({**FIELDS, "to": "12"})
    page = get_page(caller, TRAFFIC)
    assert shown(page) == [4, 3, 2, 1]
    assert (
        "4 2023-11-14 22:13:30 UTC ← in queue POST /ws/sms/queue.json to 12: Hello 200 ✕ Invalid 'to' phone number"
        in page.words
    )
    told = message[:8]
    assert f"3 2023-11-14 22:13:23 UTC → out callback POST {RESULTS} received, message {told} 200 ok" in page.words
    assert f"2 2023-11-14 22:13:21 UTC → out callback POST {RESULTS} sent, message {told} 200 ok" in page.words
    assert "1 2023-11-14 22:13:20 UTC ← in queue POST /ws/sms/queue.json to +1 212 555 0123: Hello 200 ok" in page.words
    assert {f"{TRAFFIC}/{n}" for n in (1, 2, 3, 4)} <= set(page.links())


FILTERS = {
    "none": ("", [6, 5, 4, 3, 2, 1]),
    "operation": ("operation=callback", [3, 2]),
    "in": ("direction=in", [5, 4, 1]),
    "out": ("direction=out", [6, 3, 2]),
    "bad": ("bad=1", [6, 4]),
    "bad ones of an operation": ("bad=1&operation=queue", [4]),
    "nothing of the kind": ("operation=status&direction=out", []),
    "nobody's": ("whose=nobody", [1]),
    "nobody's of another operation": ("whose=nobody&operation=status", []),
    "empty words": ("operation=&direction=&bad=&whose=&before=", [6, 5, 4, 3, 2, 1]),
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.values(), ids=FILTERS)
@pytest.mark.usefixtures("message")
def test_filters_leave_what_passes(house: House, caller: Caller, query: str, expected: list[int]) -> None:
    caller.queue({**FIELDS, "to": "12"})
    caller.queue(FIELDS, login="nobody:knows")
    caller.get("/ws/sms/messages.json")
    house.receive()
    house.transport.answer = lambda _request: Outcome(error="refused")
    house.advance(1)
    page = get_page(caller, f"{TRAFFIC}?{query}")
    assert shown(page) == expected
    assert ("Nothing of this kind yet." in page.words) is (expected == [])


@pytest.mark.parametrize(
    "query",
    [
        "operation=receive",
        "direction=up",
        "bad=yes",
        "whose=mine",
        "before=x",
        "after=-1",
        "before=9999999999999999999",
    ],
)
def test_a_filter_that_there_is_not_is_said(onlooker: Caller, query: str) -> None:
    get_page(onlooker, f"{TRAFFIC}?{query}", status=400)


def test_further_ones_are_on_further_pages(house: House, caller: Caller) -> None:
    """Fifty at a time; a filter stays on the way."""
    for _ in range(120):
        keep(house, incoming())
    newest = get_page(caller, f"{TRAFFIC}?operation=queue")
    assert shown(newest) == list(range(120, 70, -1))
    older = f"{TRAFFIC}?before=71&operation=queue"
    assert [link for link in newest.links() if "before" in link or "after" in link] == [older]
    second = get_page(caller, older)
    assert shown(second) == list(range(70, 20, -1))
    assert f"{TRAFFIC}?after=70&operation=queue" in second.links()
    assert shown(get_page(caller, f"{TRAFFIC}?before=21")) == list(range(20, 0, -1))
    assert shown(get_page(caller, f"{TRAFFIC}?after=70")) == list(range(120, 70, -1))
    assert second.values("div", "data-live") == ["chip", "callbacks"]
    assert newest.values("div", "data-live") == ["chip", "callbacks", "traffic?operation=queue"]


def test_a_request_that_came_in_is_shown_whole(caller: Caller, message: str) -> None:
    """Its headers without the password, its fields, its answer indented, its message, and the line that asks again."""
    page = get_page(caller, f"{TRAFFIC}/1")
    exchange = caller.get("/_plum/exchanges?before=2").values["exchanges"][0]
    assert "authorization Basic username:***" in page.words
    assert f"to {HANDSET} from {MINE} body Hello result_url {RESULTS}" in page.words
    assert f'"sms_message_id": "{message}",' in page.text
    assert "200 OK" in page.words
    assert exchange["curl"] in page.text
    assert "This asks the emulator once more, as username." in page.words
    assert f"/console/logs/{message}" in page.links()
    assert not [action for action in page.values("form", "action") if "replay" in action]


def test_a_request_that_went_out_is_shown_whole(house: House, caller: Caller) -> None:
    n = keep(house, outgoing())
    page = get_page(caller, f"{TRAFFIC}/{n}")
    for words in (
        "Told the result URL of a status.",
        "Outcome ✕ no answer within 10 s Time 2023-11-14 22:13:21 UTC Duration 10.0 s Attempt 2",
        "Rules that fired slow often",
        "POST http://127.0.0.1:8000/results.php?id=1",
        "sms_message_id 5f0c status sent",
        "Answer There was none.",
        "This makes the same request, past the emulator.",
    ):
        assert words in page.words
    rules = [f"/console/rules#rule-{id_}" for id_ in ("slow", "often")]
    assert [link for link in page.links() if "#rule-" in link] == rules
    assert [link for link in get_page(caller, TRAFFIC).links() if "#rule-" in link] == rules


@pytest.mark.parametrize("target", ["9", "9?whose=nobody", "0", "1?account=second", "9/request", "callbacks/9"])
@pytest.mark.usefixtures("message")
def test_what_there_is_not_is_said_on_a_page(caller: Caller, target: str) -> None:
    """Another account's exchanges are none of its own."""
    page = get_page(caller, f"{TRAFFIC}/{target}", status=404)
    assert "Traffic lists those that there are" in page.words


def test_what_unknown_logins_asked_is_shown(caller: Caller) -> None:
    caller.queue(FIELDS, login="nobody:knows")
    page = get_page(caller, f"{TRAFFIC}/1?whose=nobody")
    assert "Somebody unknown asked for queue." in page.words
    assert "no account 'nobody' with that password" in page.words
    assert LOGIN not in page.text
    assert caller.get(f"{TRAFFIC}/1/request?whose=nobody").body.startswith(b"to=")


def test_a_body_can_be_had_as_it_came(house: House, caller: Caller) -> None:
    """All of it, as text that can do nothing."""
    body = b"\xff<script>alert(1)</script>" + b"a" * 70_000
    n = keep(house, incoming(response_body=body, response_headers=(("Content-Type", "text/html"),)))
    page = get_page(caller, f"{TRAFFIC}/{n}")
    assert "70,026 bytes".replace(",", "\u202f") in page.text
    assert "Only the beginning is shown" in page.words
    heard = caller.get(f"{TRAFFIC}/{n}/answer")
    assert (heard.status, heard.body) == (200, body)
    assert heard.header("Content-Type") == "text/plain; charset=utf-8"
    assert heard.header("X-Content-Type-Options") == "nosniff"
    assert heard.header("Content-Security-Policy") == "sandbox; default-src 'none'"


@pytest.mark.parametrize("said", ["99", "1", "3", "abc", "-1", "9" * 30])
@pytest.mark.usefixtures("message")
def test_of_an_exchange_that_was_not_made_again_nothing_is_said(caller: Caller, said: str) -> None:
    page = get_page(caller, f"{TRAFFIC}/3?replay_of={said}")
    assert "once more: this is what" not in page.text


@pytest.mark.usefixtures("message")
def test_a_request_is_made_again(house: House, caller: Caller) -> None:
    """And one lands on what came of it."""
    house.transport.answer = lambda _request: Outcome(status=418)
    page = followed(caller, submit(caller, f"{TRAFFIC}/2/replay"))
    assert "Exchange 2 was made once more: this is what came of it." in page.words
    assert "Exchange 4 Told the result URL of a status." in page.words
    assert "answered 418, a 2xx was expected" in page.words
    assert house.transport.sent[2] == house.transport.sent[0]


@pytest.mark.usefixtures("message")
def test_a_request_is_made_again_edited(house: House, caller: Caller) -> None:
    edit = {"url": f"{RESULTS}?x=1", "body": "a=1\r\nb", "headers": "X-Retry: 1\r\n\r\ncontent-type: text/plain \r\n"}
    page = followed(caller, submit(caller, f"{TRAFFIC}/2/replay", **edit))
    assert f"POST {RESULTS}?x=1" in page.words
    request = house.transport.sent[-1]
    assert (request.url, request.body) == (f"{RESULTS}?x=1", b"a=1\nb")
    assert request.headers[-2:] == (("X-Retry", "1"), ("content-type", "text/plain"))
    assert len(request.headers) == 4


UNEDITED = {
    "ends of lines": b"a\nb\r\nc\rd\n",
    "not UTF-8": b"a\xff\r\n",
    "NUL": b"a\0b",
    "a first line that is empty": b"\n\na",
}


@pytest.mark.parametrize("body", UNEDITED.values(), ids=UNEDITED)
@pytest.mark.usefixtures("message")
def test_a_body_that_nobody_edits_goes_out_as_it_was(house: House, caller: Caller, body: bytes) -> None:
    """Though a browser's text field holds it another way."""
    seq = house.log()[0].seq
    n = keep(house, outgoing(request_body=body, message=seq))
    text = _TextField(caller.get(f"{TRAFFIC}/{n}").body).value
    submit(caller, f"{TRAFFIC}/{n}/replay", url=outgoing().url, body=text.replace("\n", "\r\n"), headers="")
    assert house.transport.sent[-1].body == body


class _TextField(ReadPage):
    """What the field for the body has in a browser."""

    def __init__(self, page: bytes) -> None:
        self._in_it = False
        self.value = ""
        super().__init__(page)
        self.value = self.value.removeprefix("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self._in_it = ("name", "body") in attrs

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        self.value += data if self._in_it else ""

    def handle_endtag(self, _tag: str) -> None:
        self._in_it = False


@pytest.mark.usefixtures("message")
def test_ends_of_lines_stay_those_of_the_body(house: House, caller: Caller) -> None:
    n = keep(house, outgoing(request_body=b"a\r\nb", message=house.log()[0].seq))
    submit(caller, f"{TRAFFIC}/{n}/replay", url=outgoing().url, body="a\r\nc", headers="")
    assert house.transport.sent[-1].body == b"a\r\nc"


@pytest.mark.usefixtures("message")
def test_a_body_too_long_to_be_edited_goes_out_as_it_is(house: House, caller: Caller) -> None:
    body = b"a" * (64 * 1024 + 1)
    n = keep(house, outgoing(request_body=body, message=house.log()[0].seq))
    page = get_page(caller, f"{TRAFFIC}/{n}")
    assert "body" not in page.values("textarea", "name")
    submit(caller, f"{TRAFFIC}/{n}/replay", url=RESULTS, headers="")
    assert (house.transport.sent[-1].url, house.transport.sent[-1].body) == (RESULTS, body)


@pytest.mark.parametrize(
    ("target", "fields", "words"),
    [
        ("1/replay", {}, "exchange 1 is a request that came in"),
        ("9/replay", {}, "account 'username' has no exchange 9"),
        ("2/replay", {"url": "ftp://x"}, "an http:// or https:// URL with a host was expected"),
        ("2/replay", {"headers": "X-Retry"}, "'X-Retry' is not a header"),
        ("2/replay", {"headers": "a b: c"}, "'a b' is not a header"),
        ("2/replay", {"headers": "X: \u20ac"}, "'X' is not a header"),
        ("hold", {"seconds": "soon"}, "'soon' is no number of seconds"),
        ("hold", {"seconds": "nan"}, "'nan' is no number of seconds"),
        ("hold", {"seconds": "-1"}, "'-1' is no number of seconds"),
        ("hold", {"seconds": "1e9"}, "'1e9' is no number of seconds"),
        ("callbacks/9/release", {}, "account 'username' has no callback 9"),
        ("callbacks/9/release", {"url": RESULTS}, "account 'username' has no callback 9"),
        ("callbacks/9/duplicate", {}, "account 'username' has no callback 9"),
        ("callbacks/9/drop", {}, "account 'username' has no callback 9"),
    ],
)
@pytest.mark.usefixtures("message")
def test_what_cannot_be_is_said_on_a_page_with_the_next_step(
    house: House, caller: Caller, target: str, fields: dict[str, str], words: str
) -> None:
    """Also when it turns out while a request is being made; and nothing is sent."""
    before = len(house.transport.sent)
    heard = submit(caller, f"{TRAFFIC}/{target}", **fields)
    assert heard.status in (400, 404)
    page = page_of(heard)
    assert words in page.text
    assert "notice" in page.values("div", "id")
    assert len(house.transport.sent) == before


@pytest.mark.usefixtures("message")
def test_a_form_that_is_too_large_is_refused(house: House, caller: Caller) -> None:
    """It is not taken for one without fields."""
    before = len(house.transport.sent)
    heard = caller.post(f"{TRAFFIC}/2/replay", headers=[FORM], body=b"body=" + b"a" * 1024 * 1024)
    assert (heard.status, len(house.transport.sent)) == (400, before)
    assert "the form is too large" in page_of(heard).words


def test_what_happens_to_another_account_stays_there(house: House, caller: Caller) -> None:
    page = followed(caller, submit(caller, f"{TRAFFIC}/hold?account=second"))
    assert "Callbacks are held until they are released." in page.words
    assert (house.account.holding, house.second.holding is None) == (None, False)
    assert page.values("input", "value").count("second") == 1
    assert all("account=second" in action for action in page.values("form", "action")[1:] if action != TRAFFIC)


def test_callbacks_are_held_and_released(house: House, caller: Caller, held: list[int]) -> None:
    page = get_page(caller, TRAFFIC)
    assert "Callbacks are held until they are released. Hold no more" in page.words
    assert f"{held[0]} ✓ sent +1 212 555 0123 Hello {RESULTS} held" in page.words
    assert f"{held[1]} ✓✓ received +1 212 555 0123 Hello {RESULTS} held" in page.words
    assert told(house) == []
    page = followed(caller, submit(caller, f"{TRAFFIC}/callbacks/{held[1]}/release"))
    assert (told(house), waiting(house)) == (["received"], held[:1])
    page = followed(caller, submit(caller, f"{TRAFFIC}/release"))
    assert (told(house), waiting(house)) == (["received", "sent"], [])
    assert "None is held yet." in page.words


def test_callbacks_are_held_for_a_time_and_no_more(house: House, caller: Caller) -> None:
    page = followed(caller, submit(caller, f"{TRAFFIC}/hold", seconds=" 1.5 "))
    assert "Callbacks are held, each for at most 1.5 s." in page.words
    caller.queue(FIELDS)
    house.advance(1000)
    assert "held until 2023-11-14 22:13:22 UTC" in get_page(caller, TRAFFIC).words
    page = followed(caller, submit(caller, f"{TRAFFIC}/let-go"))
    assert "Callbacks go out as they fall due." in page.words
    house.advance(10_000)
    assert told(house) == ["sent", "received"]


def test_a_callback_is_edited_and_released(house: House, caller: Caller, held: list[int]) -> None:
    """The page has it as it would go out; what is changed there is what the receiver gets."""
    target = f"{TRAFFIC}/callbacks/{held[1]}"
    page = get_page(caller, target)
    assert RESULTS in page.values("input", "value")
    body = _TextField(caller.get(target).body).value
    assert body == f"sms_message_id={house.log()[0].sms_message_id}&status=received"
    sent = submit(caller, f"{target}/release", url=RESULTS, body=body.replace("received", "lost"), headers="X-A: b")
    assert "status lost" in followed(caller, sent).words
    assert (told(house), waiting(house)) == (["lost"], held[:1])
    assert house.transport.sent[0].headers[-1] == ("X-A", "b")


def test_a_callback_that_is_not_held_cannot_be_edited(house: House, caller: Caller) -> None:
    rule = {"when": {"status": "sent"}, "then": {"callbacks": {"delay": 60}}}
    assert caller.send_json("POST", "/_plum/rules", rule).status == 201
    caller.queue(FIELDS)
    house.advance(1000)
    (id_,) = waiting(house)
    page = get_page(caller, f"{TRAFFIC}/callbacks/{id_}")
    assert "Only held callbacks can be edited and released" in page.words
    assert "State goes out by itself, due 2023-11-14 22:14:21 UTC" in page.words
    actions = [action for action in get_page(caller, TRAFFIC).values("form", "action") if "callbacks" in action]
    assert actions == [f"{TRAFFIC}/callbacks/{id_}/drop"]


def test_a_callback_is_doubled_and_dropped(house: House, caller: Caller, held: list[int]) -> None:
    followed(caller, submit(caller, f"{TRAFFIC}/callbacks/{held[0]}/duplicate"))
    followed(caller, submit(caller, f"{TRAFFIC}/callbacks/{held[1]}/drop"))
    submit(caller, f"{TRAFFIC}/release")
    assert told(house) == ["sent", "sent"]


def test_of_very_many_callbacks_the_first_are_shown(house: House, caller: Caller) -> None:
    submit(caller, f"{TRAFFIC}/hold")
    for _ in range(30):
        caller.queue(FIELDS)
    house.advance(10_000)
    page = get_page(caller, TRAFFIC)
    assert len([id_ for id_ in page.values("tr", "id") if id_.startswith("callback-")]) == 50
    assert "And 10 callbacks more." in page.words
    assert "Release all 60 callbacks" in page.words


WHERE = {
    "url": {"url": f"/ws/sms/{HOSTILE}"},
    "operation": {"operation": HOSTILE},
    "outcome": {"outcome": HOSTILE},
    "header": {"request_headers": ((HOSTILE, HOSTILE),)},
    "body": {"request_body": HOSTILE.encode()},
    "form": {"request_body": b"a=<b>%00&<i>=1", "request_headers": (("content-type", FORM[1]),)},
    "answer": {"response_body": HOSTILE.encode(), "response_headers": (("content-type", "text/html"),)},
    "json": {"response_body": b'["<script>\\u202e"]'},
    "rule": {"rules": "<i> {{7*7}}"},
}


@pytest.mark.parametrize("changes", WHERE.values(), ids=WHERE)
def test_hostile_words_are_shown_as_words(house: House, caller: Caller, changes: dict[str, object]) -> None:
    """Wherever they stand: no tag comes of them, and no NUL is lost."""
    n = keep(house, outgoing(message=None, status=200, **changes))
    plain = keep(house, outgoing(message=None, status=200))
    whole, usual = get_page(caller, f"{TRAFFIC}/{n}"), get_page(caller, f"{TRAFFIC}/{plain}")
    table = get_page(caller, TRAFFIC)
    assert {tag for tag, _ in whole.tags} <= {tag for tag, _ in usual.tags} | {"th", "td", "table", "ol", "li"}
    assert "i" not in {tag for tag, _ in table.tags}
    assert "img" not in {tag for tag, attributes in table.tags if "onerror" in attributes}
    assert "49" not in whole.text
    if HOSTILE in map(str, changes.values()):
        assert HOSTILE_SEEN in whole.text


def test_long_words_are_cut_in_the_table_alone(house: House, caller: Caller) -> None:
    url = "http://127.0.0.1/" + "a" * 5000
    n = keep(house, outgoing(url=url, outcome="b" * 5000))
    page = get_page(caller, TRAFFIC)
    assert ("a" * 100 in page.text, "b" * 250 in page.text) == (False, False)
    whole = get_page(caller, f"{TRAFFIC}/{n}")
    assert url in whole.text
    assert "b" * 5000 in whole.text
