"""Back-tests: what a scoring model would have said of leads of which the verdict is known."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.ripeness.lead_snapshots import Snapshot
from app.domain.ripeness.score_quality import (
    FOLDS,
    auc,
    auc_error,
    calibration,
    is_monotone,
    lift_table,
)
from app.domain.ripeness.scoring import (
    GRADES,
    ScoringModel,
    entries_of,
    fit_of,
    level_of,
    standing,
)
from app.domain.ripeness.scoring_parsing import parse_model
from app.domain.ripeness.scoring_rules import custom_as_kept

HORIZON_DAYS = 14
MOST_LEADS = 10_000
# With fewer of either the figures are a hint and no more.
LEAST_OF_EACH = 40
METHOD = f"isotonic regression of the score, {FOLDS} folds, each lead judged by the other folds"


class BacktestStatus(StrEnum):
    """Of one that is pending the job tells how far it is, and whether it failed."""

    PENDING = "pending"
    DONE = "done"


@dataclass(eq=False, kw_only=True)
class Backtest:
    """A back-test as stored: of the model as it was when the test was asked for."""

    workspace_id: UUID
    id: UUID
    model_id: UUID
    model_number: int
    model_name: str
    model_version: int
    document: dict[str, Any]
    declared_fields: dict[str, dict[str, Any]]
    horizon_days: int
    leads_limit: int
    status: str = BacktestStatus.PENDING
    job_id: UUID | None = None
    result: dict[str, Any] | None = None
    created_at: datetime
    finished_at: datetime | None = None

    def model(self) -> ScoringModel:
        """What the rules said when the test was asked for."""
        return parse_model(
            self.document,
            custom_as_kept(self.declared_fields),
            id=self.model_id,
            number=self.model_number,
            name=self.model_name,
            at="/document",
        )


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a model said of a lead, and what became of it."""

    score: int
    grade: str
    converted: bool
    back_filled: bool = False


@dataclass(kw_only=True)
class Judgement:
    """What several models say of the same leads; the first is the one that is tested."""

    models: Sequence[ScoringModel]
    judged: list[list[Judged]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.judged = [[] for _ in self.models]

    def judge(self, snapshot: Snapshot, *, converted: bool) -> None:
        """Score a lead as it was."""
        for model, judged in zip(self.models, self.judged, strict=True):
            judged.append(_judged(model, snapshot, converted=converted))


def _judged(model: ScoringModel, snapshot: Snapshot, *, converted: bool) -> Judged:
    level = level_of(model, entries_of(model, snapshot.touches))
    found = standing(model, fit_of(model, snapshot.lead), level, snapshot.moment)
    return Judged(
        score=found.score,
        grade=found.grade,
        converted=converted,
        back_filled=snapshot.back_filled,
    )


def figures_of(judged: Sequence[Judged]) -> dict[str, Any]:
    """Every figure of a model, as it is stored and shown. What cannot be told is None."""
    good = sum(each.converted for each in judged)
    bad = len(judged) - good
    scores = [float(each.score) for each in judged]
    converted = [each.converted for each in judged]
    area = auc(scores, converted)
    rows = lift_table(scores, converted)
    error = None if area is None else auc_error(area, good, bad)
    calibrated = None
    if area is not None and min(good, bad) >= FOLDS:
        calibrated = {"method": METHOD} | asdict(calibration(scores, converted))
    return {
        "sample": {
            "leads": len(judged),
            "converted": good,
            "disqualified": bad,
            "back_filled": sum(each.back_filled for each in judged),
        },
        "auc": area,
        "auc_error": error,
        "lift": [asdict(row) for row in rows],
        "monotone": is_monotone(rows) if rows else None,
        "calibration": calibrated,
        "grades": _by_grade(judged),
        "reliable": min(good, bad) >= LEAST_OF_EACH,
        "findings": _findings(area, error, good, bad, monotone=is_monotone(rows)),
    }


def _by_grade(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    counted = {}
    for grade in GRADES:
        outcomes = [each.converted for each in judged if each.grade == grade]
        if outcomes:
            won = sum(outcomes)
            told = {"count": len(outcomes), "converted": won, "rate": won / len(outcomes)}
            counted[grade] = told
    return counted


def _findings(
    area: float | None, error: float | None, good: int, bad: int, *, monotone: bool
) -> list[str]:
    """The figures in words, for those who do not read figures."""
    seen = f"{good:,} converted and {bad:,} disqualified leads"
    if area is None or error is None:
        return [f"nothing can be said yet: there are {seen}, and it takes some of both"]
    found = []
    if min(good, bad) < LEAST_OF_EACH:
        found.append(
            f"too few outcomes to rely on: {seen}; from {LEAST_OF_EACH} of each on the figures "
            "are more than a hint"
        )
    found.append(
        f"in {100 * area:.0f} of 100 pairs of a converted and a disqualified lead the converted "
        f"one has the higher score (give or take {200 * error:.0f})"
    )
    if area - 2 * error <= 0.5 < area + 2 * error:
        found.append("that is no better than drawing lots, as far as these leads can tell")
    elif area + 2 * error <= 0.5:
        found.append("the score points the wrong way: the worse leads have the higher scores")
    if not monotone:
        found.append(
            "some part of the leads converts more often than one with higher scores: "
            "with few leads a part that is chance, with many look at the rules between them"
        )
    return found


def comparable(figures: dict[str, Any]) -> dict[str, Any]:
    """Of the figures those by which two models are compared."""
    calibrated, rows = figures["calibration"], figures["lift"]
    return {
        "auc": figures["auc"],
        "auc_error": figures["auc_error"],
        "brier": calibrated["brier"] if calibrated else None,
        "top_lift": rows[0]["lift"] if rows else None,
        "monotone": figures["monotone"],
    }
