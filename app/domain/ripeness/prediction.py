"""The learnt probability that a lead is converted: settings, models, predictions, overrides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict
from app.domain.leads.leads import Lead
from app.domain.leads.status import Status
from app.domain.ripeness.prediction_scoring import Foretold

# With fewer of either a probability would be a guess.
LEAST_OF_EACH = 40
# The newest leads with a verdict that a training looks at.
MOST_LEARNT_FROM = 10_000
# When a lead is looked at to learn from it: at the first look, and at these parts of the horizon.
LOOKS = (0.25, 1.0)
# The extra that training needs.
EXTRA = "touchline[predict]"

# Told or worked out by those who decide what becomes of a lead, or about the row alone: whoever
# learnt from them would foretell what has already happened.
NEVER_USED = frozenset(
    "status lifecycle_stage qualification_outcome qualification_score qualification_completeness "
    "owner owner_id team team_id disqualified_reason disqualified_note mql_at sql_at "
    "opportunity_at customer_at version updated_at deleted_at merged_into is_test score grade fit "
    "engagement temperature prediction".split()
)


class ModelStatus(StrEnum):
    """One model at most is in force."""

    RETIRED = "retired"
    PUBLISHED = "published"


class Absence(StrEnum):
    """Why there is no prediction of a lead."""

    DISABLED = "disabled"
    NO_MODEL = "no_model"
    NOT_INSTALLED = "not_installed"
    DECIDED = "decided"
    TEST_LEAD = "test_lead"


@dataclass(eq=False, kw_only=True)
class PredictionSettings:
    """How a workspace has conversions foretold. `exclude` and `include` name features: what is
    excluded is never used, what is included is used although it looks like a leak."""

    workspace_id: UUID
    enabled: bool = True
    horizon_days: int = 14
    retrain_days: int | None = 7
    exclude: list[str] = field(default_factory=list)
    include: list[str] = field(default_factory=list)
    next_training_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def horizon(self) -> timedelta:
        """How long after its creation a lead is looked at, to learn from it."""
        return timedelta(days=self.horizon_days)


@dataclass(eq=False, kw_only=True)
class PredictionModel:
    """A version of the model: `document` scores a lead, `report` says how well."""

    workspace_id: UUID
    id: UUID
    number: int
    status: str
    converted: int
    disqualified: int
    auc: float
    brier: float
    log_loss: float
    document: dict[str, Any]
    report: dict[str, Any]
    drift: dict[str, Any] | None
    trained_at: datetime
    published_at: datetime | None
    created_at: datetime


@dataclass(eq=False, kw_only=True)
class LeadPrediction:
    """What is stored of a lead: the model's word, and that of a person, which outweighs it."""

    workspace_id: UUID
    lead_id: UUID
    model_id: UUID | None = None
    percent: int | None = None
    probability: float | None = None
    predicted_at: datetime | None = None
    due_at: datetime | None = None
    override_percent: int | None = None
    override_reason: str | None = None
    overridden_at: datetime | None = None
    overridden_by: UUID | None = None
    override_api_key_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """How many leads there are to learn from."""

    converted: int
    disqualified: int

    @property
    def enough(self) -> bool:
        """Whether a model can be learnt."""
        return min(self.converted, self.disqualified) >= LEAST_OF_EACH

    def check(self) -> None:
        """Raise Conflict, which tells both numbers, unless they are enough."""
        if not self.enough:
            raise Conflict(
                f"a probability is learnt from at least {LEAST_OF_EACH} converted and "
                f"{LEAST_OF_EACH} disqualified leads; there are {self.converted} and "
                f"{self.disqualified}",
                code="too_few_outcomes",
                extra={
                    "converted": self.converted,
                    "disqualified": self.disqualified,
                    "needed_of_each": LEAST_OF_EACH,
                },
            )


@dataclass(frozen=True, kw_only=True)
class PredictionState:
    """How a workspace has conversions foretold, and by what."""

    settings: PredictionSettings
    verdicts: Verdicts
    installed: bool
    model: PredictionModel | None


@dataclass(frozen=True, kw_only=True)
class LeadForecast:
    """What is foretold of a lead: what is stored, and by the model `as_of` an instant; or why
    there is nothing to tell."""

    lead_id: UUID
    stored: LeadPrediction | None
    model: PredictionModel | None = None
    foretold: Foretold | None = None
    as_of: datetime | None = None
    absent: Absence | None = None


def percent_of(probability: float) -> int:
    """A probability in whole percent; what may yet happen is never 0 and never 100."""
    return min(99, max(1, round(100 * probability)))


def is_foretold(lead: Lead) -> bool:
    """Whether there is something to foretell: trials are none, and a verdict is no guess."""
    return not lead.is_test and lead.status not in (Status.CONVERTED, Status.DISQUALIFIED)


def next_look(now: datetime, last_touch_at: datetime | None) -> datetime | None:
    """When to look at a lead again although nothing happened: what it did weighs less by then.

    The longer ago its last touch, the slower that goes; after a year nothing changes any more.
    """
    if last_touch_at is None:
        return None
    quiet = max(timedelta(0), now - last_touch_at)
    if quiet > timedelta(days=365):
        return None
    return now + max(timedelta(days=1), quiet / 10)


def named_by(name: str, listed: Mapping[str, Any] | list[str] | frozenset[str]) -> bool:
    """Whether a list names a feature: itself, or what it is a part of (`touches` all touches)."""
    parts = name.split(".")
    return any(".".join(parts[:length]) in listed for length in range(1, len(parts) + 1))
