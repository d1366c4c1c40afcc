"""Riddles, answers, and answers that are given twice."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import altcha
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.proof_of_work import COST, LIFETIME, TRIES, ProofOfWork
from app.domain.intake.suspicion import Suspicion
from app.platform.secrets import Secrets

FORM = UUID(int=1)
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SECRETS = Secrets("a secret of more than 32 characters")


def solved(challenge: dict[str, Any]) -> str:
    parsed = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(parsed, counter_start=TRIES[0])
    assert solution is not None
    return altcha.Payload(parsed, solution).to_base64()


def opened(answer: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(answer))
    return found


def closed(payload: Any) -> str:
    return base64.b64encode(json.dumps(payload).encode()).decode()


@pytest.fixture(scope="module", autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="module")
def answer() -> str:
    """The right one to a riddle of FORM."""
    return solved(ProofOfWork(SECRETS).challenge(FORM, NOW))


def test_who_did_the_work_passes(answer: str) -> None:
    assert ProofOfWork(SECRETS).check(answer, FORM, b"one", NOW) is None


def test_the_riddle_is_as_hard_as_it_is_meant_to_be(answer: str) -> None:
    payload = opened(answer)
    assert TRIES[0] <= payload["solution"]["counter"] <= TRIES[1]
    assert payload["challenge"]["parameters"]["cost"] == COST
    assert payload["challenge"]["parameters"]["expiresAt"] == int((NOW + LIFETIME).timestamp())


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_answer(nothing: str | None) -> None:
    assert ProofOfWork(SECRETS).check(nothing, FORM, b"one", NOW) is Suspicion.PROOF_MISSING


def test_an_answer_for_another_form(answer: str) -> None:
    found = ProofOfWork(SECRETS).check(answer, UUID(int=2), b"one", NOW)
    assert found is Suspicion.PROOF_WRONG


def test_an_answer_of_another_installation(answer: str) -> None:
    others = ProofOfWork(Secrets("another secret of more than 32 characters"))
    assert others.check(answer, FORM, b"one", NOW) is Suspicion.PROOF_WRONG


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("challenge", "parameters", "cost"), 1),
        (("challenge", "parameters", "keyPrefix"), "00"),
        (("challenge", "parameters", "nonce"), "00" * 16),
        (("challenge", "parameters", "expiresAt"), 4_000_000_000),
        (("challenge", "parameters", "keySignature"), None),
        (("challenge", "parameters", "data"), {"form": str(UUID(int=2))}),
        (("challenge", "signature"), "00" * 32),
        (("challenge", "signature"), None),
        (("challenge", "signature"), 5),
        (("solution", "derivedKey"), "00" * 32),
        (("solution", "derivedKey"), None),
    ],
)
def test_an_answer_that_was_tampered_with(answer: str, place: tuple[str, ...], value: Any) -> None:
    payload = opened(answer)
    inner = payload
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    found = ProofOfWork(SECRETS).check(closed(payload), FORM, b"one", NOW)
    assert found is Suspicion.PROOF_WRONG


def test_an_answer_serves_one_submission_however_often_that_is_sent(answer: str) -> None:
    proofs = ProofOfWork(SECRETS)
    assert proofs.check(answer, FORM, b"one", NOW) is None
    assert proofs.check(answer, FORM, b"one", NOW) is None
    assert proofs.check(answer, FORM, b"two", NOW) is Suspicion.PROOF_REUSED
    # Written differently it is still the same.
    otherwise = closed({**opened(answer), "more": 1})
    assert proofs.check(otherwise, FORM, b"three", NOW) is Suspicion.PROOF_REUSED
    assert proofs.check(answer, FORM, b"one", NOW) is None


def test_an_answer_grows_old(answer: str, clock: time_machine.Traveller) -> None:
    proofs = ProofOfWork(SECRETS)
    try:
        clock.move_to(NOW + LIFETIME - timedelta(seconds=1))
        assert proofs.check(answer, FORM, b"one", NOW) is None
        clock.move_to(NOW + LIFETIME + timedelta(seconds=1))
        found = proofs.check(answer, FORM, b"one", NOW)
        assert found is Suspicion.PROOF_EXPIRED
    finally:
        clock.move_to(NOW)


def test_as_many_are_remembered_as_memory_is_given_and_the_expired_go_first() -> None:
    proofs = ProofOfWork(SECRETS, most_remembered=3)
    answers = [solved(proofs.challenge(FORM, NOW)) for _ in range(4)]
    for answer in answers:
        assert proofs.check(answer, FORM, b"one", NOW) is None
    assert len(proofs._used) == 3
    assert proofs.check(answers[-1], FORM, b"two", NOW) is Suspicion.PROOF_REUSED
    proofs._forget((NOW + LIFETIME).timestamp() + 1)
    assert len(proofs._used) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    st.text()
    | st.builds(closed, JSON)
    | st.builds(
        lambda *parts: closed(
            {"challenge": {"parameters": parts[0], **parts[1]}, "solution": parts[2]}
        ),
        JSON | st.fixed_dictionaries(dict.fromkeys(("algorithm", "nonce", "salt", "cost"), JSON)),
        st.fixed_dictionaries({"signature": JSON}),
        JSON | st.fixed_dictionaries({"counter": JSON, "derivedKey": JSON}),
    )
    | st.just("A" * 5_000)
    | st.just(closed("[" * 5_000))
)
def test_no_answer_is_too_odd(text: str) -> None:
    expected = {Suspicion.PROOF_WRONG, Suspicion.PROOF_EXPIRED}
    expected |= {Suspicion.PROOF_MISSING} if not text else set()
    assert ProofOfWork(SECRETS).check(text, FORM, b"one", NOW) in expected
