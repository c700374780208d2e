"""Segments: alphabet, units, parts and room of a text, as carriers count them (3GPP TS 23.038 and 23.040)."""

from __future__ import annotations

import sys
import time

import pytest
from gsm0338 import Codec  # type: ignore[import-untyped] # it has no types
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_code_points
from plum_emulator.model.segments import Encoding, Segments, named, segments

# The default alphabet of TS 23.038 6.2.1, eight codes a line; 0x1B is the escape, written as itself.
DEFAULT_ALPHABET = (
    "@£$¥èéùì"
    "òÇ\nØø\rÅå"
    "\N{GREEK CAPITAL LETTER DELTA}_\N{GREEK CAPITAL LETTER PHI}\N{GREEK CAPITAL LETTER GAMMA}"
    "\N{GREEK CAPITAL LETTER LAMDA}\N{GREEK CAPITAL LETTER OMEGA}\N{GREEK CAPITAL LETTER PI}"
    "\N{GREEK CAPITAL LETTER PSI}"
    "\N{GREEK CAPITAL LETTER SIGMA}\N{GREEK CAPITAL LETTER THETA}\N{GREEK CAPITAL LETTER XI}\x1bÆæßÉ"
    " !\"#¤%&'"
    "()*+,-./"
    "01234567"
    "89:;<=>?"
    "¡ABCDEFG"
    "HIJKLMNO"
    "PQRSTUVW"
    "XYZÄÖÑÜ§"
    "¿abcdefg"
    "hijklmno"
    "pqrstuvw"
    "xyzäöñüà"
)
# Its extension table, 6.2.1.1: the code after the escape, and what it stands for.
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
ESCAPED = "".join(EXTENSION.values())
SENDABLE = DEFAULT_ALPHABET.replace("\x1b", "") + ESCAPED

CURLY = "\N{RIGHT SINGLE QUOTATION MARK}"
SMILE = "\N{GRINNING FACE}"
BEE = "\N{CYRILLIC CAPITAL LETTER BE}"

ALONE = {"GSM-7": 160, "UCS-2": 70}
JOINED = {"GSM-7": 153, "UCS-2": 67}

# Long enough to be cut, with what takes two units near every cut.
_gsm_texts = st.lists(
    st.one_of(st.text(alphabet=SENDABLE, max_size=20), st.sampled_from(["a" * 151, "a" * 76, "€" * 40])), max_size=12
).map("".join)
_ucs_texts = st.lists(
    st.one_of(any_code_points, st.sampled_from([BEE * 65, BEE * 33, SMILE * 20])), min_size=1, max_size=12
).map("".join)
_texts = st.one_of(_gsm_texts, _ucs_texts)


def gsm(units: int, parts: int, room: int) -> Segments:
    return Segments(encoding="GSM-7", units=units, parts=parts, room=room, forced_by=None, forced_at=None)


