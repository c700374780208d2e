"""What an application answers an inbound message with, held against the SMS Reply Schema (clause 7)."""

from __future__ import annotations

import codecs
import re
import socket
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_text, xml_text
from plum_emulator.errors import BadAnswer
from plum_emulator.wire.answers import Order, read_answer, warm_up

MINIMUM = "an answer is an XML document, at least <reply/>"
REPLY = "expected <reply> without attributes, holding nothing but <sms_message> elements"
SMS_MESSAGE = "expected <sms_message> with text only, and no attributes but to, from and result_url"
BEFORE = "remove what stands before <?xml, a blank line for example"
TEXT = "in a text, write &amp; for & and &lt; for <, and send UTF-8"
DOCTYPE = "the answer has a document type declaration (<!DOCTYPE …>)"
LEAVE_OUT = "leave it out: declarations and entity definitions are refused"
NOT_VALID = "not valid against the SMS Reply Schema: "
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@pytest.fixture(scope="module", autouse=True)
def _schema_is_built() -> None:
    # Building it takes longer than Hypothesis lets its first example take.
    warm_up()


def bad(document: bytes) -> BadAnswer:
    """Why this answer cannot be used."""
    with pytest.raises(BadAnswer) as caught:
        read_answer(document)
    return caught.value


@pytest.mark.parametrize(
    "document",
    [
        b"<reply/>",
        b"<reply></reply>",
        b"<reply>\r\n  \t</reply>",
        b"\n\n<reply/>\n\n",
        b'<?xml version="1.0"?><reply/>',
        b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n<reply/>",
        codecs.BOM_UTF8 + b"<reply/>",
        codecs.BOM_UTF8 + b'<?xml version="1.0"?>\n<reply/>',
        b"<!-- nothing today --><reply><!-- really --></reply><!-- bye -->",
        b'<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?><reply/>',
    ],
)
def test_an_empty_reply_asks_for_nothing(document: bytes) -> None:
    """The minimum is an empty `<reply/>`."""
    assert read_answer(document) == []


def test_each_sms_message_is_an_order_in_its_place() -> None:
    assert read_answer(
        b"<reply>\n"
        b"  <sms_message>one</sms_message>\n"
        b'  <sms_message to="12125550123" from="16175550100" result_url="http://host/r?a=1&amp;b=2">two</sms_message>\n'
        b"  <sms_message/>\n"
        b"</reply>"
    ) == [
        Order(body="one"),
        Order(body="two", to="12125550123", from_="16175550100", result_url="http://host/r?a=1&b=2"),
        Order(body=""),
    ]


@pytest.mark.parametrize(
    ("inside", "body"),
    [
        ("  spaces stay \n\t", "  spaces stay \n\t"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a&#13;b", "a\rb"),
        ("Tom &amp; &lt;Jerry&gt; &quot;&apos;", "Tom & <Jerry> \"'"),
        ("<![CDATA[<b> & ]]>", "<b> & "),
        ("a<!-- unseen -->b<?unseen?>c", "abc"),
        ("caf&#233; &#x20ac; &#128512;", "café € \U0001f600"),
        ("café € \U0001f600", "café € \U0001f600"),
        ("x" * 100_000, "x" * 100_000),
    ],
    ids=["spaces", "line ends", "carriage return", "entities", "CDATA", "comments", "references", "UTF-8", "long"],
)
def test_a_text_is_what_xml_says_it_is(inside: str, body: str) -> None:
    assert read_answer(f"<reply><sms_message>{inside}</sms_message></reply>".encode()) == [Order(body=body)]


@pytest.mark.parametrize(
    "attributes",
    [{"to": "no number"}, {"from": ""}, {"result_url": "not a URL at all"}, {"to": " ", "result_url": "http://[bad"}],
    ids=str,
)
def test_attributes_are_handed_on_as_they_are(attributes: dict[str, str]) -> None:
    """A bad `to` or `from` fails one message, not the whole answer: that is decided later."""
    written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    asked = Order(
        body="x", to=attributes.get("to"), from_=attributes.get("from"), result_url=attributes.get("result_url")
    )
    assert read_answer(f"<reply><sms_message{written}>x</sms_message></reply>".encode()) == [asked]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "us-ascii", "iso-8859-15"])
def test_a_declared_encoding_is_honoured(encoding: str) -> None:
    text = "hi" if encoding == "us-ascii" else "café"
    document = f'<?xml version="1.0" encoding="{encoding}"?><reply><sms_message>{text}</sms_message></reply>'
    assert read_answer(document.encode(encoding)) == [Order(body=text)]


