"""Scores worked out from scratch: what leads are and every touch that counts, in one statement.

It says what `fit_of` and `entries_of` of `app/domain/ripeness/scoring.py` say; a test holds both
equal.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Select,
    Text,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, insert

from app.domain.ripeness.scoring import ScoringModel
from app.domain.ripeness.scoring_models import LeadScore
from app.repositories.ripeness.engagement_terms import order_key
from app.repositories.ripeness.score_statements import (
    ModelShape,
    scores_of,
    shape_of_model,
    values_of_model,
)
from app.repositories.statements import Statement, array_param, built, own, param, stored_columns
from app.repositories.tables.leads import leads
from app.repositories.tables.scoring import lead_scores
from app.repositories.transaction import Transaction

# Shapes are without number; those of the last models are kept.
SHAPES_KEPT = 64


class Outcome(Enum):
    """What becomes of scores that are worked out."""

    STORED = "stored"
    TOLD = "told"  # and stored
    REHEARSED = "rehearsed"


@dataclass(frozen=True)
class ScoredLead:
    """What of a lead decides whether its score moves it on."""

    id: UUID
    status: str
    lifecycle_stage: str
    is_test: bool


class ScoreRecomputeRepository:
    """Works scores out anew, and passes over all leads to do so."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def recompute(self, model: ScoringModel, lead_ids: Collection[UUID]) -> list[LeadScore]:
        """The scores of these leads by the model, worked out from scratch and stored.

        Leads that others may be changing must have been locked by a statement before this one: a
        statement that waits for a lock does not see what was stored meanwhile.
        """
        return await self._work_out(model, lead_ids, Outcome.TOLD)

    async def store(self, model: ScoringModel, lead_ids: Collection[UUID]) -> None:
        """The same, when nobody wants to see them."""
        await self._work_out(model, lead_ids, Outcome.STORED)

    async def work_out(self, model: ScoringModel, lead_ids: Collection[UUID]) -> list[LeadScore]:
        """The scores as `recompute` would store them; nothing is stored."""
        return await self._work_out(model, lead_ids, Outcome.REHEARSED)

    async def _work_out(
        self, model: ScoringModel, lead_ids: Collection[UUID], outcome: Outcome
    ) -> list[LeadScore]:
        rows = await self._transaction.rows(
            _working_out(shape_of_model(model), outcome),
            ids=sorted(lead_ids),
            scored_at=self._transaction.now,
            model_id=model.id,
            **values_of_model(model),
        )
        return [built(LeadScore, row) for row in rows]

    async def stored(self, model_id: UUID, lead_ids: Collection[UUID]) -> dict[UUID, LeadScore]:
        """The scores of these leads by a model, as they are stored."""
        rows = await self._transaction.rows(_STORED, model_id=model_id, ids=sorted(lead_ids))
        return {row["lead_id"]: built(LeadScore, row) for row in rows}

    async def leads_after(self, last: UUID, limit: int, *, lock: bool) -> list[ScoredLead]:
        """The next leads in the order of their ids."""
        statement = _LOCKED_AFTER if lock else _AFTER
        rows = await self._transaction.rows(statement, last=last, limit=limit)
        return [ScoredLead(*row) for row in rows]

    async def lock_unscored(self, model_id: UUID, lead_ids: Collection[UUID]) -> list[UUID]:
        """Those of the leads that have no score by the model, locked."""
        rows = await self._transaction.rows(_UNSCORED, model_id=model_id, ids=sorted(lead_ids))
        return [row["id"] for row in rows]

    async def remove(self, model_id: UUID, limit: int) -> int:
        """Remove scores by a model, at most so many; how many there were."""
        return len(await self._transaction.rows(_REMOVE, model_id=model_id, limit=limit))

    async def clock(self) -> datetime:
        """The time by the clock of the database."""
        [row] = await self._transaction.rows(_CLOCK)
        found: datetime = row["now"]
        return found

    async def begun_before(self, moment: datetime) -> bool:
        """Whether a transaction of the service is under way that began before this moment."""
        return bool(await self._transaction.rows(_BEGUN_BEFORE, moment=moment))


