"""A clinic reminds its patients of their appointments by text, and takes their answers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from xml.sax.saxutils import escape

import requests
from flask import Flask, Response, jsonify, request

ORDER = ("asked", "queued", "sent", "received", "failed", "undelivered")
OPT_OUT = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}  # Plum's words; CANCEL is one of them
OPT_IN = {"START", "UNSTOP", "YES"}


class NotQueued(Exception):
    """Plum did not take the message."""


@dataclass(kw_only=True)
class Appointment:
    """An appointment, the patient's answer, and what became of the reminder."""

    id: int
    patient: str
    when: str
    answer: str = "none"
    reminder: str = ""
    delivery: str = "none"

    @property
    def text(self) -> str:
        """The reminder. Its number makes it unlike any other: a second try knows the first by it."""
        return f"Appointment {self.id}: {self.when}. Text CONFIRM or CANCEL."


class Texts:
    """The part of Plum that the clinic uses."""

    def __init__(self, *, url: str, login: tuple[str, str], number: str) -> None:
        self._services = f"{url}/ws/sms"
        self._login = login
        self._number = number

    def send(self, to: str, body: str, *, result_url: str, tries: int = 3) -> str:
        """Queue the message once; its id. Plum cannot tell a second try from a second message, so we look first."""
        for _ in range(tries):
            try:
                return self._queue(to, body, result_url)
            except requests.ConnectionError:
                queued = self._queued_before(to, body)  # it may have been taken, and the answer lost
                if queued:
                    return queued
        raise NotQueued(f"no connection to {self._services}, {tries} times")

    def _queue(self, to: str, body: str, result_url: str) -> str:
        fields = {"to": to, "from": self._number, "body": body, "result_url": result_url}
        answer = requests.post(f"{self._services}/queue.json", fields, auth=self._login, timeout=5).json()
        if answer["status"] != "success":
            raise NotQueued(answer["error"])
        return answer["result"]["sms_messages"][0]["sms_message_id"]

    def _queued_before(self, to: str, body: str) -> str | None:
        wanted = {"phone_number": to, "phone_number_type": "customer", "type": "outbound"}
        answer = requests.get(f"{self._services}/messages.json", wanted, auth=self._login, timeout=5).json()
        found = [each for each in answer["result"]["sms_messages"] if each["body"] == body]
        return found[0]["sms_message_id"] if found else None


class Clinic:
    """The appointments, and who does not want to be texted."""

    def __init__(self, texts: Texts) -> None:
        self.appointments: dict[int, Appointment] = {}
        self._texts = texts
        self._unwilling: set[str] = set()
        self._ids = count(1)

    def make(self, patient: str, when: str, *, results: str) -> Appointment:
        """Make an appointment, and text the patient, who may have asked not to be."""
        made = Appointment(id=next(self._ids), patient=patient, when=when)
        self.appointments[made.id] = made
        if patient not in self._unwilling:
            made.delivery = "asked"
            made.reminder = self._texts.send(patient, made.text, result_url=f"{results}/{made.id}")
        return made

    def delivered(self, id_: int, status: str) -> None:
        """A status of a reminder. Networks deliver them late and twice: an older one changes nothing."""
        appointment = self.appointments[id_]
        if ORDER.index(status) > ORDER.index(appointment.delivery):
            appointment.delivery = status

    def answer(self, patient: str, word: str) -> str:
        """What the patient is answered, or nothing."""
        self._remember_will(patient, word)
        asked = [each for each in self.appointments.values() if each.patient == patient and each.answer == "none"]
        if word == "CONFIRM" and asked:
            asked[-1].answer = "confirmed"
            return f"Thank you. See you {asked[-1].when}."
        if word == "CANCEL" and asked:
            asked[-1].answer = "cancelled"
        if word in OPT_OUT | OPT_IN:
            return ""  # the carrier answers these, and an answer of ours would not arrive
        return "Text CONFIRM or CANCEL, or call us." if asked else "You have no appointment with us."

    def _remember_will(self, patient: str, word: str) -> None:
        if word in OPT_OUT:
            self._unwilling.add(patient)
        elif word in OPT_IN:
            self._unwilling.discard(patient)


def create_app(environment: Mapping[str, str] = os.environ) -> Flask:
    """The application. PUBLIC_URL is where Plum reaches it."""
    app = Flask(__name__)
    app.config["PUBLIC_URL"] = environment.get("PUBLIC_URL", "http://127.0.0.1:8000")
    clinic = Clinic(
        Texts(
            url=environment.get("PLUM_BASE_URL", "https://hosting.plumvoice.com"),
            login=(environment["PLUM_USERNAME"], environment["PLUM_PASSWORD"]),
            number=environment["PLUM_NUMBER"],
        )
    )

    @app.post("/appointments")
    def make() -> tuple[Response, int]:
        wanted = request.get_json()
        results = f"{app.config['PUBLIC_URL']}/results"
        return jsonify(clinic.make(wanted["patient"], wanted["when"], results=results)), 201

    @app.get("/appointments/<int:id_>")
    def show(id_: int) -> Response:
        return jsonify(clinic.appointments[id_])

    @app.post("/results/<int:id_>")
    def result(id_: int) -> tuple[str, int]:
        clinic.delivered(id_, request.form["status"])
        return "", 204

    @app.post("/texts")
    def text() -> Response:
        answer = clinic.answer(request.form["from"], request.form["body"].strip().upper())
        return Response(_reply(answer), content_type="text/xml; charset=utf-8")

    return app


def _reply(body: str) -> str:
    message = f"<sms_message>{escape(body)}</sms_message>" if body else ""
    return f"<reply>{message}</reply>"


if __name__ == "__main__":
    create_app().run(port=8000)