def test_utf16_needs_no_declaration() -> None:
    assert read_answer("<reply><sms_message>café</sms_message></reply>".encode("utf-16")) == [Order(body="café")]


@pytest.mark.parametrize(
    ("document", "message", "hint"),
    [
        pytest.param(b"", "the answer is empty", MINIMUM, id="empty"),
        pytest.param(b" \r\n\t", "the answer is empty", MINIMUM, id="blank"),
        pytest.param(codecs.BOM_UTF8, "the answer is empty", MINIMUM, id="BOM alone"),
        pytest.param(
            b"Thank you!",
            "line 1, column 1: not well-formed XML: syntax error",
            f"plain text was answered; {MINIMUM}",
            id="plain text",
        ),
        pytest.param(
            b'{"reply": []}',
            "line 1, column 1: not well-formed XML: not well-formed (invalid token)",
            f"plain text was answered; {MINIMUM}",
            id="JSON",
        ),
        pytest.param(
            b'\n<?xml version="1.0"?>\n<reply/>',
            "line 2, column 1: not well-formed XML: XML or text declaration not at start of entity",
            BEFORE,
            id="blank line before <?xml",
        ),
        pytest.param(
            codecs.BOM_UTF8 + b'\n\n <?xml version="1.0"?>\n<reply/>',
            "line 3, column 2: not well-formed XML: XML or text declaration not at start of entity",
            BEFORE,
            id="blank lines behind a BOM",
        ),
        pytest.param(
            b'Notice: Undefined index in sms.php on line 3\n<?xml version="1.0"?>\n<reply/>',
            "line 1, column 1: not well-formed XML: syntax error",
            BEFORE,
            id="a warning before <?xml",
        ),
        pytest.param(
            b'<?xml version="1.0"?>\n<reply>\n  <sms_message>hi</sms_message>\n',
            "line 4, column 1: not well-formed XML: no element found",
            MINIMUM,
            id="not closed",
        ),
        pytest.param(
            b"<reply>\n  <sms_message>hi</sms_messag>\n</reply>",
            "line 2, column 20: not well-formed XML: mismatched tag",
            MINIMUM,
            id="closed under another name",
        ),
        pytest.param(
            b"<reply>\n  <sms_message>Tom & Jerry</sms_message>\n</reply>",
            "line 2, column 21: not well-formed XML: not well-formed (invalid token)",
            TEXT,
            id="bare ampersand",
        ),
        pytest.param(
            b"<reply><sms_message>1 < 2</sms_message></reply>",
            "line 1, column 24: not well-formed XML: not well-formed (invalid token)",
            TEXT,
            id="bare less-than",
        ),
        pytest.param(
            b"<reply><sms_message>a&nbsp;b</sms_message></reply>",
            "line 1, column 22: not well-formed XML: undefined entity",
            TEXT,
            id="an entity of HTML",
        ),
        pytest.param(
            b"<reply><sms_message>caf\xe9</sms_message></reply>",
            "line 1, column 24: not well-formed XML: not well-formed (invalid token)",
            TEXT,
            id="Latin-1 that is not declared",
        ),
        pytest.param(
            b"<reply><sms_message>\x07</sms_message></reply>",
            "line 1, column 21: not well-formed XML: not well-formed (invalid token)",
            TEXT,
            id="control character",
        ),
        pytest.param(
            b"<reply><sms_message>&#0;</sms_message></reply>",
            "line 1, column 21: not well-formed XML: reference to invalid character number",
            MINIMUM,
            id="reference to NUL",
        ),
        pytest.param(
            b"<reply><sms_message>&#xD800;</sms_message></reply>",
            "line 1, column 21: not well-formed XML: reference to invalid character number",
            MINIMUM,
            id="reference to half a surrogate pair",
        ),
        pytest.param(
            b"<reply/>\n<reply/>",
            "line 2, column 1: not well-formed XML: junk after document element",
            MINIMUM,
            id="two documents",
        ),
        pytest.param(
            b"<reply><sms_message to='1' to='2'/></reply>",
            "line 1, column 28: not well-formed XML: duplicate attribute",
            MINIMUM,
            id="an attribute twice",
        ),
        pytest.param(
            b"<p:reply/>", "line 1, column 1: not well-formed XML: unbound prefix", MINIMUM, id="a prefix of nothing"
        ),
        pytest.param(
            b"<?xml version='1.0' encoding='klingon'?><reply/>",
            "the answer's encoding cannot be read: unknown encoding: klingon",
            "send UTF-8",
            id="unknown encoding",
        ),
        pytest.param(
            b"<?xml version='1.0' encoding='shift_jis'?><reply/>",
            "the answer's encoding cannot be read: multi-byte encodings are not supported",
            "send UTF-8",
            id="an encoding of several bytes",
        ),
        pytest.param(
            b"<?xml version='1.0' encoding='utf-16'?><reply/>",
            "line 1, column 31: not well-formed XML: encoding specified in XML declaration is incorrect",
            MINIMUM,
            id="UTF-16 declared, UTF-8 sent",
        ),
    ],
)
def test_an_answer_that_is_not_well_formed_says_where_and_what_to_do(document: bytes, message: str, hint: str) -> None:
    error = bad(document)
    assert (error.message, error.hint) == (message, hint)


