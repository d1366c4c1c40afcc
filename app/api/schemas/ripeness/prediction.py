"""Predictions over the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, field_validator

from app.api.schemas.fields import Body, Flag, Line, Percent, Read, about, kept, optional
from app.api.schemas.leads.leads import AN_ID
from app.api.schemas.ripeness.prediction_models import (
    AN_INSTANT,
    PredictionModelRead,
    PredictionModelReport,
    model_read,
    model_report,
)
from app.domain.ripeness.prediction import (
    EXTRA,
    LEAST_OF_EACH,
    Absence,
    LeadForecast,
    PredictionState,
    percent_of,
)

FeatureName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+){0,3}$", max_length=120)]
FeatureNames = Annotated[list[FeatureName], Field(max_length=200)]


class PredictionUpdate(Body):
    """A JSON merge patch."""

    enabled: Flag | None = kept("Whether leads are foretold.", example=True)
    horizon_days: Annotated[int, Field(strict=True, ge=1, le=365)] | None = kept(
        "How many days after its creation a lead is looked at, to learn from it.", 14
    )
    retrain_days: Annotated[int, Field(strict=True, ge=1, le=365)] | None = optional(
        "Train anew after so many days; null: only when asked to.",
        7,
        json_schema_extra=lambda schema: schema.pop("default", None),
    )
    exclude: FeatureNames | None = kept(
        "Features that are never used: `custom.tags`, or `touches` for all that begin so.",
        ["custom.tags"],
    )
    include: FeatureNames | None = kept(
        "Features that are used although they look like leaks.", ["custom.budget"]
    )

    @field_validator("enabled", "horizon_days", "exclude", "include")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("must not be null")
        return value

    def changes(self) -> dict[str, Any]:
        """What is to be changed."""
        return self.model_dump(exclude_unset=True)


class OutcomesRead(Read):
    """What there is to learn from."""

    converted: int = about("Converted leads.", 214)
    disqualified: int = about("Disqualified leads.", 803)
    needed_of_each: int = about("How many of each are needed.", LEAST_OF_EACH)
    enough: bool = about("Whether a model can be learnt.", example=True)


class PredictionRead(Read):
    """How the workspace has conversions foretold."""

    enabled: bool = about("Whether leads are foretold.", example=True)
    horizon_days: int = about("When after its creation a lead is looked at to learn from it.", 14)
    retrain_days: int | None = about("Trained anew after so many days.", 7)
    exclude: list[str] = about("Features that are never used.", ["custom.tags"])
    include: list[str] = about("Features that are used although they look like leaks.", [])
    next_training_at: datetime | None = about("When it is next trained by schedule.", AN_INSTANT)
    installed: bool = about("Whether this installation can train.", example=True)
    install: str = about("The extra that training needs.", EXTRA)
    outcomes: OutcomesRead = about("How many leads there are to learn from.")
    model: PredictionModelReport | None = about("The model in force; null: none yet.")
    updated_at: datetime = about("When the settings last changed.", AN_INSTANT)
    version: int = about("Grows with every change; the ETag. 0 while all is default.", 1)


class OverrideBody(Body):
    """What a person says instead."""

    percent: Percent = about("The probability in percent.", 80)
    reason: Line = about("Why; shown with the prediction.", "Signed a letter of intent at the fair")


class OverrideRead(Read):
    """What a person says, which outweighs the model."""

    percent: int = about("The probability in percent.", 80)
    reason: str | None = about("Why.", "Signed a letter of intent at the fair")
    overridden_at: datetime | None = about("When it was said.", AN_INSTANT)
    user_id: UUID | None = about("By whom, where a person was named.", AN_ID)
    api_key_id: UUID | None = about("By which key.", AN_ID)


class ContributionRead(Read):
    """What one feature adds."""

    feature: str = about("The feature.", "source")
    log_odds: float = about("What it adds to the log-odds, against the average lead.", 0.62)
    group: str = about("The part of its distribution that the lead is in.", "Trade fair")


class LeadPredictionRead(Read):
    """What is foretold of a lead."""

    lead_id: UUID = about("The lead.", AN_ID)
    percent: int | None = about(
        "What counts, in percent: the override, else the model's word. Conditions and lists read "
        "it as `prediction`, as it was stored shortly after the lead last changed.",
        34,
    )
    probability: float | None = about("What the model says, from 0 to 1.", 0.338)
    absent: Absence | None = about("Why the model says nothing of it this moment.")
    log_odds: float | None = about(
        "The logarithm of the odds: `base` and all contributions.", -0.67
    )
    base: float | None = about("The log-odds of an average lead.", -1.1)
    contributions: list[ContributionRead] = about("The parts, the heaviest first.")
    model: PredictionModelRead | None = about("The model that says so.")
    as_of: datetime | None = about("The moment whose facts were looked at.", AN_INSTANT)
    override: OverrideRead | None = about("What a person says instead.")


def prediction_read(state: PredictionState) -> PredictionRead:
    """The answer."""
    settings, verdicts = state.settings, state.verdicts
    return PredictionRead(
        **{name: value for name, value in vars(settings).items() if name in _OF_SETTINGS},
        installed=state.installed,
        install=EXTRA,
        outcomes=OutcomesRead(
            converted=verdicts.converted,
            disqualified=verdicts.disqualified,
            needed_of_each=LEAST_OF_EACH,
            enough=verdicts.enough,
        ),
        model=None if state.model is None else model_report(state.model),
    )


_OF_SETTINGS = (
    "enabled horizon_days retrain_days exclude include next_training_at updated_at version".split()
)


def lead_prediction_read(forecast: LeadForecast) -> LeadPredictionRead:
    """The answer."""
    stored, foretold = forecast.stored, forecast.foretold
    probability = foretold.probability if foretold else stored.probability if stored else None
    override = None
    if stored is not None and stored.override_percent is not None:
        override = OverrideRead(
            percent=stored.override_percent,
            reason=stored.override_reason,
            overridden_at=stored.overridden_at,
            user_id=stored.overridden_by,
            api_key_id=stored.override_api_key_id,
        )
    said = None if probability is None else percent_of(probability)
    return LeadPredictionRead(
        lead_id=forecast.lead_id,
        percent=override.percent if override else said,
        probability=probability,
        absent=forecast.absent,
        log_odds=foretold.log_odds if foretold else None,
        base=foretold.base if foretold else None,
        contributions=[
            ContributionRead(feature=each.feature, log_odds=each.log_odds, group=each.group)
            for each in (foretold.contributions if foretold else ())
        ],
        model=model_read(forecast.model) if forecast.model else None,
        as_of=forecast.as_of,
        override=override,
    )