def ucs(units: int, parts: int, room: int, forced_by: str, forced_at: int = 0) -> Segments:
    return Segments(encoding="UCS-2", units=units, parts=parts, room=room, forced_by=forced_by, forced_at=forced_at)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("", gsm(0, 1, 160), id="nothing"),
        pytest.param("Hello World", gsm(11, 1, 149), id="Plum's sample"),
        pytest.param("a" * 160, gsm(160, 1, 0), id="one full part"),
        pytest.param("a" * 161, gsm(161, 2, 145), id="one septet too many"),
        pytest.param("a" * 306, gsm(306, 2, 0), id="two full parts"),
        pytest.param("a" * 307, gsm(307, 3, 152), id="one septet more than two"),
        pytest.param("é" * 160, gsm(160, 1, 0), id="accents that the alphabet has"),
        pytest.param("€", gsm(2, 1, 158), id="euro takes two"),
        pytest.param("€" * 80, gsm(160, 1, 0), id="80 euros in one part"),
        pytest.param("a" * 159 + "€", gsm(161, 2, 145), id="euro over the end of one part"),
        pytest.param("a" * 151 + "€" + "a" * 10, gsm(163, 2, 143), id="euro ends the first part"),
        pytest.param("a" * 152 + "€" + "a" * 10, gsm(164, 2, 141), id="euro moves to the second part"),
        pytest.param("a" * 152 + "€" + "a" * 151, gsm(305, 2, 0), id="a septet is lost, and still two"),
        pytest.param("a" * 152 + "€" + "a" * 152, gsm(306, 3, 152), id="a septet is lost, so three"),
        pytest.param("€" * 153, gsm(306, 3, 151), id="76 euros in each part"),
        pytest.param("€" * 152, gsm(304, 2, 1), id="two parts of 76 euros"),
        pytest.param(BEE * 70, ucs(70, 1, 0, BEE), id="one full part of Cyrillic"),
        pytest.param(BEE * 71, ucs(71, 2, 63, BEE), id="one letter too many"),
        pytest.param(BEE * 134, ucs(134, 2, 0, BEE), id="two full parts of Cyrillic"),
        pytest.param(BEE * 135, ucs(135, 3, 66, BEE), id="one letter more than two parts"),
        pytest.param("It" + CURLY + "s", ucs(4, 1, 66, CURLY, 2), id="curly quote"),
        pytest.param("a" * 159 + CURLY, ucs(160, 3, 41, CURLY, 159), id="curly quote makes three of one"),
        pytest.param(CURLY + SMILE, ucs(3, 1, 67, CURLY), id="the first one is told"),
        pytest.param(SMILE, ucs(2, 1, 68, SMILE), id="emoji takes two"),
        pytest.param("€" + SMILE, ucs(3, 1, 67, SMILE, 1), id="euro takes one in UCS-2"),
        pytest.param(SMILE * 2 + CURLY, ucs(5, 1, 65, SMILE), id="places are code points"),
        pytest.param("a" + "[" * 3 + SMILE, ucs(6, 1, 64, SMILE, 4), id="places are not septets"),
        pytest.param(SMILE * 35, ucs(70, 1, 0, SMILE), id="35 emoji in one part"),
        pytest.param("a" * 65 + SMILE + "a" * 5, ucs(72, 2, 62, SMILE, 65), id="emoji ends the first part"),
        pytest.param("a" * 66 + SMILE + "a" * 5, ucs(73, 2, 60, SMILE, 66), id="emoji moves to the second part"),
        pytest.param(SMILE * 67, ucs(134, 3, 65, SMILE), id="33 emoji in each part"),
        pytest.param("e\N{COMBINING ACUTE ACCENT}", ucs(2, 1, 68, "\N{COMBINING ACUTE ACCENT}", 1), id="loose accent"),
        pytest.param("\ud83d", ucs(1, 1, 69, "\ud83d"), id="half a pair"),
        pytest.param("a" * 66 + "\ud83d" * 5, ucs(71, 2, 63, "\ud83d", 66), id="first halves belong to nothing"),
        pytest.param("a" * 66 + "\ude00" * 5, ucs(71, 2, 63, "\ude00", 66), id="second halves belong to nothing"),
        pytest.param(
            "a" * 66 + "\ud83d\ude00" + "a" * 3, ucs(71, 2, 62, "\ud83d", 66), id="halves that meet are whole"
        ),
    ],
)
def test_a_text_is_counted_as_carriers_do(body: str, expected: Segments) -> None:
    """A part holds 160 septets or 70 units, 153 or 67 where there are several, and what takes two is never torn."""
    assert segments(body) == expected


def test_what_goes_in_septets_is_the_table_of_3gpp_and_nothing_else() -> None:
    """127 characters take one septet, ten take two, and no other goes in GSM-7."""
    every = (*range(0x10000), *range(0x10000, sys.maxunicode + 1, 97))  # beyond the first plane, one in 97 will do
    assert (len(DEFAULT_ALPHABET), len(set(SENDABLE))) == (128, 137)
    counted = [(character, segments(character)) for character in map(chr, every)]
    septets = {character: count.units for character, count in counted if count.encoding == "GSM-7"}
    assert septets == {character: 2 if character in ESCAPED else 1 for character in SENDABLE}


def test_the_codec_that_is_asked_has_the_codes_of_3gpp() -> None:
    codes = {bytes((code,)): character for code, character in enumerate(DEFAULT_ALPHABET) if character != "\x1b"}
    codes |= {bytes((0x1B, code)): character for code, character in EXTENSION.items()}
    assert {code: Codec().decode(code)[0] for code in codes} == codes
    assert {Codec().encode(character)[0]: character for character in codes.values()} == codes


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("\x1b", id="the escape itself"),
        pytest.param("\0", id="nul"),
        pytest.param("\t", id="tab"),
        pytest.param("`", id="backtick"),
        pytest.param("\N{NO-BREAK SPACE}", id="no-break space"),
        pytest.param("\N{LATIN SMALL LETTER C WITH CEDILLA}", id="small c with cedilla"),
        pytest.param("\N{LATIN SMALL LETTER A WITH ACUTE}", id="a with acute"),
        pytest.param("\N{GREEK CAPITAL LETTER ALPHA}", id="Greek Alpha, which looks like A"),
        pytest.param("\N{GREEK SMALL LETTER DELTA}", id="small delta"),
        pytest.param("\N{OHM SIGN}", id="ohm sign, which looks like Omega"),
        pytest.param("\N{INCREMENT}", id="increment, which looks like Delta"),
    ],
)
def test_a_character_that_gsm_7_lacks_is_told_with_its_place(character: str) -> None:
    """One such character puts the whole text into UCS-2."""
    assert segments(f"Hi {character}!") == ucs(5, 1, 65, character, 3)


