from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from plum_emulator.testing import Phone, Plum


def appointment(clinic: FlaskClient, patient: Phone, when: str = "tomorrow at 9") -> int:
    answer = clinic.post("/appointments", json={"patient": patient.number, "when": when})
    assert answer.status_code == 201
    return answer.get_json()["id"]


def state(clinic: FlaskClient, id_: int) -> tuple[str, str]:
    """The patient's answer, and what became of the reminder."""
    shown = clinic.get(f"/appointments/{id_}").get_json()
    return shown["answer"], shown["delivery"]


def test_a_patient_is_reminded(plum: Plum, clinic: FlaskClient, patient: Phone) -> None:
    id_ = appointment(clinic, patient, "tomorrow at 9")
    plum.expect(to=patient, body__contains="tomorrow at 9")
    assert state(clinic, id_) == ("none", "asked")

    plum.advance("1m")
    assert state(clinic, id_) == ("none", "received")
    assert str(patient.last) == f"Appointment {id_}: tomorrow at 9. Text CONFIRM or CANCEL."
    plum.expect_nothing_else()


@pytest.mark.parametrize("word", ["CONFIRM", "confirm ", "Confirm"])
def test_a_patient_confirms(clinic: FlaskClient, patient: Phone, word: str) -> None:
    id_ = appointment(clinic, patient, "on Friday at 10")
    patient.texts(word)
    patient.wait_for("See you on Friday at 10.")
    assert state(clinic, id_) == ("confirmed", "received")


def test_who_cancels_is_not_texted_any_more(plum: Plum, clinic: FlaskClient, patient: Phone) -> None:
    """CANCEL is one of Plum's opt-out words. A mock would never have told us."""
    id_ = appointment(clinic, patient)
    plum.deliver()
    patient.texts("CANCEL")
    assert state(clinic, id_) == ("cancelled", "received")
    assert patient.last.automatic
    assert "unsubscribed" in patient.last.body

    assert state(clinic, appointment(clinic, patient)) == ("none", "none")
    patient.texts("START")
    assert state(clinic, appointment(clinic, patient)) == ("none", "asked")
    plum.expect(to=patient, type="outbound", count=2)


@pytest.mark.usefixtures("clinic")
def test_a_stranger_has_no_appointment(plum: Plum) -> None:
    stranger = plum.phone("16175550199")
    stranger.texts("CONFIRM")
    stranger.wait_for("You have no appointment with us.")


def test_two_patients_do_not_hear_of_each_other(plum: Plum, clinic: FlaskClient) -> None:
    ann, bob = plum.phone("16175550123"), plum.phone("16175550124")
    of_ann, of_bob = appointment(clinic, ann, "at 9"), appointment(clinic, bob, "at 10")
    bob.texts("CONFIRM")
    bob.wait_for("See you at 10.")
    assert state(clinic, of_ann)[0] == "none"
    assert state(clinic, of_bob)[0] == "confirmed"
    assert len(ann.inbox) == 1


def test_a_lost_answer_does_not_text_twice(plum: Plum, clinic: FlaskClient, patient: Phone) -> None:
    """The clinic tries again, finds the first message by its text, and leaves it at that."""
    plum.lose_next_answer()
    id_ = appointment(clinic, patient)
    plum.expect(to=patient, count=1)
    plum.advance("1m")
    assert state(clinic, id_) == ("none", "received")


def test_statuses_in_the_wrong_order_leave_the_last_one(plum: Plum, clinic: FlaskClient, patient: Phone) -> None:
    plum.hold_callbacks()
    id_ = appointment(clinic, patient)
    plum.advance("1m")
    sent, received = plum.held_callbacks
    answers = plum.release_callbacks([received["id"], sent["id"]])
    assert [answer.status for answer in answers] == ["received", "sent"]
    assert state(clinic, id_) == ("none", "received")


@pytest.mark.parametrize("outcome", ["failed", "undelivered"])
def test_the_clinic_knows_of_reminders_that_did_not_arrive(
    plum: Plum, clinic: FlaskClient, patient: Phone, outcome: str
) -> None:
    plum.fail_to(patient.number, outcome)
    id_ = appointment(clinic, patient)
    plum.advance("1m")
    assert state(clinic, id_) == ("none", outcome)
    assert patient.inbox == []
