"""The checker finds what a crash could do, in histories made up for it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.ledger import Found, Ledger, check


def history() -> Ledger:
    """One of each: acknowledged, acknowledged at the second try, in doubt, refused, never there."""
    ledger = Ledger()
    for key in ("a", "b", "c", "d", "e"):
        ledger.invoke(key)
    ledger.ok("a", 202, "receipt-a", 0.01)
    ledger.info("b", "reset", 0.2)
    ledger.invoke("b")
    ledger.ok("b", 202, "receipt-b", 0.01)
    ledger.info("c", "no answer in time", 9.0)
    ledger.fail("d", 422, 0.01)
    ledger.refused("e")
    return ledger


def end(**changes: object) -> Found:
    """What may be stored after that: the one in doubt may be there or not."""
    rows = [("receipt-a", "a"), ("receipt-b", "b"), ("receipt-c", "c")]
    once = Counter({"a": 1, "b": 1, "c": 1})
    return Found(**{"submissions": rows, "leads": once, "touches": once, **changes})  # type: ignore[arg-type]


def test_a_clean_end_has_no_problem() -> None:
    verdict = check(history(), end())
    assert verdict.problems == {}
    assert (verdict.acknowledged, verdict.in_doubt) == (2, 1)
    assert (verdict.lost_count, verdict.duplicate_count) == (0, 0)


def test_what_is_in_doubt_may_be_missing() -> None:
    once = Counter({"a": 1, "b": 1})
    found = end(submissions=[("receipt-a", "a"), ("receipt-b", "b")], leads=once, touches=once)
    assert check(history(), found).problems == {}


def test_a_lost_one_is_found() -> None:
    found = end(submissions=[("receipt-b", "b")], leads=Counter("b"), touches=Counter("b"))
    verdict = check(history(), found)
    assert verdict.problems == {"lost": ["a"]}
    assert verdict.lost_count == 1


def test_what_waits_in_the_spool_is_not_lost() -> None:
    found = end(
        submissions=[("receipt-b", "b")],
        leads=Counter("b"),
        touches=Counter("b"),
        waiting=frozenset({"receipt-a"}),
    )
    assert check(history(), found).problems == {}


def test_one_stored_twice_is_found() -> None:
    rows = [("receipt-a", "a"), ("receipt-b", "b"), ("another", "b")]
    once = Counter({"a": 1, "b": 1})
    verdict = check(history(), end(submissions=rows, leads=once, touches=once))
    assert verdict.problems == {"stored_twice": ["b"]}
    assert verdict.duplicate_count == 1


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"leads": Counter({"a": 2, "b": 1, "c": 1})}, {"several_leads": ["a"]}),
        ({"touches": Counter({"a": 2, "b": 1, "c": 1})}, {"wrong_touches": ["a"]}),
        ({"touches": Counter({"b": 1, "c": 1})}, {"wrong_touches": ["a"]}),
        ({"leads": Counter({"b": 1, "c": 1})}, {"no_lead": ["a"]}),
        ({"uncaptured": frozenset({"a"})}, {"no_lead": ["a"]}),
        ({"leads": Counter({"a": 1, "b": 1, "c": 1, "x": 1})}, {"never_sent": ["x"]}),
        ({"issued": 4}, {"unbalanced": ["4 issued, 3 stored"]}),
        ({"issued": 4, "quarantined": 1}, {}),
        (
            {"submissions": [("other", "a"), ("receipt-b", "b"), ("receipt-c", "c")]},
            {"other_receipt": ["a"]},
        ),
    ],
)
def test_each_anomaly_has_its_name(
    changes: dict[str, object], problems: dict[str, list[str]]
) -> None:
    assert check(history(), end(**changes)).problems == problems


def test_a_row_nobody_sent_is_found() -> None:
    rows = [("receipt-a", "a"), ("receipt-b", "b"), ("receipt-x", "x")]
    once = Counter({"a": 1, "b": 1, "x": 1})
    verdict = check(history(), end(submissions=rows, leads=once, touches=once))
    assert verdict.problems == {"never_sent": ["x"]}


def test_a_refused_one_must_not_be_there() -> None:
    rows = [("receipt-a", "a"), ("receipt-b", "b"), ("receipt-d", "d")]
    once = Counter({"a": 1, "b": 1, "d": 1})
    verdict = check(history(), end(submissions=rows, leads=once, touches=once))
    assert verdict.problems == {"refused_yet_stored": ["d"]}


def test_one_key_has_one_receipt() -> None:
    ledger = history()
    ledger.invoke("a")
    ledger.ok("a", 202, "receipt-of-another-day", 0.01)
    assert check(ledger, end()).problems["changed_receipt"] == ["a"]


def test_everything_is_written_down(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    with Ledger(file) as ledger:
        ledger.invoke("a")
        ledger.ok("a", 202, "receipt-a", 0.25)
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert lines == [
        {"key": "a", "event": "invoke"},
        {"key": "a", "event": "ok", "status": 202, "receipt": "receipt-a", "seconds": 0.25},
    ]


def test_percentiles_are_of_what_was_answered() -> None:
    ledger = Ledger()
    for number in range(100):
        ledger.invoke(f"k{number}")
        ledger.ok(f"k{number}", 202, f"r{number}", number / 100)
    ledger.info("k0", "reset", 99.0)
    assert ledger.percentile(0.5) == 0.5
    assert ledger.percentile(1.0) == 0.99
