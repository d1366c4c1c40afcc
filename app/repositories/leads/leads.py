"""Leads: stored with their identities and first touch, locked, changed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import func, select, update

from app.domain.errors import Merged, NotFound
from app.domain.leads.identities import LeadIdentity
from app.domain.leads.leads import Lead
from app.domain.leads.matching import Record
from app.domain.reach.events import Event
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.scoring_models import LeadScore
from app.repositories.bulk import Shape, incoming, insert_shaped, shaped
from app.repositories.leads.lead_touches import NOTE_TOUCHES, RECOUNT_TOUCHES
from app.repositories.leads.match_keys import (
    KeyedResources,
    delete_stale_keys,
    insert_few_keys,
    insert_keys,
)
from app.repositories.leads.scored import scored, scored_leads
from app.repositories.statements import (
    Statement,
    array_param,
    as_arrays,
    as_scalars,
    built,
    insert_few,
    insert_rows,
    own,
    param,
    rows_of,
    stored_columns,
)
from app.repositories.tables.leads import lead_identities, leads
from app.repositories.tables.reach import events
from app.repositories.tables.record import touchpoints
from app.repositories.tables.scoring import lead_scores


class LeadRepository(KeyedResources[Lead]):
    """Leads by id."""

    table = leads
    entity = Lead
    noun = "lead"
    record = Record.LEAD

    async def get(self, row_id: UUID, *, lock: bool = False) -> Lead:
        """The lead; Merged when another stands for it, NotFound when it is not here."""
        return built(Lead, await self._living(_GET_LOCKED if lock else _GET, row_id))

    async def get_scored(self, row_id: UUID) -> Lead:
        """The same, with the lead's `score` as it is stored."""
        return scored(await self._living(_GET_SCORED, row_id))

    async def _living(self, statement: Statement, row_id: UUID) -> asyncpg.Record:
        row = await self._transaction.row(statement, id=row_id)
        if row is not None and row["merged_into"] is not None:
            raise Merged.into(row_id, row["merged_into"])
        if row is None or row["deleted_at"] is not None:
            raise NotFound("no such lead in this workspace")
        return row

    async def add_captured(
        self,
        lead: Lead,
        identities: Sequence[LeadIdentity],
        touches: Sequence[Touchpoint],
        journal: Sequence[Event],
        scores: Sequence[LeadScore],
    ) -> None:
        """Store a lead, its identities, its touchpoints, their events and its scores in one
        statement."""
        await self._transaction.rows(
            _add_captured(len(identities), len(touches), len(journal), len(scores)),
            **as_scalars(leads, [vars(lead)], "lead"),
            **as_scalars(lead_identities, [vars(each) for each in identities], "identity"),
            **as_scalars(touchpoints, [vars(touch) for touch in touches], "touch"),
            **as_scalars(events, [vars(event) for event in journal], "event"),
            **as_scalars(lead_scores, [vars(score) for score in scores], "score"),
        )

    async def add_many(
        self,
        new: Sequence[Lead],
        identities: Sequence[LeadIdentity],
        scores: Sequence[LeadScore] = (),
    ) -> None:
        """Store leads, identities and scores in one statement."""
        shape, rows = shaped(leads, [vars(lead) for lead in new], "lead")
        key_shape, keys = shaped(lead_identities, [vars(key) for key in identities], "identity")
        told = as_arrays(lead_scores, [vars(score) for score in scores], "score") if scores else {}
        statement = _add_many(shape, key_shape, scored=bool(scores))
        await self._transaction.rows(statement, **rows, **keys, **told)

    async def store_many(self, changed: Sequence[Lead]) -> None:
        """Store leads as they are now, all columns, in one statement; they have to be locked."""
        ordered = sorted(changed, key=lambda lead: lead.id)
        await self._transaction.rows(
            _STORE_MANY, **as_arrays(leads, [vars(lead) for lead in ordered], "lead")
        )

    async def lock_many(self, ids: Iterable[UUID]) -> dict[UUID, Lead]:
        """Lock the leads that exist, in the order of their ids, against deadlocks."""
        rows = await self._transaction.rows(_LOCK_MANY, ids=sorted(set(ids)))
        return {row["id"]: built(Lead, row) for row in rows}

    async def lock_existing(self, ids: Iterable[UUID]) -> set[UUID]:
        """The same, when only their existence matters."""
        rows = await self._transaction.rows(_LOCK_EXISTING, ids=sorted(set(ids)))
        return {row["id"] for row in rows}

    async def note_touches(self, touches: Mapping[UUID, Sequence[datetime]]) -> None:
        """Widen first and last touch of leads by these instants and count them."""
        ids = sorted(touches)
        await self._transaction.rows(
            NOTE_TOUCHES,
            ids=ids,
            firsts=[min(touches[lead_id]) for lead_id in ids],
            lasts=[max(touches[lead_id]) for lead_id in ids],
            counts=[len(touches[lead_id]) for lead_id in ids],
        )

    async def recount_touches(self, lead_ids: Iterable[UUID]) -> None:
        """Work out first touch, last touch and count anew, without what was superseded."""
        await self._transaction.rows(RECOUNT_TOUCHES, ids=sorted(lead_ids))


