"""Predictions of leads: settings, models, what was foretold and what is to be foretold anew."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Integer, and_, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.leads.status import LifecycleStage, Status
from app.domain.ripeness.prediction import (
    LeadPrediction,
    ModelStatus,
    PredictionModel,
    PredictionSettings,
    Verdicts,
)
from app.repositories.resources import Resources
from app.repositories.statements import (
    Statement,
    array_param,
    as_arrays,
    built,
    insert_rows,
    own,
    param,
    stored_columns,
)
from app.repositories.tables.leads import leads
from app.repositories.tables.predictions import (
    lead_predictions,
    prediction_models,
    prediction_progress,
    prediction_settings,
)
from app.repositories.tables.reach import event_positions
from app.repositories.transaction import Transaction

models, told, progress = prediction_models.c, lead_predictions.c, prediction_progress.c


class PredictionModelRepository(Resources[PredictionModel]):
    """Models by id and by page, and the one in force."""

    table = prediction_models
    entity = PredictionModel
    noun = "prediction model"

    async def published(self) -> PredictionModel | None:
        """The model in force."""
        row = await self._transaction.row(_PUBLISHED)
        return built(PredictionModel, row) if row else None

    async def last_number(self) -> int:
        """The highest number given out; the caller holds the progress."""
        row = await self._transaction.row(_LAST_NUMBER)
        return int(row["number"] or 0) if row else 0

    async def retire_all(self) -> None:
        """No model is in force."""
        await self._transaction.rows(_RETIRE_ALL)


class PredictionRepository:
    """Settings, progress, and what is foretold of leads."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def settings(self, *, lock: bool = False) -> PredictionSettings:
        """The workspace's settings, or the defaults while nobody has changed them."""
        row = await self._transaction.row(_LOCKED_SETTINGS if lock else _SETTINGS)
        if row is not None:
            return built(PredictionSettings, row)
        now = self._transaction.now
        return PredictionSettings(
            workspace_id=self._transaction.workspace_id, created_at=now, updated_at=now
        )

    async def store_settings(self, settings: PredictionSettings) -> None:
        """Store them, whether they were stored before or not."""
        values = as_arrays(prediction_settings, [vars(settings)])
        await self._transaction.rows(_STORE_SETTINGS, **values)

    async def verdicts(self) -> Verdicts:
        """How many leads were converted and how many disqualified, without trials."""
        [row] = await self._transaction.rows(_VERDICTS)
        return Verdicts(converted=row["converted"], disqualified=row["disqualified"])

    async def behind(self) -> bool:
        """Whether a model is in force and there are events, or times come, to look at."""
        return bool(await self._transaction.rows(_BEHIND, now=self._transaction.now))

    async def lock(self) -> int:
        """How far in the journal leads have been foretold. Kept until the transaction ends, for
        one at a time writes predictions or changes the model in force."""
        workspace_id = self._transaction.workspace_id
        await self._transaction.rows(_ENSURE_PROGRESS, new_workspace_id=workspace_id)
        row = await self._transaction.row(_LOCK_PROGRESS)
        return int(row["position"]) if row else 0

    async def advance(self, position: int) -> None:
        """All until here is done."""
        await self._transaction.rows(_ADVANCE, new_position=position)

    async def due(self, limit: int) -> list[UUID]:
        """Leads to look at again although nothing happened to them."""
        rows = await self._transaction.rows(_DUE, now=self._transaction.now, limit=limit)
        return [row["lead_id"] for row in rows]

    async def lacking(self, model_id: UUID, last: UUID, limit: int) -> list[UUID]:
        """The next leads, by their ids, that are to be foretold and were not by this model."""
        rows = await self._transaction.rows(_LACKING, model_id=model_id, last=last, limit=limit)
        return [row["id"] for row in rows]

    async def newest(self, since: datetime, until: datetime, limit: int) -> dict[UUID, datetime]:
        """When the newest leads came that were created in this time."""
        rows = await self._transaction.rows(_NEWEST, since=since, until=until, limit=limit)
        return {row["id"]: row["created_at"] for row in rows}

    async def put(self, foretold: Sequence[LeadPrediction]) -> None:
        """Store what the model says; overrides stay, and go on to count."""
        ordered = sorted(foretold, key=lambda each: each.lead_id)
        rows = [vars(each) for each in ordered]
        await self._transaction.rows(_PUT, **as_arrays(lead_predictions, rows))

    async def leave(self, lead_ids: Iterable[UUID]) -> None:
        """Look at these no more until something happens to them."""
        await self._transaction.rows(_LEAVE, ids=sorted(lead_ids))

    async def of_lead(self, lead_id: UUID, *, lock: bool = False) -> LeadPrediction | None:
        """What is stored of a lead."""
        row = await self._transaction.row(_OF_LEAD_LOCKED if lock else _OF_LEAD, lead_id=lead_id)
        return built(LeadPrediction, row) if row else None

    async def override(self, prediction: LeadPrediction) -> None:
        """Store a person's word, or that there is none any more."""
        await self._transaction.rows(_OVERRIDE, **as_arrays(lead_predictions, [vars(prediction)]))


