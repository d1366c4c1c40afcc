"""Leads: matched by identity, stored with their first touch, locked, changed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, select, update

from app.domain.leads.identities import Identity
from app.domain.leads.leads import Lead
from app.domain.reach.events import Event
from app.domain.record.touchpoints import Touchpoint
from app.platform.ids import new_id
from app.repositories.leads.lead_touches import NOTE_TOUCHES, RECOUNT_TOUCHES
from app.repositories.resources import Resources
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


class LeadRepository(Resources[Lead]):
    """Leads by id and by identity."""

    table = leads
    entity = Lead
    noun = "lead"

    async def matching(self, identities: Sequence[Identity]) -> list[tuple[Lead, Identity]]:
        """The leads these identities point to, each with the identity that found it."""
        if not identities:
            return []
        rows = await self._transaction.rows(
            _MATCHING,
            kinds=[identity.kind.value for identity in identities],
            systems=[identity.system for identity in identities],
            values=[identity.value for identity in identities],
        )
        found = []
        for row in rows:
            columns = dict(row)
            kind, system, value = (columns.pop(f"matched_{p}") for p in ("kind", "system", "value"))
            by = next(i for i in identities if (i.kind, i.system, i.value) == (kind, system, value))
            found.append((built(Lead, columns), by))
        return found

    async def add_captured(
        self,
        lead: Lead,
        identities: Sequence[Identity],
        touches: Sequence[Touchpoint],
        journal: Sequence[Event],
    ) -> None:
        """Store a lead, its identities, its touchpoints and their events in one statement."""
        owned = self._identity_rows(lead.id, identities)
        await self._transaction.rows(
            _add_captured(len(owned), len(touches), len(journal)),
            **as_scalars(leads, [vars(lead)], "lead"),
            **as_scalars(lead_identities, owned, "identity"),
            **as_scalars(touchpoints, [vars(touch) for touch in touches], "touch"),
            **as_scalars(events, [vars(event) for event in journal], "event"),
        )

    async def add_many(self, new: Mapping[UUID, tuple[Lead, Sequence[Identity]]]) -> None:
        """Store leads with their identities in one statement."""
        owned = [
            row
            for lead_id, (_, identities) in new.items()
            for row in self._identity_rows(lead_id, identities)
        ]
        await self._transaction.rows(
            _ADD_MANY,
            **as_arrays(leads, [vars(lead) for lead, _ in new.values()], "lead"),
            **as_arrays(lead_identities, owned, "identity"),
        )

    async def store_many(self, changed: Sequence[Lead]) -> None:
        """Store leads as they are now, all columns, in one statement; they have to be locked."""
        ordered = sorted(changed, key=lambda lead: lead.id)
        await self._transaction.rows(
            _STORE_MANY, **as_arrays(leads, [vars(lead) for lead in ordered], "lead")
        )

    async def add_identities(self, lead_id: UUID, identities: Sequence[Identity]) -> None:
        """Point further identities to a lead."""
        await self.add_identities_of({lead_id: identities})

    async def add_identities_of(self, identities: Mapping[UUID, Sequence[Identity]]) -> None:
        """Point further identities to leads."""
        rows = [
            row
            for lead_id, several in identities.items()
            for row in self._identity_rows(lead_id, several)
        ]
        if rows:
            await self._transaction.rows(_ADD_IDENTITIES, **as_arrays(lead_identities, rows))

    async def release_identities(self, lead_id: UUID, identities: Sequence[Identity]) -> None:
        """Free these identities of a lead, so that another lead may have them."""
        await self._transaction.rows(
            _RELEASE_IDENTITIES,
            lead_id=lead_id,
            kinds=[identity.kind.value for identity in identities],
            systems=[identity.system for identity in identities],
            values=[identity.value for identity in identities],
        )

    async def release_all_identities(self, lead_id: UUID) -> None:
        """Free every identity of a lead that is deleted."""
        await self._transaction.rows(_RELEASE_ALL, lead_id=lead_id)

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

    def _identity_rows(self, lead_id: UUID, identities: Sequence[Identity]) -> list[dict[str, Any]]:
        return [
            {
                "workspace_id": self._transaction.workspace_id,
                "id": new_id(),
                "lead_id": lead_id,
                "kind": identity.kind.value,
                "system": identity.system,
                "value": identity.value,
                "created_at": self._transaction.now,
            }
            for identity in identities
        ]


def _wanted_identities() -> Any:
    return (
        func.unnest(
            array_param("kinds", lead_identities.c.kind),
            array_param("systems", lead_identities.c.system),
            array_param("values", lead_identities.c.value),
        )
        .table_valued("kind", "system", "value", name="wanted")
        .render_derived()
    )


def _is_wanted(wanted: Any) -> Any:
    return and_(
        *(lead_identities.c[name] == wanted.c[name] for name in ("kind", "system", "value"))
    )


def _matching() -> Statement:
    wanted = _wanted_identities()
    return Statement(
        select(
            leads,
            lead_identities.c.kind.label("matched_kind"),
            lead_identities.c.system.label("matched_system"),
            lead_identities.c.value.label("matched_value"),
        )
        .select_from(wanted)
        .join(lead_identities, own(lead_identities) & _is_wanted(wanted))
        .join(leads, own(leads) & (leads.c.id == lead_identities.c.lead_id))
        .where(leads.c.deleted_at.is_(None))
    )


@cache
def _add_captured(identities: int, touches: int, journal: int) -> Statement:
    parts = (
        ("identity", lead_identities, identities),
        ("touch", touchpoints, touches),
        ("event", events, journal),
    )
    others = [
        insert_few(table, alias, count).cte(f"new_{alias}")
        for alias, table, count in parts
        if count
    ]
    return Statement(insert_few(leads, "lead", 1).add_cte(*others))


def _release_identities() -> Statement:
    wanted = _wanted_identities()
    return Statement(
        delete(lead_identities).where(
            own(lead_identities),
            lead_identities.c.lead_id == param("lead_id", lead_identities.c.lead_id),
            _is_wanted(wanted),
        )
    )


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


def _add_many() -> Statement:
    identities = insert_rows(lead_identities, stored_columns(lead_identities), "identity")
    return Statement(
        insert_rows(leads, stored_columns(leads), "lead").add_cte(identities.cte("new_identity"))
    )


def _store_many() -> Statement:
    names = [name for name in stored_columns(leads) if name != "workspace_id"]
    told = rows_of(leads, names, "lead")
    return Statement(
        update(leads)
        .where(own(leads), leads.c.id == told.c.id)
        .values({name: told.c[name] for name in names if name != "id"})
    )


_ADD_MANY = _add_many()
_STORE_MANY = _store_many()
_MATCHING = _matching()
_ADD_IDENTITIES = Statement(insert_rows(lead_identities, stored_columns(lead_identities)))
_RELEASE_IDENTITIES = _release_identities()
_RELEASE_ALL = Statement(
    delete(lead_identities).where(
        own(lead_identities),
        lead_identities.c.lead_id == param("lead_id", lead_identities.c.lead_id),
    )
)
_LOCK_MANY = _lock(leads)
_LOCK_EXISTING = _lock(leads.c.id)
