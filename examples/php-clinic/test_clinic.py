from __future__ import annotations

import pytest
from plum_emulator.testing import Phone, Plum

from serving import Clinic


@pytest.mark.parametrize(
    "body", ["Your result is here", 'café & <b> "50 %" + 1', "日本 👍"], ids=["plain", "odd", "far"]
)
def test_a_text_arrives_as_it_was_written(plum: Plum, clinic: Clinic, patient: Phone, body: str) -> None:
    id_ = clinic.send(patient, body)
    assert plum.expect(to=patient).id == id_
    plum.deliver()
    assert str(patient.last) == body


def test_the_clinic_hears_of_each_status(plum: Plum, clinic: Clinic, patient: Phone) -> None:
    id_ = clinic.send(patient, "Your result is here")
    assert clinic.state(id_) == ""
    plum.advance(until="next")
    assert clinic.state(id_) == "sent"
    plum.advance(until="next")
    assert clinic.state(id_) == "received"
    assert [each.http_status for each in plum.callbacks(id_)] == [200, 200]


def test_an_old_status_does_not_take_the_place_of_a_newer_one(plum: Plum, clinic: Clinic, patient: Phone) -> None:
    plum.hold_callbacks()
    id_ = clinic.send(patient, "Your result is here")
    plum.deliver()
    sent, received = plum.held_callbacks
    plum.release_callbacks([received["id"], sent["id"]])
    assert clinic.state(id_) == "received"


def test_a_lost_answer_does_not_text_twice(plum: Plum, clinic: Clinic, patient: Phone) -> None:
    plum.lose_next_answer()
    id_ = clinic.send(patient, "Your result is here")
    assert plum.expect(to=patient, count=1).id == id_


def test_a_connection_that_broke_before_anything_was_queued_is_tried_again(
    plum: Plum, clinic: Clinic, patient: Phone
) -> None:
    plum.rule(when={"operation": "queue", "first": 1}, then={"reset": True})
    assert clinic.send(patient, "Your result is here") == plum.expect(to=patient, count=1).id


def test_what_plum_refuses_is_told(plum: Plum, clinic: Clinic, patient: Phone) -> None:
    plum.refuse_next("Error sending sms request")
    assert clinic.send(patient, "Your result is here") == "502 Error sending sms request"
    plum.expect_none(to=patient)


@pytest.mark.usefixtures("clinic")
@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("hours", "We are open from 9 to 5."),
        (" RESULT ", 'Your result is here: call us & ask for "Ann" <between 9 and 5>'),
        ("what?", "Text RESULT or HOURS."),
    ],
)
def test_a_patient_is_answered(patient: Phone, said: str, answered: str) -> None:
    patient.texts(said)
    assert patient.wait_for().body == answered
