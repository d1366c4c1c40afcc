"""A regularised, calibrated logistic regression by scikit-learn: equal samples, equal models."""

import itertools
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import orjson

from app.adapters.learning import Lesson, Task, check_installed
from app.domain.ripeness.prediction_encoding import learnt
from app.domain.ripeness.prediction_facts import complete
from app.domain.ripeness.prediction_quality import log_loss, log_loss_of_rate, shares_of
from app.domain.ripeness.prediction_samples import Chosen, Sample, choose
from app.domain.ripeness.prediction_scoring import Feature, Forecaster, sigmoid
from app.domain.ripeness.score_quality import auc, auc_error, brier, reliability

FOLDS, SEED = 5, 20_260_101
# From strong to weak: the inverse of the penalty on the squared weights.
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
# With few leads the folds are dealt several times, for it matters who falls into which.
FEW, REPEATS = 2_000, 3
NEWEST = 0.25


def learn(task: Task) -> Lesson:
    """A model of the sample; NotInstalled without the extra."""
    check_installed()
    chosen = choose(task.sample, task.exclude, task.include)
    left_out = frozenset(
        [leak.feature for leak in chosen.leaks if not leak.used]
        + [each["feature"] for each in chosen.left_out if each["reason"] == "excluded"]
    )
    sample = _completed(task.sample, left_out)
    names = _usable(sample, [*chosen.names, "completeness"], task.exclude)
    learner = _Learner(sample, names)
    return learner.lesson(chosen, left_out)


def _completed(sample: Sample, left_out: frozenset[str]) -> Sample:
    return replace(sample, facts=[complete(each, left_out) for each in sample.facts])


def _usable(sample: Sample, names: Sequence[str], exclude: Sequence[str]) -> list[str]:
    varied = [name for name in names if name not in exclude]
    return [n for n in varied if len({repr(facts.get(n)) for facts in sample.facts}) > 1]