@lru_cache(maxsize=SHAPES_KEPT)
def _working_out(shape: ModelShape, outcome: Outcome) -> Statement:
    found = scores_of(shape, leads.c.id == func.any(array_param("ids", leads.c.id)))
    c = lead_scores.c
    half_life = param("half_life_days", DOUBLE_PRECISION())
    columns: dict[str, Any] = {
        "workspace_id": param("workspace_id", c.workspace_id),
        "model_id": param("model_id", c.model_id),
        "lead_id": found.c.id,
        "fit": found.c.fit,
        "knocked_out_by": found.c.knocked_out_by,
        "engagement": found.c.engagement,
        "engagement_at": found.c.engagement_at,
        "engagement_key": order_key(found.c.engagement, found.c.engagement_at, half_life),
        "scored_at": param("scored_at", c.scored_at),
    }
    query = select(*(columns[name].label(name) for name in stored_columns(lead_scores)))
    if outcome is Outcome.REHEARSED:
        return Statement(query)
    key = ("workspace_id", "model_id", "lead_id")
    added = insert(lead_scores).from_select(
        list(stored_columns(lead_scores)), query.order_by(found.c.id)
    )
    stored = added.on_conflict_do_update(
        index_elements=key,
        set_={name: added.excluded[name] for name in columns if name not in key},
    )
    return Statement(stored.returning(*c) if outcome is Outcome.TOLD else stored)


def _after() -> Select[Any]:
    c = leads.c
    return (
        select(c.id, c.status, c.lifecycle_stage, c.is_test)
        .where(own(leads), c.id > param("last", c.id), c.deleted_at.is_(None))
        .order_by(c.id)
        .limit(param("limit", BigInteger()))
    )


def _unscored() -> Statement:
    scored = select(1).where(
        own(lead_scores),
        lead_scores.c.model_id == param("model_id", lead_scores.c.model_id),
        lead_scores.c.lead_id == leads.c.id,
    )
    return Statement(
        select(leads.c.id)
        .where(own(leads), leads.c.id == func.any(array_param("ids", leads.c.id)), ~scored.exists())
        .order_by(leads.c.id)
        .with_for_update(key_share=True)
    )


def _remove() -> Statement:
    of_model = own(lead_scores) & (
        lead_scores.c.model_id == param("model_id", lead_scores.c.model_id)
    )
    some = select(lead_scores.c.lead_id).where(of_model).limit(param("limit", BigInteger()))
    return Statement(
        lead_scores.delete()
        .where(of_model, lead_scores.c.lead_id.in_(some))
        .returning(lead_scores.c.lead_id)
    )


def _begun_before() -> Statement:
    """By the server's list of sessions, of which a role sees its own: each process of the service
    writes as the same role. A transaction that has not written yet has no number, so numbers would
    not tell."""
    session = table(
        "pg_stat_activity",
        column("datname", Text()),
        column("usename", Text()),
        column("pid", BigInteger()),
        column("xact_start", DateTime(timezone=True)),
    )
    c = session.c
    return Statement(
        select(c.pid)
        .where(
            c.datname == func.current_database(),
            c.usename == literal_column("current_user"),
            c.pid != func.pg_backend_pid(),
            c.xact_start < param("moment", c.xact_start),
        )
        .limit(1)
    )


_STORED = Statement(
    select(lead_scores).where(
        own(lead_scores),
        lead_scores.c.model_id == param("model_id", lead_scores.c.model_id),
        lead_scores.c.lead_id == func.any(array_param("ids", lead_scores.c.lead_id)),
    )
)
_AFTER = Statement(_after())
_LOCKED_AFTER = Statement(_after().with_for_update(key_share=True))
_UNSCORED = _unscored()
_REMOVE = _remove()
_CLOCK = Statement(select(func.clock_timestamp().label("now")))
_BEGUN_BEFORE = _begun_before()