@pytest.mark.parametrize(
    ("character", "name"),
    [
        (CURLY, "U+2019 RIGHT SINGLE QUOTATION MARK"),
        (SMILE, "U+1F600 GRINNING FACE"),
        ("\N{NO-BREAK SPACE}", "U+00A0 NO-BREAK SPACE"),
        ("\t", "U+0009"),
        ("\x1b", "U+001B"),
        ("\ud83d", "U+D83D"),
        ("\ue000", "U+E000"),
        ("\U0010ffff", "U+10FFFF"),
    ],
)
def test_a_character_is_named_for_people(character: str, name: str) -> None:
    """The character that forced UCS-2 is told by its number and, where Unicode has one, its name."""
    assert named(character) == name


@given(_texts)
@examples(100)
def test_parts_and_room_are_those_of_filling_part_after_part(body: str) -> None:
    count = segments(body)
    costs = _costs(body, count.encoding)
    filled = _filled(costs, count.encoding)
    assert (count.units, count.parts, count.room) == (sum(costs), len(filled), _limit(count) - filled[-1])


@given(_texts)
@examples(100)
def test_the_first_character_that_gsm_7_lacks_decides(body: str) -> None:
    foreign = [(place, character) for place, character in enumerate(body) if character not in SENDABLE]
    place, character = foreign[0] if foreign else (None, None)
    count = segments(body)
    assert (count.encoding, count.forced_at, count.forced_by) == ("UCS-2" if foreign else "GSM-7", place, character)


@given(_gsm_texts)
@examples(100)
def test_a_gsm_7_text_survives_its_septets(body: str) -> None:
    """A text in GSM-7 takes as many septets as it is encoded to, and reads the same at the other end."""
    septets, _ = Codec().encode(body)
    assert segments(body).units == len(septets)
    assert Codec().decode(septets)[0] == body


@given(_texts, st.one_of(st.sampled_from(SENDABLE), st.characters()))
@examples(100)
def test_one_more_character_goes_into_the_room_or_into_another_part(body: str, character: str) -> None:
    """In the same alphabet a longer text never has fewer parts, and keeps their number as long as there is room."""
    before, after = segments(body), segments(body + character)
    cost = after.units - before.units
    if before.encoding != after.encoding:
        assert (before.encoding, after.forced_by, after.forced_at) == ("GSM-7", character, len(body))
    elif cost <= before.room:
        assert (after.parts, after.room) == (before.parts, before.room - cost)
    else:
        assert after.parts == before.parts + 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("a" * 2**20, gsm(2**20, 6854, 86), id="letters"),
        pytest.param("€" * 2**20, gsm(2**21, 13798, 145), id="escapes"),
        pytest.param(SMILE * 2**20, ucs(2**21, 31776, 65, SMILE), id="emoji"),
        pytest.param("a" * (2**20 - 1) + CURLY, ucs(2**20, 15651, 41, CURLY, 2**20 - 1), id="forced by the last"),
        pytest.param("\ude00\ud83d" * 2**19, ucs(2**20, 15888, 34, "\ude00"), id="halves"),
    ],
)
def test_a_mebibyte_is_counted_in_no_time(body: str, expected: Segments) -> None:
    """The time to count a text grows with its length, and no faster."""
    started = time.perf_counter()
    assert segments(body) == expected
    assert time.perf_counter() - started < 3  # a twentieth of it is needed; quadratic is minutes


def _costs(body: str, encoding: Encoding) -> list[int]:
    """What each character takes, by the tables of this file; halves that stand side by side are one character."""
    if encoding == "GSM-7":
        return [2 if character in ESCAPED else 1 for character in body]
    whole = body.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return [2 if character > "\uffff" else 1 for character in whole]


def _filled(costs: list[int], encoding: Encoding) -> list[int]:
    """The parts, each with what is in it, when every character goes to the last one as long as it fits."""
    if sum(costs) <= ALONE[encoding]:
        return [sum(costs)]
    filled = [0]
    for cost in costs:
        if filled[-1] + cost > JOINED[encoding]:
            filled.append(0)
        filled[-1] += cost
    return filled


def _limit(count: Segments) -> int:
    return (ALONE if count.parts == 1 else JOINED)[count.encoding]