@cache
def _add_captured(identities: int, touches: int, journal: int, scores: int) -> Statement:
    parts = (
        ("identity", lead_identities, identities),
        ("touch", touchpoints, touches),
        ("event", events, journal),
        ("score", lead_scores, scores),
    )
    others = [
        insert_few(table, alias, count).cte(f"new_{alias}")
        for alias, table, count in parts
        if count
    ]
    keys = insert_few_keys("lead", leads, 1, Record.LEAD).cte("new_key")
    return Statement(insert_few(leads, "lead", 1).add_cte(*others, keys))


def _lock(*columns: Any) -> Statement:
    return Statement(
        select(*columns)
        .where(
            own(leads),
            leads.c.id == func.any(array_param("ids", leads.c.id)),
            leads.c.deleted_at.is_(None),
        )
        .order_by(leads.c.id)
        .with_for_update(key_share=True)
    )


@lru_cache(maxsize=500)
def _add_many(shape: Shape, key_shape: Shape, *, scored: bool) -> Statement:
    identities = insert_shaped(lead_identities, key_shape, "identity")
    keyed = incoming(leads, shape, "lead", ("workspace_id", "id", "match_key")).subquery("keyed")
    others = [identities.cte("new_identity"), insert_keys(keyed, Record.LEAD).cte("new_key")]
    if scored:
        scores = insert_rows(lead_scores, stored_columns(lead_scores), "score")
        others.append(scores.cte("new_score"))
    return Statement(insert_shaped(leads, shape, "lead").add_cte(*others))


def _store_many() -> Statement:
    names = [name for name in stored_columns(leads) if name != "workspace_id"]
    told = rows_of(leads, names, "lead")
    keyed = rows_of(leads, ("workspace_id", "id", "match_key"), "lead")
    return Statement(
        update(leads)
        .where(own(leads), leads.c.id == told.c.id)
        .values({name: told.c[name] for name in names if name != "id"})
        .add_cte(
            delete_stale_keys(leads, keyed, Record.LEAD).cte("stale_key"),
            insert_keys(keyed, Record.LEAD).cte("new_key"),
        )
    )


_STORE_MANY = _store_many()
_ONE = select(leads).where(own(leads), leads.c.id == param("id", leads.c.id))
_GET_SCORED = Statement(scored_leads().where(own(leads), leads.c.id == param("id", leads.c.id)))
_GET, _GET_LOCKED = Statement(_ONE), Statement(_ONE.with_for_update(key_share=True))
_LOCK_MANY = _lock(leads)
_LOCK_EXISTING = _lock(leads.c.id)