@pytest.mark.parametrize(
    ("document", "place", "seen", "hint"),
    [
        pytest.param(b"<Reply/>", (1, 1), "'Reply' is not an element of the schema", REPLY, id="capital letter"),
        pytest.param(
            b"<html>\n<body/></html>", (1, 1), "'html' is not an element of the schema", REPLY, id="an error page"
        ),
        pytest.param(
            b"\n <sms_message>hi</sms_message>",
            (2, 2),
            "'sms_message' is not an element of the schema",
            REPLY,
            id="an sms_message as root",
        ),
        pytest.param(
            b'<reply xmlns="urn:x"/>', (1, 1), "'{urn:x}reply' is not an element of the schema", REPLY, id="namespace"
        ),
        pytest.param(
            b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>',
            (1, 1),
            "'{http://www.w3.org/2001/XMLSchema}schema' is not an element of the schema",
            REPLY,
            id="a schema is no reply",
        ),
        pytest.param(
            f'<anything {XSI} xsi:type="reply"/>'.encode(),
            (1, 1),
            "'anything' is not an element of the schema",
            REPLY,
            id="another root that says it is a reply",
        ),
        pytest.param(b"<reply>\n  <message>hi</message>\n</reply>", (2, 3), "'message'", REPLY, id="wrong element"),
        pytest.param(
            b"<reply><sms_messages>\n<sms_message/></sms_messages></reply>", (1, 8), "'sms_messages'", REPLY, id="list"
        ),
        pytest.param(
            b"<reply>\n<sms_message/>\n  <sms_message/><x/></reply>", (3, 17), "'x'", REPLY, id="wrong after right"
        ),
        pytest.param(b"<reply to='12125550123'/>", (1, 1), "'to' attribute", REPLY, id="attribute of reply"),
        pytest.param(
            b"<reply>\n<sms_message/>\n <sms_message body='hi'/></reply>",
            (3, 2),
            "'body' attribute",
            SMS_MESSAGE,
            id="unknown attribute",
        ),
        pytest.param(
            b"<reply><sms_message To='1'/></reply>", (1, 8), "'To' attribute", SMS_MESSAGE, id="attribute in capitals"
        ),
        pytest.param(
            b"<reply><sms_message xml:lang='en'/></reply>", (1, 8), "lang' attribute", SMS_MESSAGE, id="xml:lang"
        ),
        pytest.param(
            b"<reply>\n <sms_message>hi <b>you</b></sms_message></reply>",
            (2, 2),
            "child elements",
            SMS_MESSAGE,
            id="markup in the text",
        ),
        pytest.param(
            b"<reply><sms_message><sms_message>hi</sms_message></sms_message></reply>",
            (1, 8),
            "child elements",
            SMS_MESSAGE,
            id="message in message",
        ),
        pytest.param(b"\n<reply>hi</reply>", (2, 1), "character data", REPLY, id="text in reply"),
        pytest.param(
            b"<reply><sms_message/> hi <sms_message/></reply>", (1, 1), "character data", REPLY, id="text between"
        ),
        pytest.param(
            f'<reply {XSI}><sms_message xsi:type="nonsense">hi</sms_message></reply>'.encode(),
            (1, 1),
            "'nonsense' not found",
            REPLY,
            id="a type that is none",
        ),
        pytest.param(
            f'<reply {XSI}><sms_message xsi:type="reply"/></reply>'.encode(),
            (1, 1),
            "cannot substitute",
            REPLY,
            id="a type that does not fit",
        ),
        pytest.param(f'<reply {XSI} xsi:nil="true"/>'.encode(), (1, 1), "not nillable", REPLY, id="nil"),
    ],
)
def test_an_answer_that_is_not_valid_says_where_what_and_what_was_expected(
    document: bytes, place: tuple[int, int], seen: str, hint: str
) -> None:
    error = bad(document)
    assert error.message.startswith(f"line {place[0]}, column {place[1]}: {NOT_VALID}")
    assert seen in error.message
    assert error.hint == hint


