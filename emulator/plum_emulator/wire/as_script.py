"""A session as a script for a POSIX shell: curl does the same once more, and asks whether the same came of it."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator

from plum_emulator.model.phones import is_number
from plum_emulator.wire.remarks import about_application, comment
from plum_emulator.wire.retelling import retell
from plum_emulator.wire.sessions import OWN_SINK, LeftOut, Mine, Outcome, Retelling, Session, Step, Words

_WIDTH = 100

_BEGIN = """\
#!/bin/sh
# A session with the Plum emulator, once more: what was texted and queued, and what came of it.
# An emulator has to run; curl is 7.76 or newer. The account is the script's own, and ends with it.
set -eu

here=%s
PLUM=${PLUM:-$here}
"""

_FUNCTIONS = r"""
fail() { # what is wrong, and what was answered
  printf 'not ok: %s\n%s\n' "$1" "$2" >&2
  exit 1
}

service() { # words for curl: as an application does
  curl --silent --show-error --fail-with-body --noproxy '*' "$@"
}

ask() { # the same for the control surface, which wants a token from other machines
  service ${PLUM_EMULATOR_TOKEN:+-H "Authorization: Bearer $PLUM_EMULATOR_TOKEN"} "$@"
}

field() { # the text under a name in JSON
  printf '%s\n' "$2" | sed -n 's/.*"'"$1"'": "\([^"]*\)".*/\1/p'
}

control() { # method, path, JSON: as the account
  printf '%s' "$3" | ask -X "$1" --data-binary @- "$PLUM/_plum/$2?account=$username"
}

application() { # number, URL
  answer=$(control PUT "numbers/$1" "{\"application_url\": \"$2\"}") || fail "the application of $1" "$answer"
}

begin() { # what comes from here on belongs to the next step
  answer=$(control POST expect '{"at_most": 1000000}') || fail 'no place in the log' "$answer"
  since=$(field cursor "$answer")
}

text() { # JSON: a handset texts a number, and all that follows happens
  begin
  answer=$(control POST inbound "$1") || fail "texting $1" "$answer"
  id=$(field sms_message_id "$answer")
  settle
}

queue() { # handset, number, result URL; the text is read
  answer=$(service -u "$username:$password" --data-urlencode "to=$1" --data-urlencode "from=$2" \
    --data-urlencode "result_url=$3" --data-urlencode body@- "$PLUM/ws/sms/queue.json") || fail queueing "$answer"
}

settle() {
  answer=$(control POST clock/advance '{"until": "idle"}') || fail 'moving the clock' "$answer"
}

expect() { # fields of an expectation, as JSON: so many came of this step, in whatever order
  answer=$(control POST expect "{\"since\": \"$since\", \"timeout\": 0, $1}") || fail "expected $1" "$answer"
}

automatic() { # what the carrier sent by itself after the last text, as JSON
  answer=$(control GET "messages/$id" '') || fail "message $id" "$answer"
  texts=${answer#*'"automatic_texts": ['}
  case "${texts%%\]*}" in
  *"\"body\": $1"*) ;;
  *) fail "expected the automatic text $1" "$answer" ;;
  esac
}
"""

_LEASE = r"""
lease=$(ask --data-binary {wanted} \
  "$PLUM/_plum/accounts/lease") || fail "no account at $PLUM" "$lease"
