"""The scores of leads: kept up to date, and the moves that follow from them.

A lead must have been locked by a statement before: whoever writes its score reads it as the one
before left it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Integer, and_, case, delete, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

from app.domain.leads.status import STAGE_INSTANTS, LifecycleStage
from app.domain.reach.events import EventType
from app.domain.ripeness.score_keeping import Gain
from app.domain.ripeness.scoring_models import LeadScore
from app.repositories.ripeness.engagement_terms import decayed, order_key
from app.repositories.statements import (
    Statement,
    array_param,
    built,
    own,
    param,
    stored_columns,
)
from app.repositories.tables.leads import leads
from app.repositories.tables.reach import events
from app.repositories.tables.scoring import lead_scores, scoring_models
from app.repositories.transaction import Transaction

s = lead_scores.c
_COLUMNS = stored_columns(lead_scores)
_PUBLISHED = EventType.SCORING_MODEL_PUBLISHED.value
_LEAST: Any = literal_column("1e-100::double precision")
_NONE: Any = literal_column("0::double precision", DOUBLE_PRECISION())


@dataclass(frozen=True)
class Scored:
    """A lead's score before and after, and what decides whether it moves on."""

    lead_id: UUID
    status: str
    lifecycle_stage: str
    is_test: bool
    before: LeadScore | None
    after: LeadScore | None = None

    @property
    def score(self) -> LeadScore | None:
        """As it is now."""
        return self.after or self.before


