"""Facts, columns, leaks and drift of predictions, by their rules."""

import json
import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.leads.custom_fields import CustomField
from app.domain.leads.leads import Lead
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.prediction import named_by, next_look, percent_of
from app.domain.ripeness.prediction_encoding import (
    MISSING,
    OTHER,
    LevelEncoder,
    NumberEncoder,
    as_document,
    fold,
    from_document,
    learnt,
)
from app.domain.ripeness.prediction_facts import (
    Fact,
    FactKind,
    FactReader,
    complete,
    kind_of,
    title_words,
)
from app.domain.ripeness.prediction_quality import (
    Verdict,
    drift_of,
    log_loss,
    log_loss_of_rate,
    stability,
)
from app.domain.ripeness.prediction_samples import Sample, choose
from app.domain.ripeness.prediction_scoring import Feature, Forecaster

WORKSPACE, NOW = UUID(int=1), datetime(2026, 3, 2, 9, tzinfo=UTC)
FREE = frozenset({"gmail.com"})


def a_lead(**columns: Any) -> Lead:
    came = NOW - timedelta(days=7)
    plain: dict[str, Any] = {"created_at": came, "updated_at": came}
    return Lead(workspace_id=WORKSPACE, id=UUID(int=2), **{**plain, **columns})


def a_touch(kind: str, days_ago: float, **more: Any) -> Touchpoint:
    at = NOW - timedelta(days=days_ago)
    plain: dict[str, Any] = {"workspace_id": WORKSPACE, "lead_id": UUID(int=2), "kind": kind}
    return Touchpoint(id=UUID(int=3), occurred_at=at, recorded_at=at, **plain, **more)


def a_field(key: str, kind: str) -> CustomField:
    return CustomField(
        workspace_id=WORKSPACE,
        id=UUID(int=4),
        key=key,
        label=key,
        type=kind,
        choices=[],
        required=False,
        description=None,
        created_at=NOW,
        updated_at=NOW,
        version=1,
    )


def test_the_facts_of_a_lead() -> None:
    custom = {
        f.key: f for f in (a_field("plan", "text"), a_field("vip", "boolean"), a_field("d", "date"))
    }
    lead = a_lead(
        title="Leiterin Einkauf",
        email="ada@gmail.com",
        email_norm="ada@gmail.com",
        phone="unknown",
        country="Deutschland",
        country_code="DE",
        employee_count=40,
        status="qualified",
        owner_id=UUID(int=9),
        custom={"plan": "Gold", "vip": True, "d": "2026-01-01", "gone": "x"},
    )
    touches = [a_touch("call", 14, utm={"source": "xing"}), a_touch("call", 7)]
    facts = FactReader(custom, FREE).facts_of(lead, touches, NOW)
    assert facts["email"] == "free"
    assert facts["phone"] == "unreadable"
    assert facts["country"] == "DE"
    assert facts["employees"] == 40
    assert facts["title"] == ["head", "purchasing"]
    assert (facts["custom.plan"], facts["custom.vip"]) == ("Gold", "yes")
    assert facts["touches.count"] == 2
    assert facts["touches.kind.call"] == pytest.approx(0.5 + 0.5**0.5)
    assert facts["touches.recency"] == 7
    assert facts["age"] == 7
    assert facts["first_touch.source"] == "xing"
    # Neither what is not declared, nor dates, nor the work of those who decide.
    assert not {"custom.gone", "custom.d", "status", "owner_id", "industry"} & facts.keys()
    for name in facts:
        if name != "known":
            assert kind_of(name, custom)


def test_completeness_leaves_out_what_the_model_leaves_out() -> None:
    facts = FactReader({}, FREE).facts_of(a_lead(city="Wien", employee_count=4), [], NOW)
    assert complete(facts, ())["completeness"] == pytest.approx(2 / 17)
    assert complete(facts, {"employees"})["completeness"] == pytest.approx(1 / 16)


@pytest.mark.parametrize(
    "spelling",
    ["Trade Fair", "trade-fair", " TRADE  FAIR ", "Träde_fair", "tradefair", "Tradefairs"],
)
def test_spellings_of_a_level_are_one(spelling: str) -> None:
    encoder = LevelEncoder.learnt(["Trade fair"] * 20 + ["Website"] * 20 + [None])
    assert encoder.group(spelling) == "Trade fair"
    assert encoder.encode(spelling) == encoder.encode("Trade fair")