def test_what_is_not_valid_is_told_in_one_line() -> None:
    error = bad(b"<reply>\n  <message>hi</message>\n</reply>")
    assert (
        error.one_line() == f"line 2, column 3: {NOT_VALID}Unexpected child with tag 'message' at position 1; {REPLY}"
    )


@pytest.mark.parametrize(
    "declaration",
    [
        pytest.param("<!DOCTYPE reply>", id="name alone"),
        pytest.param('<!DOCTYPE reply SYSTEM "http://127.0.0.1:9/reply.dtd">', id="external DTD"),
        pytest.param('<!DOCTYPE reply PUBLIC "-//W3C//DTD XHTML 1.0//EN" "xhtml.dtd">', id="public DTD"),
        pytest.param('<!DOCTYPE reply [<!ENTITY a "b">]>', id="entity"),
        pytest.param('<!DOCTYPE reply [<!ENTITY a SYSTEM "file:///etc/passwd">]>', id="external entity"),
        pytest.param('<!DOCTYPE reply [<!ENTITY % a SYSTEM "http://127.0.0.1:9/a.dtd"> %a;]>', id="parameter entity"),
        pytest.param(
            '<!DOCTYPE reply [<!ENTITY l0 "lol">'
            + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
            + "]>",
            id="billion laughs",
        ),
        pytest.param('<!DOCTYPE reply [<!ATTLIST sms_message to CDATA "12125550123">]>', id="default attribute"),
    ],
)
def test_a_document_type_declaration_is_refused_whole(declaration: str) -> None:
    """Entity definitions, external entities and DTDs are refused, so nothing is expanded and nothing is fetched."""
    error = bad(f'<?xml version="1.0"?>\n{declaration}\n<reply><sms_message>&l9;</sms_message></reply>'.encode())
    place, _, message = error.message.partition(": ")
    assert re.fullmatch("line 2, column [0-9]+", place)
    assert (message, error.hint) == (DOCTYPE, LEAVE_OUT)


def test_a_document_type_declaration_is_refused_in_utf16_too() -> None:
    assert bad('<!DOCTYPE reply [<!ENTITY a "b">]><reply/>'.encode("utf-16")).message.endswith(DOCTYPE)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port where somebody might call."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.mark.parametrize(
    "attribute", ['xsi:noNamespaceSchemaLocation="{url}"', 'xsi:schemaLocation="urn:x {url}"'], ids=["none", "with"]
)
def test_a_schema_location_in_an_answer_is_not_followed(attribute: str, listener: socket.socket) -> None:
    """The schema that counts is Plum's, wherever the answer says that it is."""
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/reply.xsd"
    assert read_answer(f"<reply {XSI} {attribute.format(url=url)}/>".encode()) == []
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"<reply " + b" ".join(b"a%d=''" % n for n in range(20_000)) + b"/>", id="attributes"),
        pytest.param(b"<reply>" + b"<a/>" * 20_000 + b"</reply>", id="wrong elements"),
        pytest.param(b"<reply>" + b"<a>" * 20_000 + b"</a>" * 20_000 + b"</reply>", id="deep"),
        pytest.param(b"<reply><sms_message>" + b"<a>" * 9_000 + b"</a>" * 9_000 + b"</sms_message></reply>"),
        pytest.param(b"<a>" * 20_000 + b"</a>" * 20_000, id="deep, and a wrong root"),
        pytest.param(b"<a>" * 20_000, id="deep, and never closed"),
        pytest.param(b"<" + b"a" * 200_000 + b"/>", id="long root name"),
        pytest.param(b"<reply><" + b"a" * 200_000 + b"/></reply>", id="long element name"),
        pytest.param(b"<reply " + b"a" * 200_000 + b"=''/>", id="long attribute name"),
        pytest.param(b"<?xml version='1.0' encoding='" + b"k" * 200_000 + b"'?><reply/>", id="long encoding name"),
        pytest.param(b"<reply>" + b"x" * 200_000 + b"</reply>", id="long text"),
        pytest.param(b"x" * 200_000, id="long plain text"),
    ],
)
def test_a_huge_bad_answer_is_refused_in_few_words(document: bytes) -> None:
    """One bad thing is enough: the first is told, the others are not looked for."""
    assert len(bad(document).one_line()) < 600


