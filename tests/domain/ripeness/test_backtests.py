"""What is told of a model's figures, and what sets two models apart."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any
from uuid import UUID

from app.domain.ripeness.backtests import Judged, comparable, figures_of
from app.domain.ripeness.model_comparison import Differences, differences
from app.domain.ripeness.scoring_documents import TEMPLATES, document_of
from app.domain.ripeness.scoring_parsing import parse_model


def judged(scores: Sequence[int], converted: Sequence[bool]) -> list[Judged]:
    """Leads of the grade that goes with nothing but their score."""
    return [
        Judged(score=score, grade="A1" if score >= 50 else "D4", converted=won)
        for score, won in zip(scores, converted, strict=True)
    ]


def whole(document: Any) -> dict[str, Any]:
    """The document with its defaults."""
    return document_of(parse_model(document, {}, id=UUID(int=1), number=1, name="Test"))


class TestFigures:
    def test_a_good_model_is_told_as_such(self) -> None:
        scores = [n % 100 for n in range(400)]
        found = figures_of(judged(scores, [score >= 70 for score in scores]))
        assert (found["auc"], found["monotone"], found["reliable"]) == (1.0, True, True)
        assert found["sample"]["converted"] == 120
        assert found["lift"][0]["rate"] == 1.0
        assert found["calibration"]["brier"] < 0.02
        assert found["grades"]["A1"] == {"count": 200, "converted": 120, "rate": 0.6}
        assert found["grades"].keys() == {"A1", "D4"}
        assert len(found["findings"]) == 1
        assert "100 of 100 pairs" in found["findings"][0]

    def test_too_few_outcomes_are_named(self) -> None:
        found = figures_of(judged([10, 90, 20, 80], [False, True, False, True]))
        assert not found["reliable"]
        assert found["calibration"] is None
        assert found["findings"][0].startswith("too few outcomes to rely on: 2 converted and 2 dis")

    def test_thirty_nine_of_a_kind_are_too_few_and_forty_are_not(self) -> None:
        for count, reliable in ((39, False), (40, True)):
            scores = [n % 100 for n in range(count + 200)]
            sample = judged(scores, [n < count for n in range(len(scores))])
            assert figures_of(sample)["reliable"] is reliable

    def test_one_kind_of_verdict_says_nothing(self) -> None:
        for sample in ([], judged([10, 20], [True, True])):
            found = figures_of(sample)
            assert (found["auc"], found["calibration"], found["reliable"]) == (None, None, False)
            assert found["findings"][0].startswith("nothing can be said yet")

    def test_a_model_that_draws_lots_or_is_wrong_is_told(self) -> None:
        lots = figures_of(judged([n % 7 for n in range(500)], [n % 2 == 0 for n in range(500)]))
        assert any("drawing lots" in finding for finding in lots["findings"])
        scores = [n % 100 for n in range(500)]
        wrong = figures_of(judged(scores, [score < 30 for score in scores]))
        assert any("wrong way" in finding for finding in wrong["findings"])
        assert any("some part" in finding for finding in wrong["findings"])

    def test_what_is_compared_is_there_for_models_without_figures_too(self) -> None:
        none = comparable(figures_of([]))
        assert none == {
            "auc": None,
            "auc_error": None,
            "brier": None,
            "top_lift": None,
            "monotone": None,
        }


class TestDifferences:
    def test_a_model_does_not_differ_from_itself(self) -> None:
        document = whole(TEMPLATES["standard"])
        turned = deepcopy(document)
        turned["fit"]["rules"].reverse()
        found = differences(document, turned)
        assert found == Differences()

    def test_a_default_that_is_spelled_out_is_no_difference(self) -> None:
        found = differences(whole({}), whole({"fit_share": 50, "engagement": {"max": 100}}))
        assert found.settings == {}

    def test_rules_and_settings_are_told(self) -> None:
        before = whole(TEMPLATES["standard"])
        after = deepcopy(before)
        gone = after["fit"]["rules"].pop(0)
        after["engagement"]["rules"][0]["points"] = 7
        new = after["engagement"]["rules"][1] | {"key": "chat"}
        after["engagement"]["rules"].append(new)
        after["engagement"]["half_life_days"] = 14
        after["fit"]["groups"]["role"]["max"] = None
        after["mql"] = {"grades": ["A1"]}
        found = differences(before, after)
        assert [(each.section, each.rule["key"]) for each in found.removed] == [
            ("fit", gone["key"])
        ]
        assert [(each.section, each.rule["key"]) for each in found.added] == [
            ("engagement", "chat")
        ]
        [change] = found.changed
        assert (change.before, change.after) == ({"points": 30}, {"points": 7})
        assert found.settings == {
            "/engagement/half_life_days": {"before": 30, "after": 14},
            "/fit/groups/role/max": {"before": 30, "after": None},
            "/mql/score": {"before": 50, "after": None},
            "/mql/grades": {"before": None, "after": ["A1"]},
        }