def test_what_is_rare_and_what_is_missing_are_levels_of_their_own() -> None:
    encoder = LevelEncoder.learnt(["A"] * 20 + ["B", "C"] + [None])
    assert encoder.columns == ["A", OTHER, MISSING]
    assert [encoder.group(fact) for fact in ("a", "b", "never seen", None)] == [
        "A",
        OTHER,
        OTHER,
        MISSING,
    ]
    assert fold("---") == "---"


def test_title_words_are_roles() -> None:
    assert title_words("CEO & Gründer") == ["chief", "owner"]
    assert title_words("Vice President of Sales") == ["president", "sales", "vp"]
    assert title_words(None) == []


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=40))
def test_a_number_is_a_line_with_bends(numbers: list[float | None]) -> None:
    encoder = NumberEncoder.learnt(numbers)
    weights = [1.0] * len(encoder.columns)

    def height(number: float) -> float:
        return sum(weights[n] * value for n, value in encoder.encode(number))

    known = sorted(number for number in numbers if number is not None)
    heights = [height(number) for number in known]
    assert all(math.isfinite(each) for each in heights)
    # With positive weights it only rises, and without jumps it is the same from both sides.
    assert heights == sorted(heights) or max(a - b for a, b in pairwise(heights)) < 1e-9
    if known:
        assert height(known[-1] + 1e9) == pytest.approx(height(known[-1] + 2e9))


@given(st.integers(0, 2**32))
def test_contributions_add_up_and_survive_json(seed: int) -> None:
    draw = random.Random(seed)
    columns: dict[str, tuple[str, list[Fact | None]]] = {
        "source": (
            FactKind.LEVEL,
            [draw.choice(["A", "B", "Longer name", None]) for _ in range(60)],
        ),
        "title": (
            FactKind.WORDS,
            [draw.choice([["chief"], ["head", "it"], None]) for _ in range(60)],
        ),
        "employees": (FactKind.NUMBER, [draw.choice([None, draw.gauss(5, 3)]) for _ in range(60)]),
        "touches.count": (FactKind.COUNT, [float(draw.randint(0, 4)) for _ in range(60)]),
    }
    features = []
    for name, (kind, column) in columns.items():
        encoder = learnt(kind, column)
        again = from_document(kind, json.loads(json.dumps(as_document(encoder), sort_keys=True)))
        assert again.columns == encoder.columns
        weights = [draw.gauss(0, 1) for _ in encoder.columns]
        features.append(Feature(name, kind, encoder, weights, draw.gauss(0, 1), 1.0, {}))
    model = Forecaster(draw.gauss(0, 1), features, frozenset())
    # As jsonb keeps it: keys in another order.
    stored = Forecaster.of(json.loads(json.dumps(model.document(), sort_keys=True)))
    for place in range(60):
        facts = {n: f for n, (_, c) in columns.items() if (f := c[place]) is not None}
        told = model.foretell(facts)
        total = told.base + sum(part.log_odds for part in told.contributions)
        assert total == pytest.approx(told.log_odds, abs=1e-9)
        assert told.probability == pytest.approx(1 / (1 + math.exp(-told.log_odds)))
        assert stored.probability(facts) == pytest.approx(told.probability, abs=1e-12)


# How often the bait is told of leads that were not converted, and of those that were.
_TOLD = {"presence": (0.0, 0.9), "purity": (0.0, 0.5), "none": (0.5, 0.5)}


def a_sample(bait: str, *, back_filled: bool = False, late: bool = False) -> Sample:
    draw = random.Random(5)
    won = [draw.random() < 0.4 for _ in range(300)]
    facts: list[dict[str, Any]] = [{"source": draw.choice(["A", "B"])} for _ in won]
    for each, converted in zip(facts, won, strict=True):
        if bait == "value":
            each["custom.bait"] = "x" if converted == (draw.random() < 0.97) else "y"
        elif draw.random() < _TOLD[bait][converted]:
            each["custom.bait"] = draw.choice(["x", "y"])
    return Sample(
        facts=facts,
        converted=won,
        lead=list(range(len(won))),
        created=[float(n) for n in range(len(won))],
        back_filled=[back_filled] * len(won),
        late=[["custom.bait"] if late and n % 2 else [] for n in range(len(won))],
        kinds={"source": "level", "custom.bait": "level"},
    )


