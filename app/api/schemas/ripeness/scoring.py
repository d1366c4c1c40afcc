"""A lead's score in full, over the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.api.schemas.fields import Instant, Read, about, optional
from app.api.schemas.leads.leads import AN_ID
from app.domain.ripeness.score_ledger import Ledger
from app.domain.ripeness.scoring import GRADES, TEMPERATURES

NOW = "2026-03-02T09:30:00Z"


class LedgerQuery(BaseModel):
    """Which score, and how much of it."""

    model_config = ConfigDict(extra="forbid")

    as_of: Instant | None = optional(
        "The score as it was known at this instant: by the model that was published then, without "
        "touches that were recorded later. An instant to come tells what it will be.",
        NOW,
    )
    model_id: UUID | None = optional("By this version instead, which may be a draft.")
    limit: int = about("How many engagement points are told.", 200, default=200, ge=1, le=1_000)


class LedgerModelRead(Read):
    """The version of the scoring model."""

    id: UUID = about("The model's id.", AN_ID)
    number: int = about("The number of the version.", 3)
    name: str = about("Its name.", "Standard")
    half_life_days: int = about("After so many days points are worth half.", 30)


class StandingRead(Read):
    """Where the lead stands at an instant."""

    fit: int = about("How well it fits.", 70)
    engagement: float = about("What its touches are worth.", 43.5)
    score: int = about("Both in one, 0 to 100.", 57)
    grade: str = about(
        "A letter for fit and a digit for engagement.",
        "B2",
        json_schema_extra={"enum": list(GRADES)},
    )
    temperature: str = about(
        "Hot, warm or cold.", "warm", json_schema_extra={"enum": list(TEMPERATURES)}
    )


class FitPointRead(Read):
    """A fit rule that the lead meets."""

    rule: str = about("The rule's key.", "software")
    label: str = about("The rule's name.", "Software company")
    version: int = about("The number of the model's version.", 3)
    group: str | None = about(
        "The group whose points are together held within bounds.", "company_size"
    )
    points: int = about("Points, before group and whole are held within bounds.", 40)
    knock_out: bool = about("Whether it makes the fit 0.", example=False)


class PointCauseRead(Read):
    """The touch that earned points."""

    touchpoint_id: UUID = about("The touchpoint.", AN_ID)
    kind: str = about("Its kind.", "content_downloaded")
    occurred_at: datetime = about("When it happened.", NOW)


class EngagementPointRead(Read):
    """What a touch earned by a rule."""

    rule: str = about("The rule's key.", "download")
    label: str = about("The rule's name.", "Downloads")
    version: int = about("The number of the model's version.", 3)
    cause: PointCauseRead = about("The touch.")
    points: int = about("Points when it happened.", 10)
    now: float = about("What is left of them.", 7.1)
    in_7_days: float = about("What will be left of them in seven days.", 6.0)


class ThresholdRead(Read):
    """The next step of something."""

    name: str = about(
        "What it is a step of.",
        "stage",
        json_schema_extra={"enum": ["stage", "fit", "engagement", "temperature"]},
    )
    step: str = about("The step: mql or sql, a letter, a digit, warm or hot.", "mql")
    reached: bool = about("Whether the score has come there.", example=False)
    missing: float | None = about(
        "How much is missing: of score for a stage and temperature, else of fit or engagement; "
        "null where grades decide.",
        8.0,
    )
    grades: list[str] = about("The grades that decide, if they do.", ["A1", "A2"])


class LeadLedgerRead(Read):
    """A lead's score, point by point."""

    lead_id: UUID = about("The lead.", AN_ID)
    as_of: datetime = about("The instant.", NOW)
    model: LedgerModelRead | None = about("By which version; null when none was published.")
    now: StandingRead | None = about("Where it stands at the instant.")
    in_7_days: StandingRead | None = about("Where it stands seven days later if nothing happens.")
    knocked_out_by: str | None = about("The fit rule that knocks it out.", "competitor")
    fit_points: list[FitPointRead] = about("The fit rules that it meets.")
    engagement_points: list[EngagementPointRead] = about("Points, of the newest touch first.")
    engagement_points_count: int = about("How many there are in all.", 12)
    thresholds: list[ThresholdRead] = about("The stages, and the next steps of grade and warmth.")

    @classmethod
    def of_ledger(cls, ledger: Ledger, limit: int) -> "LeadLedgerRead":
        """The domain's form, with so many of its points."""
        told = vars(ledger) | {
            "engagement_points": ledger.engagement_points[:limit],
            "engagement_points_count": len(ledger.engagement_points),
        }
        return cls.model_validate(told)
