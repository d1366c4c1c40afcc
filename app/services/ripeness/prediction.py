"""The learnt probability of conversion: settings, models, leads, overrides."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.adapters.learning import check_installed, is_installed
from app.domain.errors import Invalid, LostRace, NotFound
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType, difference
from app.domain.reach.jobs import CANCELLABLE, Job
from app.domain.ripeness.prediction import (
    NEVER_USED,
    Absence,
    LeadForecast,
    LeadPrediction,
    ModelStatus,
    PredictionModel,
    PredictionSettings,
    PredictionState,
    is_foretold,
    named_by,
    percent_of,
)
from app.platform import clock
from app.repositories.unit_of_work import UnitOfWork
from app.services.patching import check_version
from app.services.ripeness.prediction_keeping import FORETELL_LEADS, facts_now, forecaster_of
from app.services.ripeness.prediction_training import TRAIN_PREDICTION

_TOLD = ("enabled", "horizon_days", "retrain_days", "exclude", "include")


class PredictionService:
    """Use cases of predictions."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def state(self) -> PredictionState:
        """The settings, what there is to learn from, and the model in force."""
        return await self._state(await self._uow.predictions.settings())

    async def update(self, changes: Mapping[str, Any], if_match: int | None) -> PredictionState:
        """Change the given settings. Stale when the version moved."""
        # As long as nothing is stored the settings themselves cannot be locked.
        await self._uow.predictions.lock()
        settings = await self._uow.predictions.settings(lock=True)
        check_version(settings.version, if_match)
        _check_names(changes)
        before = {name: getattr(settings, name) for name in _TOLD}
        changed = difference(before, changes)
        if changed:
            vars(settings).update(changes)
            if "retrain_days" in changed:
                settings.next_training_at = await self._next_training(settings)
            settings.version, settings.updated_at = settings.version + 1, self._uow.now
            await self._uow.predictions.store_settings(settings)
            self._uow.record(
                EventType.WORKSPACE_UPDATED,
                "workspace",
                self._uow.workspace_id,
                {"changes": {f"prediction.{name}": change for name, change in changed.items()}},
            )
            await self._uow.flush()
        state = await self._state(settings)
        if state.model is not None and changed.get("enabled") and settings.enabled:
            # A model that was put in force meanwhile has foretold nobody yet.
            payload = {"model_id": str(state.model.id), "silent": True}
            await self._uow.jobs.add(FORETELL_LEADS, payload, dedupe_key="enabled", max_attempts=3)
        return state

    async def _next_training(self, settings: PredictionSettings) -> Any:
        model = await self._uow.prediction_models.published()
        if settings.retrain_days is None or model is None:
            return None
        return model.trained_at + timedelta(days=settings.retrain_days)

    async def _state(self, settings: PredictionSettings) -> PredictionState:
        return PredictionState(
            settings=settings,
            verdicts=await self._uow.predictions.verdicts(),
            installed=is_installed(),
            model=await self._uow.prediction_models.published(),
        )

    async def start_training(self, *, dry_run: bool) -> Job:
        """A job that learns a model and puts it in force; a rehearsal only reports."""
        check_installed()
        (await self._uow.predictions.verdicts()).check()
        payload = {"dry_run": dry_run}
        key = "rehearsal" if dry_run else "training"
        return await self._job(TRAIN_PREDICTION, payload, key)

    async def models(self, request: PageRequest) -> Page[PredictionModel]:
        """A page of models."""
        return await self._uow.prediction_models.page(request)

    async def model(self, model_id: UUID) -> PredictionModel:
        """One model."""
        return await self._uow.prediction_models.get(model_id)

    async def publish(self, model_id: UUID) -> Job:
        """Put a model in force, at once; the job has it foretell every lead."""
        model = await self._uow.prediction_models.get(model_id)
        await self._uow.predictions.lock()
        if model.status != ModelStatus.PUBLISHED:
            await self._uow.prediction_models.retire_all()
            changes = {"status": ModelStatus.PUBLISHED.value, "published_at": self._uow.now}
            await self._uow.prediction_models.change(model_id, changes)
            await self._uow.predictions.advance(await self._uow.events.last_position())
        return await self._job(FORETELL_LEADS, {"model_id": str(model_id)}, str(model_id))

    async def _job(self, kind: str, payload: dict[str, Any], key: str) -> Job:
        job_id = await self._uow.jobs.add(kind, payload, dedupe_key=key, max_attempts=3)
        await self._uow.flush()
        if job_id is None:
            return await self._unfinished(kind, payload)
        return await self._uow.jobs.get(job_id)

    async def _unfinished(self, kind: str, payload: dict[str, Any]) -> Job:
        """The job that was asked for before; LostRace when it has just ended."""
        live = {"kind": [kind], "status": [status.value for status in CANCELLABLE]}
        page = await self._uow.jobs.page(PageRequest(limit=200), live)
        for job in page.data:
            if job.payload == payload:
                return job
        raise LostRace("the job that was still to be done is over; try again")

    async def of_lead(self, lead_id: UUID) -> LeadForecast:
        """What is foretold of a lead by what is known of it this moment, or why nothing is."""
        lead = await self._uow.leads.get(lead_id)
        stored = await self._uow.predictions.of_lead(lead_id)
        model = await self._uow.prediction_models.published()
        settings = await self._uow.predictions.settings()
        absent = None
        if not settings.enabled:
            absent = Absence.DISABLED
        elif lead.is_test:
            absent = Absence.TEST_LEAD
        elif not is_foretold(lead):
            absent = Absence.DECIDED
        elif model is None:
            absent = Absence.NO_MODEL if is_installed() else Absence.NOT_INSTALLED
        if absent or model is None:
            as_of = stored.predicted_at if stored else None
            return LeadForecast(lead_id=lead_id, stored=stored, absent=absent, as_of=as_of)
        now = clock.now()
        [facts] = await facts_now(self._uow, [lead], now)
        foretold = forecaster_of(model).foretell(facts)
        return LeadForecast(
            lead_id=lead_id, stored=stored, model=model, foretold=foretold, as_of=now
        )

    async def override(self, lead_id: UUID, percent: int, reason: str) -> LeadForecast:
        """Let a person's word count instead of the model's, until it is taken back."""
        stored = await self._stored(lead_id)
        before = stored.override_percent
        vars(stored).update(
            percent=percent,
            override_percent=percent,
            override_reason=reason,
            overridden_at=self._uow.now,
            overridden_by=self._uow.caller.user_id,
            override_api_key_id=self._uow.caller.api_key_id,
        )
        await self._store_override(stored, before, reason)
        return await self.of_lead(lead_id)

    async def drop_override(self, lead_id: UUID) -> None:
        """Let the model's word count again; NotFound when it does."""
        stored = await self._stored(lead_id)
        before = stored.override_percent
        if before is None:
            raise NotFound("the prediction of this lead is not overridden")
        vars(stored).update(
            percent=None if stored.probability is None else percent_of(stored.probability),
            override_percent=None,
            override_reason=None,
            overridden_at=None,
            overridden_by=None,
            override_api_key_id=None,
        )
        await self._store_override(stored, before, None)

    async def _stored(self, lead_id: UUID) -> LeadPrediction:
        await self._uow.leads.get(lead_id, lock=True)
        stored = await self._uow.predictions.of_lead(lead_id, lock=True)
        return stored or LeadPrediction(workspace_id=self._uow.workspace_id, lead_id=lead_id)

    async def _store_override(
        self, stored: LeadPrediction, before: int | None, reason: str | None
    ) -> None:
        await self._uow.predictions.override(stored)
        told = {
            "override_percent": {"before": before, "after": stored.override_percent},
            "reason": reason,
        }
        lead_id = stored.lead_id
        self._uow.record(EventType.PREDICTION_OVERRIDDEN, "lead", lead_id, told, lead_id=lead_id)
        await self._uow.flush()


def _check_names(changes: Mapping[str, Any]) -> None:
    for place, name in enumerate(changes.get("include") or ()):
        if named_by(name, NEVER_USED):
            raise Invalid.field(f"/include/{place}", f"{name} tells the verdict, and is never used")
