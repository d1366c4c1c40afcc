"""One workspace made up, loaded, scored and foretold, and how well that finds who converts."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from app.domain.ripeness.score_quality import auc, brier, lift_table
from app.platform import clock
from app.platform.config import Settings
from app.services.ripeness.prediction_keeping import facts_now, forecaster_of
from benchmarks.scoring.hand_made import CUSTOM_FIELDS, MODEL
from benchmarks.scoring.loading import Cohort, imported
from benchmarks.scoring.people import DAYS_AFTER, Person, people
from benchmarks.scoring.workspaces import Workspace, new_workspace

COHORTS = 8
FIRST_DAY = 300
READ_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many people: judged ones who came day by day, judged ones of an import, open ones."""

    live: int
    imported: int
    open: int


@dataclass(kw_only=True)
class Measured:
    """The figures of one seed. Those of the rule, the score and the prediction are about the same
    open leads, whose verdict only the generator knows; the back-test is about the judged ones."""

    seed: int
    judged: int
    open: int
    rule: float
    best_guess: float
    hand_made: float
    prediction: float
    prediction_says: float
    brier_rule: float
    brier_prediction: float
    brier_rate: float
    backtest: dict[str, Any]
    deciles: dict[int, float]
    leaks: list[str]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def gap(self) -> float:
        """How far the prediction stays behind the rule."""
        return self.rule - self.prediction

    @property
    def open_monotone(self) -> bool:
        """Whether no tenth of the open leads converts more often than a higher one."""
        rates = list(self.deciles.values())
        return rates == sorted(rates, reverse=True)

    @property
    def monotone(self) -> bool:
        """Whether that is so of the judged leads as well."""
        return bool(self.backtest["monotone"]) and self.open_monotone


class Trial:
    """A workspace of one seed."""

    def __init__(self, workspace: Workspace, seed: int, sizes: Sizes) -> None:
        self._workspace = workspace
        self._seed = seed
        self._sizes = sizes
        self._open: list[Person] = []
        self.seconds: dict[str, float] = {}

    async def measured(self) -> Measured:
        """Everything, step by step."""
        started = time.perf_counter()

        def lap(step: str) -> None:
            nonlocal started
            self.seconds[step] = time.perf_counter() - started
            started = time.perf_counter()

        await self._load()
        lap("load")
        backtest = await self._scored()
        lap("score")
        model = await self._learnt()
        lap("learn")
        scores = await self._scores()
        said = await self._foretold()
        lap("read")
        return self._figures(backtest, model, scores, said)

    async def _load(self) -> None:
        workspace, sizes = self._workspace, self._sizes
        for declared in CUSTOM_FIELDS:
            await workspace.ask("POST", "/v1/custom-fields", json=declared)
        now = clock.now()
        old = people(self._seed, sizes.imported)
        days = {p.number: FIRST_DAY - (p.number * 37) % (FIRST_DAY - 30) for p in old}
        await imported(workspace, old, {n: now - timedelta(days=d) for n, d in days.items()})
        live = people(self._seed, sizes.live, first=sizes.imported)
        for number in range(COHORTS):
            came = now - timedelta(days=FIRST_DAY * (COHORTS - number) / COHORTS)
            cohort = Cohort(workspace, live[number::COHORTS], came)
            await cohort.come()
            await cohort.look_around()
            await cohort.are_contacted()
            await cohort.are_judged()
        self._open = people(self._seed, sizes.open, first=sizes.imported + sizes.live)
        newest = Cohort(workspace, self._open, now - timedelta(days=DAYS_AFTER))
        await newest.come()
        await newest.look_around()

    async def _scored(self) -> dict[str, Any]:
        """The hand-made model back-tested as a draft, and then published."""
        ask = self._workspace.ask
        body = {"name": "Hand-made", "document": MODEL}
        path = f"/v1/scoring-models/{(await ask('POST', '/v1/scoring-models', json=body))['id']}"
        test = await ask("POST", f"{path}/backtest", json={"leads": 50_000})
        await self._workspace.work_off()
        test = await ask("GET", f"{path}/backtests/{test['id']}")
        await ask("POST", f"{path}/publish", json={})
        await self._workspace.work_off()
        result: dict[str, Any] = test["result"]
        return result

    async def _learnt(self) -> dict[str, Any]:
        await self._workspace.ask("POST", "/v1/prediction/train")
        await self._workspace.work_off()
        state = await self._workspace.ask("GET", "/v1/prediction")
        found: dict[str, Any] = state["model"]
        report: dict[str, Any] = await self._workspace.ask(
            "GET", f"/v1/prediction/models/{found['id']}"
        )
        return report

    async def _scores(self) -> list[float]:
        leads = await self._workspace.leads()
        return [float(leads[person.email]["score"]["score"]) for person in self._open]

    async def _foretold(self) -> list[float]:
        """By the service below HTTP: to ask for thousands of leads one by one takes too long."""
        leads = await self._workspace.leads()
        ids = [leads[person.email]["id"] for person in self._open]
        said: list[float] = []
        async with self._workspace.work() as uow:
            model = await uow.prediction_models.published()
            if model is None:
                raise RuntimeError("no model was learnt")
            forecaster = forecaster_of(model)
            for start in range(0, len(ids), READ_AT_ONCE):
                some = ids[start : start + READ_AT_ONCE]
                found = {str(each.id): each for each in await uow.field_history.leads_ever(some)}
                facts = await facts_now(uow, [found[lead_id] for lead_id in some], clock.now())
                said += [forecaster.probability(each) for each in facts]
        return said

    def _figures(
        self,
        backtest: dict[str, Any],
        model: dict[str, Any],
        scores: Sequence[float],
        said: Sequence[float],
    ) -> Measured:
        won = [person.converted for person in self._open]
        rule = [person.probability for person in self._open]
        rate = sum(won) / len(won)
        return Measured(
            seed=self._seed,
            judged=backtest["sample"]["leads"],
            open=len(won),
            rule=auc(rule, won) or 0.0,
            best_guess=auc([person.best_guess for person in self._open], won) or 0.0,
            hand_made=auc(scores, won) or 0.0,
            prediction=auc(said, won) or 0.0,
            prediction_says=model["auc"],
            brier_rule=brier(rule, won),
            brier_prediction=brier(said, won),
            brier_rate=rate * (1 - rate),
            backtest=backtest,
            deciles={row.part: row.rate for row in lift_table(scores, won)},
            leaks=sorted(each["feature"] for each in model["suspected_leaks"]),
            seconds=self.seconds,
        )


async def measure(app: FastAPI, settings: Settings, seed: int, sizes: Sizes) -> Measured:
    """The figures of one seed, in a workspace of its own."""
    async with new_workspace(app, settings, f"seed-{seed}") as workspace:
        return await Trial(workspace, seed, sizes).measured()