@pytest.mark.parametrize("back_filled", [True, False])
@pytest.mark.parametrize("reason", ["value", "presence", "purity"])
def test_what_gives_the_verdict_away_is_left_out(reason: str, *, back_filled: bool) -> None:
    chosen = choose(a_sample(reason, back_filled=back_filled), (), ())
    assert [(leak.feature, leak.reason) for leak in chosen.leaks] == [("custom.bait", reason)]
    assert chosen.names == ["source"]
    included = choose(a_sample(reason, back_filled=back_filled), (), ("custom.bait",))
    assert included.leaks[0].used
    assert included.names == ["custom.bait", "source"]
    assert choose(a_sample(reason), ("custom",), ()).leaks == []


def test_what_gives_nothing_away_is_kept() -> None:
    chosen = choose(a_sample("none"), (), ())
    assert (chosen.leaks, chosen.names) == ([], ["custom.bait", "source"])


def test_what_is_mostly_told_late_is_left_out() -> None:
    [leak] = choose(a_sample("none", late=True), (), ()).leaks
    assert (leak.feature, leak.reason) == ("custom.bait", "late")


def test_where_only_one_kind_was_brought_in_both_are_judged_together() -> None:
    sample = a_sample("value")
    brought = replace(sample, back_filled=list(sample.converted))
    [leak] = choose(brought, (), ()).leaks
    assert (leak.feature, leak.reason) == ("custom.bait", "value")


@pytest.mark.parametrize("blank", ["Select", " -- please select -- ", "Bitte wählen", "--", " "])
def test_a_choice_that_nobody_made_is_not_known(blank: str) -> None:
    reader = FactReader({"plan": a_field("plan", "text")}, FREE)
    facts = reader.facts_of(a_lead(city=blank, custom={"plan": blank}), [], NOW)
    assert not {"city", "custom.plan", "known"} & facts.keys()
    told = reader.facts_of(a_lead(city="Selected", custom={"plan": "Select Plus"}), [], NOW)
    assert (told["city"], told["custom.plan"]) == ("Selected", "Select Plus")


def test_within_the_first_hour_an_age_tells_nothing() -> None:
    for minutes in (-5, 0, 3, 60):
        came = NOW - timedelta(minutes=minutes)
        touches = [a_touch("call", minutes / 1440)]
        facts = FactReader({}, FREE).facts_of(a_lead(created_at=came), touches, NOW)
        assert facts["age"] == facts["touches.recency"] == pytest.approx(1 / 24)


def test_what_is_no_number_any_more_is_missing() -> None:
    encoder = NumberEncoder.learnt([1.0, 5.0, 9.0, None])
    assert encoder.encode("many") == encoder.encode(None)
    assert encoder.group("many") == MISSING


def test_lists_name_features_and_groups() -> None:
    assert named_by("custom.tags", ["custom.tags"])
    assert named_by("touches.kind.call", ["touches"])
    assert not named_by("touches_more", ["touches"])


def test_percents_and_times_to_look_again() -> None:
    assert [percent_of(p) for p in (0.0, 0.004, 0.5, 0.999)] == [1, 1, 50, 99]
    assert next_look(NOW, None) is None
    assert next_look(NOW, NOW) == NOW + timedelta(days=1)
    assert next_look(NOW, NOW - timedelta(days=100)) == NOW + timedelta(days=10)
    assert next_look(NOW, NOW - timedelta(days=400)) is None


def test_log_loss_by_hand() -> None:
    assert log_loss([0.8, 0.4], [True, False]) == pytest.approx(
        -(math.log(0.8) + math.log(0.6)) / 2
    )
    assert log_loss_of_rate(0.5) == pytest.approx(math.log(2))


def test_stability_by_hand() -> None:
    before, since = {"a": 0.5, "b": 0.5}, {"a": 0.7, "b": 0.3}
    expected = 0.2 * math.log(0.7 / 0.5) - 0.2 * math.log(0.3 / 0.5)
    assert stability(before, since) == pytest.approx(expected)
    assert stability(before, before) == 0
    assert drift_of("x", before, 1000, since, 1000).verdict is Verdict.MOVED
    assert drift_of("x", before, 1000, since, 30).verdict is Verdict.TOO_FEW
    assert drift_of("x", before, 1000, {"c": 1.0}, 1000).verdict is Verdict.CHANGED


def test_chance_alone_is_no_drift() -> None:
    draw = random.Random(3)
    before = {str(n): 0.1 for n in range(10)}
    verdicts = []
    for _ in range(50):
        seen = [str(draw.randrange(10)) for _ in range(120)]
        since = {name: seen.count(name) / len(seen) for name in before}
        verdicts.append(drift_of("x", before, 200, since, len(seen)).verdict)
    assert verdicts.count(Verdict.STABLE) >= 48
