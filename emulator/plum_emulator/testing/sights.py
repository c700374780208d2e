"""What a test looks at: messages, and attempts to tell somebody of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs

from plum_emulator.client import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it was when it was looked at. `extracted` is what an expectation took out of its body."""

    id: str
    type: str
    to: str
    from_: str
    body: str
    status: str
    result_url: str
    request_timestamp: int
    statuses: tuple[tuple[str, str], ...]
    notification: str | None
    reason: str | None
    extracted: Any = field(default=None, compare=False)

    @classmethod
    def of(cls, value: Json, *, extracted: Any = None) -> Self:
        """The message that the control surface shows."""
        return cls(
            id=value["sms_message_id"],
            type=value["type"],
            to=value["to"],
            from_=value["from"],
            body=value["body"],
            status=value["status"],
            result_url=value["result_url"],
            request_timestamp=value["request_timestamp"],
            statuses=tuple((each["status"], each["at"]) for each in value["statuses"]),
            notification=value["notification"],
            reason=value["reason"],
            extracted=extracted,
        )

    def __str__(self) -> str:
        return self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to tell a result URL of a status, or an application of a text. `fields` is what was posted."""

    n: int
    at: str
    url: str
    fields: dict[str, str]
    attempt: int
    http_status: int | None
    outcome: str
    answer: str
    rules: tuple[str, ...]
    curl: str

    @classmethod
    def of(cls, value: Json) -> Self:
        """The exchange that the control surface shows."""
        posted = parse_qs(value["request"]["body"], keep_blank_values=True)
        answer = value["answer"] or {"status": None, "body": ""}
        return cls(
            n=value["n"],
            at=value["at"],
            url=value["request"]["url"],
            fields={name: values[0] for name, values in posted.items()},
            attempt=value["attempt"],
            http_status=answer["status"],
            outcome=value["outcome"],
            answer=answer["body"],
            rules=tuple(value["rules"]),
            curl=value["curl"],
        )

    @property
    def status(self) -> str:
        """The status that was told; "" for a text."""
        return self.fields.get("status", "")

    @property
    def ok(self) -> bool:
        """Whether the receiver took it."""
        return self.outcome == "ok"
