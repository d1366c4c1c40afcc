"""Models of predictions over the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.api.schemas.fields import Read, about
from app.api.schemas.leads.leads import AN_ID
from app.domain.ripeness.prediction import ModelStatus, PredictionModel
from app.domain.ripeness.prediction_quality import Reliability, reliability_of

AN_INSTANT = "2026-03-02T09:30:00Z"
A_BAND = {"count": 52, "said": 0.34, "converted": 17, "rate": 0.327}
A_DRIFT = {"name": "source", "index": 0.03, "chance": 0.05, "verdict": "stable"}
A_LEAK = {
    "feature": "custom.contract_number",
    "reason": "presence",
    "figure": 0.97,
    "threshold": 0.8,
    "used": False,
}
_WHAT_LEAKS = (
    "Features that knew too much: by their `value` or `presence` (area under the curve), or "
    "because hardly anybody of one kind has them (`purity`, the rate of conversion). Unless "
    "`used`, they were left out; `include` of the settings uses them, `exclude` silences them."
)


class DriftRead(Read):
    """How much one distribution has moved since training."""

    name: str = about("The feature; `predictions` for what is foretold itself.", "source")
    index: float = about("The population stability index: 0 is no change.", 0.03)
    chance: float = about("What it would hardly pass by chance alone.", 0.05)
    verdict: str = about("`stable`, `moved` (0.1), `changed` (0.25) or `too_few`.", "stable")


class ModelDrift(Read):
    """Whether the leads are still like those that were learnt from."""

    verdict: str = about("`stable`, `moved`, `changed` or `too_few`.", "stable")
    leads: int = about("How many newer leads were looked at.", 412)
    at: datetime = about("When.", AN_INSTANT)
    features: list[DriftRead] = about("Each distribution, the most moved first.", [A_DRIFT])


class PredictionModelRead(Read):
    """A version of the model."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    number: int = about("Its number in the workspace.", 3)
    status: ModelStatus = about("The one that is `published` is in force.", "published")
    converted: int = about("Converted leads it was learnt from.", 214)
    disqualified: int = about("Disqualified leads it was learnt from.", 803)
    auc: float = about("Area under the ROC curve, on leads it had not seen.", 0.81)
    brier: float = about("Brier score on them; 0 is perfect.", 0.14)
    log_loss: float = about("Log loss on them.", 0.43)
    reliability: Reliability = about(
        "`good` (AUC from 0.8), `fair` (from 0.7), `poor`, or `none`: it may be by chance.", "good"
    )
    trained_at: datetime = about("When it was learnt.", AN_INSTANT)
    published_at: datetime | None = about("When it was last put in force.", AN_INSTANT)


class WeightRead(Read):
    """A column of a feature, and what it adds to the log-odds."""

    column: str = about("A level, a word, or the bend of a line.", "Trade fair")
    weight: float = about("In log-odds.", 0.62)


class FeatureRead(Read):
    """A feature of the model."""

    name: str = about("Its name.", "source")
    kind: str = about("`level`, `words`, `number` or `count`.", "level")
    importance: float = about(
        "The standard deviation of what it adds to the log-odds of the leads learnt from.", 0.41
    )
    weights: list[WeightRead] = about("Its columns.", [{"column": "Trade fair", "weight": 0.62}])


class ValidationRead(Read):
    """How good the model is on leads that it has not seen."""

    method: str = about("How: each lead is foretold by a model of the others.", "out_of_fold")
    folds: int = about("In how many parts the leads were dealt.", 5)
    auc: float = about("Area under the ROC curve, at the last look before the verdict.", 0.81)
    auc_at_arrival: float = about("The same when a lead has only just come.", 0.74)
    auc_error: float = about("Its standard error.", 0.015)
    brier: float = about("Brier score.", 0.14)
    brier_of_rate: float = about("That of saying the overall rate of everybody.", 0.17)
    log_loss: float = about("Log loss.", 0.43)
    log_loss_of_rate: float = about("That of saying the overall rate of everybody.", 0.51)
    calibration: list[dict[str, Any]] = about(
        "What was said in bands of a tenth, and what happened.", [A_BAND]
    )


class PredictionModelReport(PredictionModelRead):
    """A version of the model with all that is known of it."""

    sample: dict[str, Any] = about(
        "What it was learnt from.", {"leads": 1017, "back_filled": 0, "horizon_days": 14}
    )
    validation: ValidationRead = about("How good it is on leads that it has not seen.")
    time_split: dict[str, Any] | None = about(
        "How well the oldest three quarters foretold the newest quarter; null: too few to say.",
        {"auc": 0.79, "trained_on": 763, "tested_on": 254},
    )
    regularisation: float = about("The strength in force (C): smaller is simpler.", 0.1)
    suspected_leaks: list[dict[str, Any]] = about(_WHAT_LEAKS, [A_LEAK])
    left_out: list[dict[str, Any]] = about(
        "Features that are not used, and why.", [{"feature": "city", "reason": "no_variation"}]
    )
    drift: ModelDrift | None = about("Whether leads have changed since; null: not looked yet.")
    features: list[FeatureRead] = about("Its features, the most important first.")


def model_read(model: PredictionModel) -> PredictionModelRead:
    """A model in short."""
    return PredictionModelRead(**_of_model(model))


def _of_model(model: PredictionModel) -> dict[str, Any]:
    told = {name: vars(model)[name] for name in PredictionModelRead.model_fields if name in _PLAIN}
    error = model.report["validation"]["auc_error"]
    return {**told, "reliability": reliability_of(model.auc, error)}


_PLAIN = frozenset(PredictionModelRead.model_fields) - {"reliability"}


def model_report(model: PredictionModel) -> PredictionModelReport:
    """A model with all that is known of it."""
    report = model.report
    features = sorted(model.document["features"], key=lambda each: (-each["spread"], each["name"]))
    names = ("sample", "time_split", "regularisation", "suspected_leaks", "left_out")
    return PredictionModelReport(
        **_of_model(model),
        **{name: report[name] for name in names},
        validation=ValidationRead(**report["validation"]),
        drift=None if model.drift is None else ModelDrift(**model.drift),
        features=[
            FeatureRead(
                name=each["name"],
                kind=each["kind"],
                importance=each["spread"],
                weights=[
                    WeightRead(column=column, weight=weight)
                    for column, weight in zip(each["columns"], each["weights"], strict=True)
                ],
            )
            for each in features
        ],
    )
