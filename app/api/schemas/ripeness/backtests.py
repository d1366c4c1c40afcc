"""Back-tests of scoring models over the wire."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.fields import Body, Read, about
from app.domain.ripeness.backtests import HORIZON_DAYS, MOST_LEADS, BacktestStatus
from app.domain.ripeness.backtests import comparable as comparable_figures
from app.services.ripeness.backtests import Compared, Comparison

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
Days = Annotated[int, Field(strict=True, ge=1, le=365)]
Leads = Annotated[int, Field(strict=True, ge=10, le=50_000)]
AN_AUC = 0.78
AN_ERROR = 0.02


class BacktestCreate(Body):
    """How to look back."""

    horizon_days: Days = about(
        "A lead is scored as it was so many days after its creation, or just before its verdict "
        "if that was earlier.",
        HORIZON_DAYS,
        default=HORIZON_DAYS,
    )
    leads: Leads = about(
        "The most leads to look at, the newest with a verdict.", MOST_LEADS, default=MOST_LEADS
    )


class BacktestSample(Read):
    """How many leads a back-test looked at."""

    leads: int = about("How many.", 1200)
    converted: int = about("Of them converted.", 310)
    disqualified: int = about("Of them disqualified.", 890)
    back_filled: int = about(
        "Of them told to the service only after the moment at which they are scored, as by an "
        "import of old leads: their values may be newer than that moment.",
        0,
    )


class LiftRowRead(Read):
    """A tenth of the leads, the first with the highest scores. Equal scores stay together, so that
    tenths may differ in size."""

    part: int = about("1 is the tenth with the highest scores.", 1)
    count: int = about("How many leads.", 120)
    converted: int = about("Of them converted.", 78)
    rate: float = about("Their share.", 0.65)
    lift: float = about("The rate, in multiples of that of all leads.", 2.5)
    captured: float = about("The share of all conversions down to here.", 0.25)
    lowest: float = about("The lowest score.", 71.0)
    highest: float = about("The highest score.", 96.0)


class ReliabilityRowRead(Read):
    """The leads of whom a probability in one band was said."""

    count: int = about("How many leads.", 130)
    said: float = about("The mean of what was said.", 0.34)
    converted: int = about("Of them converted.", 43)
    rate: float = about("Their share.", 0.33)


class CalibrationRead(Read):
    """The score read as a probability."""

    method: str = about("How the score becomes a probability.", "isotonic regression")
    brier: float = about("The mean square of probability less outcome; 0 is perfect.", 0.15)
    brier_of_rate: float = about("The same for saying the overall rate of every lead.", 0.19)
    skill: float = about("By how much of that the score is better; 1 is perfect.", 0.21)
    rows: list[ReliabilityRowRead] = about("Said against happened, in bands of a tenth.")


class GradeRead(Read):
    """The leads that had a grade."""

    count: int = about("How many.", 40)
    converted: int = about("Of them converted.", 28)
    rate: float = about("Their share.", 0.7)


class ModelFiguresRead(Read):
    """By what models are compared."""

    auc: float | None = about(
        "The probability that a converted lead has a higher score than a disqualified one.", AN_AUC
    )
    auc_error: float | None = about("The standard error of the AUC.", AN_ERROR)
    brier: float | None = about("The Brier score after calibration.", 0.15)
    top_lift: float | None = about("The lift of the tenth with the highest scores.", 2.5)
    monotone: bool | None = about(
        "Whether no tenth converts more often than a higher one.", example=True
    )


class PublishedFiguresRead(ModelFiguresRead):
    """The published model on the same leads."""

    model_id: UUID = about("Its id.", AN_ID)
    number: int = about("Its number.", 3)
    name: str = about("Its name.", "Standard")


class ModelChangesRead(Read):
    """What would be different if the model were published now, over all leads."""

    leads: int = about("How many leads were looked at.", 12_000)
    grades_before: dict[str, int] = about("Leads by grade under the published model.", {"A1": 80})
    grades_after: dict[str, int] = about("Leads by grade under this one.", {"A1": 95})
    changed_grades: int = about("Leads whose grade would be another one.", 1_400)
    mql: int = about("Leads whose score would make them MQL, and that are not yet.", 31)
    sql: int = about("Leads whose score would make them SQL, and that are not yet.", 4)


class BacktestResultRead(Read):
    """What came of it."""

    sample: BacktestSample = about("The leads that were looked at.")
    auc: float | None = about(
        "The probability that a converted lead has a higher score than a disqualified one, ties "
        "counting half; null unless there are some of both.",
        AN_AUC,
    )
    auc_error: float | None = about("The standard error of the AUC.", AN_ERROR)
    lift: list[LiftRowRead] = about("The leads in tenths by score.")
    monotone: bool | None = about(
        "Whether no tenth converts more often than a higher one.", example=True
    )
    calibration: CalibrationRead | None = about("Null when there are too few leads.")
    grades: dict[str, GradeRead] = about(
        "By grade.", {"A1": {"count": 40, "converted": 28, "rate": 0.7}}
    )
    reliable: bool = about("Whether there are outcomes enough to rely on.", example=True)
    findings: list[str] = about("The figures in words.", ["too few outcomes to rely on: …"])
    published: PublishedFiguresRead | None = about(
        "The published model on the same leads; null when there is none or it is this one."
    )
    changes: ModelChangesRead = about("What would be different if it were published now.")


class BacktestRead(Read):
    """A back-test of a scoring model."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    model_id: UUID = about("The model.", AN_ID)
    model_number: int = about("Its number.", 4)
    model_name: str = about("Its name when the test was asked for.", "Standard")
    model_version: int = about("Its version when the test was asked for.", 2)
    horizon_days: int = about("How long after its creation a lead is looked at.", HORIZON_DAYS)
    leads_limit: int = about("The most leads to look at.", MOST_LEADS)
    status: BacktestStatus = about(
        "Of one that is `pending` the job tells how far it is, and whether it failed.", "done"
    )
    job_id: UUID | None = about("The job that carries it out.", AN_ID)
    result: BacktestResultRead | None = about("Null while it is pending.")
    created_at: datetime = about("When it was asked for.", "2026-03-02T09:30:00Z")
    finished_at: datetime | None = about("When it was done.", "2026-03-02T09:30:04Z")