def test_a_huge_good_answer_is_read() -> None:
    assert read_answer(b"<reply>" + b"<sms_message>hi</sms_message>" * 2_000 + b"</reply>") == [Order(body="hi")] * 2000


_attributes = st.fixed_dictionaries({}, optional=dict.fromkeys(("to", "from_", "result_url"), xml_text))
_orders = st.lists(st.builds(lambda body, others: Order(body=body, **others), xml_text, _attributes), max_size=4)


def written(orders: list[Order]) -> str:
    """The XML that a careful application answers with."""
    return f"<reply>{''.join(map(_element, orders))}</reply>"


def _element(order: Order) -> str:
    named = {"to": order.to, "from": order.from_, "result_url": order.result_url}
    controls = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
    attributes = [f" {name}={quoteattr(value, controls)}" for name, value in named.items() if value is not None]
    return f"<sms_message{''.join(attributes)}>{escape(order.body, controls)}</sms_message>"


@given(_orders, st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
@examples(80)
def test_any_orders_come_through_an_answer_unchanged(orders: list[Order], encoding: str) -> None:
    assert read_answer(written(orders).encode(encoding)) == orders


def orders_or_error(document: bytes) -> list[Order] | BadAnswer:
    """What an answer asks for, or why it cannot be used; nothing else may come of it."""
    try:
        return read_answer(document)
    except BadAnswer as error:
        return error


def assert_usable_or_explained(document: bytes) -> None:
    """The law of every answer."""
    read = orders_or_error(document)
    if isinstance(read, BadAnswer):
        assert read.message
        assert read.hint
        assert len(read.one_line()) < 700
    else:
        assert all(order.body.encode() is not None for order in read)


@given(st.binary(max_size=80))
@examples(50)
def test_any_bytes_are_orders_or_a_bad_answer(document: bytes) -> None:
    assert_usable_or_explained(document)


_TOKENS = [
    "<reply>",
    "</reply>",
    "<reply/>",
    "<sms_message>",
    "</sms_message>",
    "<sms_message/>",
    "<sms_message to='1' from='2' result_url='3'>",
    "<a:reply xmlns:a='urn:x'>",
    f"<reply {XSI} xmlns:xs='http://www.w3.org/2001/XMLSchema'>",
    "<sms_message xsi:type='xs:string'>",
    "<sms_message xsi:type='reply'>",
    "<sms_message xsi:nil='true'/>",
    "<?xml version='1.0'?>",
    "<?xml version='1.0' encoding='utf-16'?>",
    "<?pi?>",
    "<!-- c -->",
    "<!DOCTYPE reply [<!ENTITY a 'b'>]>",
    "<![CDATA[",
    "]]>",
    "&a;",
    "&amp;",
    "&#10;",
    "&",
    "<",
    ">",
    "'",
    "hi",
    "\n",
    "\0",
    "\ufeff",
]
_xml_like = st.lists(st.one_of(st.sampled_from(_TOKENS), any_text), max_size=12).map("".join)
_replies = st.lists(st.sampled_from(_TOKENS), max_size=8).map(lambda inside: f"{_TOKENS[8]}{''.join(inside)}</reply>")


@given(st.one_of(_xml_like, _replies), st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "cp500"]))
@examples(100)
def test_any_bytes_that_look_like_xml_are_orders_or_a_bad_answer(document: str, encoding: str) -> None:
    assert_usable_or_explained(document.encode(encoding, "replace"))


_CODECS = ["ascii", "big5", "cp037", "euc-jp", "hex", "idna", "punycode", "rot13", "undefined", "utf-7", "utf-32", "x"]


@pytest.mark.parametrize("encoding", _CODECS)
def test_any_declared_encoding_is_read_or_a_bad_answer(encoding: str) -> None:
    head = f"<?xml version='1.0' encoding='{encoding}'?>".encode()
    assert_usable_or_explained(head + b"<reply><sms_message>caf\xe9 &#233; \x81</sms_message></reply>")