username=$(field username "$lease")
password=$(field password "$lease")
trap 'ask -X DELETE "$PLUM/_plum/accounts/$username" > /dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
numbers=${{lease#*'"numbers": ["'}}
numbers=${{numbers%%'"]'*}}
"""
_LIFETIME = 600


def shell_script(session: Session) -> str:
    """A script that does what was done in the session; its last line is `ok`, or it fails and says what differed."""
    return "\n".join((*_script(retell(session), base=session.base), ""))


def _script(told: Retelling, *, base: str) -> Iterator[str]:
    yield _BEGIN.rstrip("\n") % shlex.quote(base.rstrip("/"))
    yield from _constants(told)
    yield _FUNCTIONS.rstrip("\n")
    yield _LEASE.format(wanted=shlex.quote(_json(_wanted(told)))).rstrip("\n")
    yield from _numbers(told)
    for note in told.notes:
        yield from ("", *comment(note, width=_WIDTH))
    for step in told.steps:
        yield ""
        if isinstance(step, LeftOut):
            yield from comment(step.why, width=_WIDTH)
        else:
            yield from _step(step, told)
    yield from ("", "echo ok")


def _wanted(told: Retelling) -> dict[str, object]:
    return {"clock": "manual", "numbers": len(told.applications), "lifetime": _LIFETIME, **told.options}


def _constants(told: Retelling) -> Iterator[str]:
    for place, url in enumerate(told.urls(), 1):
        yield from comment(about_application(url), width=_WIDTH)
        yield f"{_name('APPLICATION', place)}={shlex.quote(_json(url)[1:-1])}"
    for place, url in enumerate(told.result_urls(), 1):
        yield from comment("Where statuses are posted to. The script needs nobody there.", width=_WIDTH)
        yield f"{_name('RESULTS', place)}={shlex.quote(url)}"


def _name(name: str, place: int) -> str:
    return f"{name}_{place}" if place > 1 else name


def _numbers(told: Retelling) -> Iterator[str]:
    """Variables for the numbers that were leased, between commas in the answer."""
    count = len(told.applications)
    for place in range(count):
        yield f"number_{place + 1}=${{numbers%%'\"'*}}"
        if place + 1 < count:
            yield "numbers=${numbers#*'\", \"'}"
    names = {url: _name("APPLICATION", place) for place, url in enumerate(told.urls(), 1)}
    for place, url in enumerate(told.applications):
        if url:
            yield f'application "$number_{place + 1}" "${names[url]}"'


def _step(step: Step, told: Retelling) -> Iterator[str]:
    for remark in step.remarks:
        yield from comment(remark, width=_WIDTH)
    if step.queued:
        yield from ("begin", _queue(step, told), "settle")
    else:
        texted = [*_pairs(("from", (step.handset,)), ("to", (Mine(step.number),)), ("body", (step.body,)))]
        yield f"text {_word(['{', *texted, '}'])}"
    if not step.sure:
        return
    for automatic in step.automatic:
        yield f"automatic {shlex.quote(_json(automatic))}"
    type_ = "outbound" if step.queued else "reply"
    for outcome, count in Counter(step.outcomes).items():
        yield f"expect {_word([*_pairs(*_expected(outcome, type_)), _count(count)])}"
    yield f"expect {_word([*_pairs(('type', (type_,))), _count(len(step.outcomes))])}"


def _count(count: int) -> str:
    return f', "count": {count}'


def _queue(step: Step, told: Retelling) -> str:
    names = {url: f'"${_name("RESULTS", place)}"' for place, url in enumerate(told.result_urls(), 1)}
    names |= {"": "''", OWN_SINK: '"$PLUM/_plum/sink/results?account=$username"'}
    return f'{_printed(step.body)} | queue {step.handset} "$number_{step.number + 1}" {names[step.result_url]}'


def _expected(outcome: Outcome, type_: str) -> Iterator[tuple[str, Words]]:
    yield "type", (type_,)
    yield "from", (Mine(outcome.from_),)
    if is_number(outcome.to):
        yield "to", (outcome.to,)
    yield "body", outcome.body
    yield "status", (outcome.status,)


def _pairs(*pairs: tuple[str, Words]) -> Iterator[str | Mine]:
    """The inside of a JSON object."""
    for place, (name, words) in enumerate(pairs):
        yield f'{", " if place else ""}"{name}": "'
        yield from (word if isinstance(word, Mine) else _json(word)[1:-1] for word in words)
        yield '"'


def _word(pieces: list[str | Mine]) -> str:
    """One word for the shell, in which numbers of the account are variables."""
    joined: list[str] = [""]
    for piece in pieces:
        if isinstance(piece, Mine):
            variable = f"number_{piece.place + 1}"
            joined += [f'"${{{variable}#1}}"' if piece.bare else f'"${variable}"', ""]
        else:
            joined[-1] += piece
    return "".join(shlex.quote(text) if place % 2 == 0 else text for place, text in enumerate(joined) if text)


def _json(value: object) -> str:
    """JSON with nothing in it that no keyboard has."""
    return "".join(
        character if character.isprintable() else json.dumps(character)[1:-1].replace("\x7f", "\\u007f")
        for character in json.dumps(value, ensure_ascii=False)
    )


def _printed(text: str) -> str:
    """A command that prints the text, and nothing after it."""
    if text.isprintable():
        return f"printf %s {shlex.quote(text)}"
    safe = (
        chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in "-%\\'" else f"\\{byte:03o}" for byte in text.encode()
    )
    return f"printf '{''.join(safe)}'"