class ComparedModelRead(Read):
    """One of two models."""

    id: UUID = about("Id.", AN_ID)
    number: int = about("Number.", 4)
    name: str = about("Name.", "Standard")
    status: str = about("Status.", "draft")
    backtest_id: UUID | None = about("Its newest back-test that is done.", AN_ID)
    tested_at: datetime | None = about("When that was done.", "2026-03-02T09:30:04Z")
    sample: BacktestSample | None = about("The leads of that test.")
    figures: ModelFiguresRead | None = about("What came of that test.")

    @classmethod
    def of_compared(cls, compared: Compared) -> Self:
        """A model with its newest figures."""
        model, test = compared.model, compared.backtest
        result = test.result if test else None
        return cls(
            id=model.id,
            number=model.number,
            name=model.name,
            status=model.status,
            backtest_id=test.id if test else None,
            tested_at=test.finished_at if test else None,
            sample=BacktestSample.model_validate(result["sample"]) if result else None,
            figures=ModelFiguresRead(**comparable_figures(result)) if result else None,
        )


class RuleOfOneRead(Read):
    """A rule that only one of them has."""

    section: str = about("`fit` or `engagement`.", "fit")
    rule: dict[str, Any] = about("The rule.", {"key": "decider", "points": 30})


class RuleChangeRead(Read):
    """A rule that differs."""

    section: str = about("`fit` or `engagement`.", "fit")
    key: str = about("The rule's key.", "decider")
    label: str = about("The rule's label.", "Decides")
    before: dict[str, Any] = about("What the first says, of what differs.", {"points": 20})
    after: dict[str, Any] = about("What the other says.", {"points": 30})


class ComparisonRead(Read):
    """What changes from one model to the other."""

    model: ComparedModelRead = about("The model of the path.")
    other: ComparedModelRead = about("The model of `with`.")
    added: list[RuleOfOneRead] = about("Rules that only the other has.")
    removed: list[RuleOfOneRead] = about("Rules that only this one has.")
    changed: list[RuleChangeRead] = about("Rules of the same key that differ.")
    settings: dict[str, dict[str, Any]] = about(
        "Whatever else differs, by its place in the document, as it is here and there.",
        {"/fit_share": {"before": 50, "after": 60}},
    )

    @classmethod
    def of_comparison(cls, found: Comparison) -> Self:
        """The comparison as it is shown."""
        rules = found.rules
        return cls(
            model=ComparedModelRead.of_compared(found.one),
            other=ComparedModelRead.of_compared(found.other),
            added=[RuleOfOneRead.model_validate(each) for each in rules.added],
            removed=[RuleOfOneRead.model_validate(each) for each in rules.removed],
            changed=[RuleChangeRead.model_validate(each) for each in rules.changed],
            settings=rules.settings,
        )