_WON = or_(
    leads.c.status == Status.CONVERTED.value,
    leads.c.lifecycle_stage == LifecycleStage.OPPORTUNITY.value,
    leads.c.lifecycle_stage == LifecycleStage.CUSTOMER.value,
)
_PRESENT = own(leads) & leads.c.deleted_at.is_(None) & ~leads.c.is_test
_OPEN = (
    _PRESENT
    & (leads.c.status != Status.CONVERTED.value)
    & (leads.c.status != Status.DISQUALIFIED.value)
)
_NOW = param("now", DateTime(timezone=True))
_IN_FORCE = own(prediction_models) & (models.status == ModelStatus.PUBLISHED.value)
_ENABLED = ~(select(1).where(own(prediction_settings), ~prediction_settings.c.enabled).exists())

_PUBLISHED = Statement(select(prediction_models).where(_IN_FORCE))
_LAST_NUMBER = Statement(
    select(func.max(models.number).label("number")).where(own(prediction_models))
)
_RETIRE_ALL = Statement(
    update(prediction_models).where(_IN_FORCE).values(status=ModelStatus.RETIRED.value)
)
_OWN_SETTINGS = select(prediction_settings).where(own(prediction_settings))
_SETTINGS = Statement(_OWN_SETTINGS)
_LOCKED_SETTINGS = Statement(_OWN_SETTINGS.with_for_update())
_VERDICTS = Statement(
    select(
        func.count().filter(_WON).label("converted"),
        func.count().filter(~_WON).label("disqualified"),
    )
    .select_from(leads)
    .where(_PRESENT, or_(_WON, leads.c.status == Status.DISQUALIFIED.value))
)


def _store_settings() -> Statement:
    names = stored_columns(prediction_settings)
    stored = insert_rows(prediction_settings, names)
    changed = [name for name in names if name not in ("workspace_id", "created_at")]
    return Statement(
        stored.on_conflict_do_update(
            index_elements=["workspace_id"],
            set_={name: stored.excluded[name] for name in changed},
        )
    )


def _behind() -> Statement:
    due = select(1).where(own(lead_predictions), told.due_at <= _NOW).exists()
    seen = select(progress.position).where(own(prediction_progress)).scalar_subquery()
    last = select(event_positions.c.last_position).where(own(event_positions)).scalar_subquery()
    news = func.coalesce(last, 0) > func.coalesce(seen, 0)
    return Statement(select(models.id).where(_IN_FORCE, _ENABLED, or_(news, due)))


def _lacking() -> Statement:
    known = and_(
        own(lead_predictions),
        told.lead_id == leads.c.id,
        told.model_id == param("model_id", told.model_id),
    )
    return Statement(
        select(leads.c.id)
        .select_from(leads.outerjoin(lead_predictions, known))
        .where(_OPEN, leads.c.id > param("last", leads.c.id), told.lead_id.is_(None))
        .order_by(leads.c.id)
        .limit(param("limit", Integer))
    )


def _upsert(*, override: bool) -> Statement:
    """What a model says and what a person says are stored beside each other."""
    names = stored_columns(lead_predictions)
    new = insert_rows(lead_predictions, names)
    # Begun with an underscore less: `override_…` and `overridden_…`.
    persons = [name for name in names if name.startswith("overrid")]
    models_own = ["model_id", "probability", "predicted_at", "due_at"]
    changed = {name: new.excluded[name] for name in (persons if override else models_own)}
    stands = new.excluded.percent
    if not override:
        stands = func.coalesce(told.override_percent, new.excluded.percent)
    return Statement(
        new.on_conflict_do_update(
            index_elements=["workspace_id", "lead_id"], set_={**changed, "percent": stands}
        )
    )


_STORE_SETTINGS = _store_settings()
_BEHIND = _behind()
_LACKING = _lacking()
_PUT = _upsert(override=False)
_OVERRIDE = _upsert(override=True)
_ENSURE_PROGRESS = Statement(
    insert(prediction_progress)
    .values(workspace_id=param("new_workspace_id", progress.workspace_id), position=0)
    .on_conflict_do_nothing()
)
_LOCK_PROGRESS = Statement(
    select(progress.position).where(own(prediction_progress)).with_for_update()
)
_ADVANCE = Statement(
    update(prediction_progress)
    .where(own(prediction_progress))
    .values(position=param("new_position", progress.position))
)
_DUE = Statement(
    select(told.lead_id)
    .where(own(lead_predictions), told.due_at <= _NOW)
    .order_by(told.due_at, told.lead_id)
    .limit(param("limit", Integer))
)
_NEWEST = Statement(
    select(leads.c.id, leads.c.created_at)
    .where(
        _PRESENT,
        leads.c.created_at > param("since", leads.c.created_at),
        leads.c.created_at <= param("until", leads.c.created_at),
    )
    .order_by(leads.c.created_at.desc(), leads.c.id.desc())
    .limit(param("limit", Integer))
)
_LEAVE = Statement(
    update(lead_predictions)
    .where(own(lead_predictions), told.lead_id == func.any(array_param("ids", told.lead_id)))
    .values(due_at=null())
)
_ONE = select(lead_predictions).where(
    own(lead_predictions), told.lead_id == param("lead_id", told.lead_id)
)
_OF_LEAD, _OF_LEAD_LOCKED = Statement(_ONE), Statement(_ONE.with_for_update())