class _Learner:
    """Chooses the regularisation, calibrates, and judges, each on leads not learnt from.

    A lead's looks all fall into the same fold. Levels and bends are taken from all leads: that
    tells nothing of their verdicts.
    """

    def __init__(self, sample: Sample, names: Sequence[str]) -> None:
        import numpy as np  # noqa: PLC0415 - the extra may be missing, and takes long to load

        self._np = np
        self._sample = sample
        self._columns = {name: [facts.get(name) for facts in sample.facts] for name in names}
        self._encoders = {n: learnt(sample.kinds[n], c) for n, c in self._columns.items()}
        self._matrix = self._encoded()
        self._won = np.array(sample.converted, dtype=int)
        self._lead = np.array(sample.lead)
        self._last = np.array(sample.last_looks())

    def lesson(self, chosen: Chosen, left_out: frozenset[str]) -> Lesson:
        """The model and its report."""
        np = self._np
        rounds, strength = self._out_of_fold()
        slope, offset = self._calibrated(
            np.concatenate([logits for logits, _ in rounds]),
            np.concatenate([self._won for _ in rounds]),
        )
        weights, base = self._fitted(np.arange(len(self._won)), strength)
        model = self._forecaster(weights * slope, base * slope + offset, left_out)
        said = self._said(*rounds[0])
        report = {
            "validation": {
                "method": "out_of_fold",
                "folds": FOLDS,
                **self._judged(said, self._last),
                "auc_at_arrival": self._area(said, np.unique(self._lead, return_index=True)[1]),
            },
            "time_split": self._time_split(strength),
            "regularisation": strength,
            "calibration_slope": slope,
            "suspected_leaks": [asdict(leak) for leak in chosen.leaks],
            "left_out": chosen.left_out,
            "shares": shares_of([model.probability(self._sample.facts[n]) for n in self._last]),
        }
        return Lesson(document=model.document(), report=report)

    def _encoded(self) -> Any:
        """Every look as a row of columns."""
        widths = [len(encoder.columns) for encoder in self._encoders.values()]
        matrix = self._np.zeros((len(self._sample.facts), sum(widths)))
        start = 0
        for (name, encoder), width in zip(self._encoders.items(), widths, strict=True):
            for row, fact in enumerate(self._columns[name]):
                for within, value in encoder.encode(fact):
                    matrix[row, start + within] = value
            start += width
        return matrix

    def _fitted(self, learners: Any, strength: float) -> tuple[Any, float]:
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped] # noqa: PLC0415

        if self._matrix.shape[1] == 0:
            return self._np.zeros(0), self._log_odds_of_rate(self._won[learners])
        fitted = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-6)
        fitted.fit(self._matrix[learners], self._won[learners])
        return fitted.coef_[0], float(fitted.intercept_[0])

    def _log_odds_of_rate(self, won: Any) -> float:
        rate = float(won.mean())
        return math.log(rate / (1 - rate))

    def _out_of_fold(self) -> tuple[list[tuple[Any, Any]], float]:
        """Log-odds of every look by models that have not seen its lead, and its fold, with the
        regularisation that does best so."""
        np, won, last = self._np, self._won, self._last
        repeats = REPEATS if len(last) < FEW else 1
        logits = np.zeros((len(STRENGTHS), repeats, len(won)))
        folds = np.stack([self._dealt(SEED + repeat) for repeat in range(repeats)])
        for repeat, fold in itertools.product(range(repeats), range(FOLDS)):
            judged = folds[repeat] == fold
            for n, strength in enumerate(STRENGTHS):
                weights, base = self._fitted(np.flatnonzero(~judged), strength)
                logits[n, repeat, judged] = self._matrix[judged] @ weights + base
        losses = [
            sum(log_loss([sigmoid(z) for z in each[last]], list(won[last])) for each in logits[n])
            for n in range(len(STRENGTHS))
        ]
        best = losses.index(min(losses))
        return [(logits[best, r], folds[r]) for r in range(repeats)], STRENGTHS[best]

    def _dealt(self, seed: int) -> Any:
        """The fold of every look: leads are dealt, converted and others alike."""
        from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped] # noqa: PLC0415

        np = self._np
        fold_of = np.zeros(int(self._lead.max()) + 1, dtype=int)
        leads, won = self._lead[self._last], self._won[self._last]
        dealt = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(leads, won)
        for fold, (_, judged) in enumerate(dealt):
            fold_of[leads[judged]] = fold
        return fold_of[self._lead]

    def _calibrated(self, logits: Any, won: Any) -> tuple[float, float]:
        """Slope and offset of the line in log-odds that fits best what happened. A slope below
        nothing would turn noise upside down: then the overall rate is all that is known."""
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

        if logits.std() > 0:
            line = LogisticRegression(C=1e6, max_iter=1_000).fit(logits.reshape(-1, 1), won)
            if line.coef_[0][0] > 0:
                return float(line.coef_[0][0]), float(line.intercept_[0])
        return 0.0, self._log_odds_of_rate(won)

    def _said(self, logits: Any, folds: Any) -> Any:
        """The probability at each look, its calibration too learnt from other leads."""
        said = self._np.zeros(len(logits))
        for fold in range(FOLDS):
            others, own = folds != fold, folds == fold
            slope, offset = self._calibrated(logits[others], self._won[others])
            said[own] = [sigmoid(slope * z + offset) for z in logits[own]]
        return said

    def _judged(self, said: Any, places: Any) -> dict[str, Any]:
        told, won = [float(p) for p in said[places]], [bool(each) for each in self._won[places]]
        rate, area = sum(won) / len(won), self._area(said, places)
        return {
            "auc": area,
            "auc_error": auc_error(area, sum(won), len(won) - sum(won)),
            "brier": brier(told, won),
            "brier_of_rate": rate * (1 - rate),
            "log_loss": log_loss(told, won),
            "log_loss_of_rate": log_loss_of_rate(rate),
            "calibration": [asdict(row) for row in reliability(told, won)],
        }

    def _area(self, scores: Any, places: Any) -> float:
        won = [bool(each) for each in self._won[places]]
        return auc([float(score) for score in scores[places]], won) or 0.5

    def _time_split(self, strength: float) -> dict[str, Any] | None:
        """How well the older leads foretell the newest; None where these are too few to say."""
        np = self._np
        created = np.array(self._sample.created)
        by_age = self._last[np.argsort(created[self._last], kind="stable")]
        newest = max(1, int(len(by_age) * NEWEST))
        older, newer = by_age[:-newest], by_age[-newest:]
        least = min(self._won[newer].sum(), newest - self._won[newer].sum())
        if least < 10 or len({*self._won[older]}) < 2:
            return None
        learners = np.flatnonzero(np.isin(self._lead, self._lead[older]))
        weights, base = self._fitted(learners, strength)
        area = self._area(self._matrix @ weights + base, newer)
        return {"auc": area, "trained_on": len(older), "tested_on": newest}

    def _forecaster(self, weights: Any, base: float, left_out: frozenset[str]) -> Forecaster:
        """The model, its features centred on the sample: what they add is against the average."""
        features, start = [], 0
        for name, encoder in self._encoders.items():
            width = len(encoder.columns)
            own = [round(float(weight), 12) for weight in weights[start : start + width]]
            start += width
            column = [self._columns[name][n] for n in self._last]
            plain = Feature(name, self._sample.kinds[name], encoder, own, 0.0, 0.0, {})
            adds = [plain.adds(fact) for fact in column]
            mean = float(self._np.mean(adds))
            shares = shares_of([encoder.group(fact) for fact in column])
            spread = float(self._np.std(adds))
            features.append(Feature(name, plain.kind, encoder, own, mean, spread, shares))
            base += mean
        return Forecaster(base, features, left_out)


def main() -> None:
    """Learn what stands at the input, and write what was learnt."""
    told = orjson.loads(sys.stdin.buffer.read())
    task = Task(**{**told, "sample": Sample(**told["sample"])})
    sys.stdout.buffer.write(orjson.dumps(asdict(learn(task))))


if __name__ == "__main__":
    main()