class LeadScoreRepository:
    """Scores by the models that are live."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def gain(self, gains: Sequence[Gain]) -> list[Scored]:
        """Add what leads gained to their scores; of leads that have none by the model nothing is
        returned."""
        rows = await self._transaction.rows(
            _gain(),
            models=[each.model.id for each in gains],
            lead_ids=[each.lead_id for each in gains],
            half_lives=[float(each.model.half_life_days) for each in gains],
            gained=[each.level.value for each in gains],
            gained_at=[each.level.at for each in gains],
            fits=[each.fit and each.fit.points for each in gains],
            knock_outs=[each.fit and each.fit.knocked_out_by for each in gains],
            scored_at=self._transaction.now,
        )
        return [_scored(row, after=built(LeadScore, _told(row, "after"))) for row in rows]

    async def present(self, model_id: UUID, lead_ids: Collection[UUID]) -> list[Scored]:
        """The scores of these leads as they are stored, if they have any."""
        rows = await self._transaction.rows(_PRESENT, model_id=model_id, ids=sorted(lead_ids))
        return [_scored(row) for row in rows]

    async def published_at(self, instant: datetime) -> UUID | None:
        """The model that was the published one at an instant, if there was one."""
        row = await self._transaction.row(_PUBLISHED_AT, instant=instant)
        return row["id"] if row is not None and row["type"] == _PUBLISHED else None

    async def drop(self, model_ids: Collection[UUID], lead_ids: Collection[UUID]) -> None:
        """Forget the scores of leads that are gone."""
        await self._transaction.rows(_DROP, models=sorted(model_ids), ids=sorted(lead_ids))

    async def move_on(self, stages: Mapping[UUID, LifecycleStage]) -> dict[UUID, dict[str, Any]]:
        """Take leads to these stages; what is different about each. A transaction makes one
        version of a lead, also when it changed the lead before."""
        ids = sorted(stages)
        rows = await self._transaction.rows(
            _MOVE_ON,
            ids=ids,
            stages=[stages[lead_id].value for lead_id in ids],
            now=self._transaction.now,
        )
        return {row["id"]: dict(row.items()) for row in rows}


def _scored(row: asyncpg.Record, after: LeadScore | None = None) -> Scored:
    before = None if row["before_model_id"] is None else built(LeadScore, _told(row, "before"))
    return Scored(row["id"], row["status"], row["lifecycle_stage"], row["is_test"], before, after)


def _told(row: asyncpg.Record, side: str) -> dict[str, Any]:
    return {name: row[f"{side}_{name}"] for name in _COLUMNS}


@cache
def _gain() -> Statement:
    told = (
        func.unnest(
            array_param("models", s.model_id),
            array_param("lead_ids", s.lead_id),
            array_param("half_lives", s.engagement),
            array_param("gained", s.engagement),
            array_param("gained_at", s.engagement_at),
            array_param("fits", s.fit),
            array_param("knock_outs", s.knocked_out_by),
        )
        .table_valued(
            "model_id", "lead_id", "half_life", "value", "at", "fit", "knocked_out_by", name="told"
        )
        .render_derived()
    )
    before, lead = lead_scores.alias("before"), leads.alias("lead")
    newest = func.greatest(before.c.engagement_at, told.c.at, type_=s.engagement_at.type)
    # What fades again and again would in the end be too small for Postgres, which then refuses it.
    held = case((func.abs(before.c.engagement) > _LEAST, before.c.engagement), else_=_NONE)
    fit_known = told.c.fit.is_not(None)
    summed = (
        select(
            *(before.c[name].label(f"before_{name}") for name in _COLUMNS),
            *(lead.c[name] for name in ("id", "status", "lifecycle_stage", "is_test")),
            told.c.half_life,
            newest.label("newest"),
            (
                decayed(held, before.c.engagement_at, newest, told.c.half_life)
                + decayed(told.c.value, told.c.at, newest, told.c.half_life)
            ).label("value"),
            func.coalesce(told.c.fit, before.c.fit, type_=Integer()).label("fit"),
            case((fit_known, told.c.knocked_out_by), else_=before.c.knocked_out_by).label(
                "knocked_out_by"
            ),
        )
        .select_from(told)
        .join(
            before,
            and_(
                own(before),
                before.c.model_id == told.c.model_id,
                before.c.lead_id == told.c.lead_id,
            ),
        )
        .join(lead, and_(own(lead), lead.c.id == told.c.lead_id))
        .subquery("summed")
    )
    keyed = select(
        *summed.c, order_key(summed.c.value, summed.c.newest, summed.c.half_life).label("key")
    ).subquery("keyed")
    k = keyed.c
    return Statement(
        update(lead_scores)
        .where(own(lead_scores), s.model_id == k.before_model_id, s.lead_id == k.before_lead_id)
        .values(
            fit=k.fit,
            knocked_out_by=k.knocked_out_by,
            engagement=k.value,
            engagement_at=k.newest,
            engagement_key=k.key,
            scored_at=param("scored_at", s.scored_at),
        )
        .returning(
            *(s[name].label(f"after_{name}") for name in _COLUMNS),
            *(k[f"before_{name}"] for name in _COLUMNS),
            *(k[name] for name in ("id", "status", "lifecycle_stage", "is_test")),
        )
    )


def _present() -> Statement:
    lead = leads.c
    return Statement(
        select(
            *(lead[name] for name in ("id", "status", "lifecycle_stage", "is_test")),
            *(s[name].label(f"before_{name}") for name in _COLUMNS),
        )
        .select_from(leads)
        .outerjoin(
            lead_scores,
            and_(
                own(lead_scores), s.model_id == param("model_id", s.model_id), s.lead_id == lead.id
            ),
        )
        .where(
            own(leads), lead.id == func.any(array_param("ids", lead.id)), lead.deleted_at.is_(None)
        )
    )


def _move_on() -> Statement:
    told = (
        func.unnest(array_param("ids", leads.c.id), array_param("stages", leads.c.lifecycle_stage))
        .table_valued("id", "stage", name="told")
        .render_derived()
    )
    now = param("now", leads.c.updated_at)
    reached = {
        STAGE_INSTANTS[stage]: case(
            (told.c.stage == stage.value, now), else_=leads.c[STAGE_INSTANTS[stage]]
        )
        for stage in (LifecycleStage.MQL, LifecycleStage.SQL)
    }
    stamped = case((leads.c.updated_at == now, leads.c.version), else_=leads.c.version + 1)
    changed = ("lifecycle_stage", *reached, "updated_at", "version")
    return Statement(
        update(leads)
        .where(own(leads), leads.c.id == told.c.id)
        .values(lifecycle_stage=told.c.stage, updated_at=now, version=stamped, **reached)
        .returning(leads.c.id, *(leads.c[name] for name in changed))
    )


def _published_at() -> Statement:
    """By the journal, for a version may be published more than once."""
    m, e = scoring_models.c, events.c
    return Statement(
        select(m.id, e.type)
        .select_from(scoring_models)
        .join(events, and_(own(events), e.subject_id == m.id))
        .where(
            own(scoring_models),
            m.published_at.is_not(None),
            or_(e.type == _PUBLISHED, e.type == EventType.SCORING_MODEL_RETIRED.value),
            e.recorded_at <= param("instant", e.recorded_at),
        )
        .order_by(e.id.desc())
        .limit(1)
    )


_PRESENT = _present()
_PUBLISHED_AT = _published_at()
_MOVE_ON = _move_on()
_DROP = Statement(
    delete(lead_scores).where(
        own(lead_scores),
        s.model_id == func.any(array_param("models", s.model_id)),
        s.lead_id == func.any(array_param("ids", s.lead_id)),
    )
)
