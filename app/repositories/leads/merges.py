"""The ledger of merges, and which lead stands for which."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Uuid, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from app.domain.errors import Merged, NotFound
from app.domain.leads.identities import LeadIdentity
from app.domain.leads.leads import Lead
from app.domain.leads.merges import Merge, Standing, Undone, Word
from app.domain.paging import Page, PageRequest
from app.repositories.leads.consent_words import words_of
from app.repositories.leads.merge_moves import MergeMoves
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.resources import Resources
from app.repositories.statements import (
    Statement,
    array_param,
    as_arrays,
    built,
    own,
    param,
    rows_of,
    stored_columns,
)
from app.repositories.tables.intake_visitors import visitors
from app.repositories.tables.leads import lead_identities, leads
from app.repositories.tables.merges import lead_merges

c = lead_merges.c


class MergeRepository(Resources[Merge]):
    """Merges by id, by lead, and what a merge has to know of both leads."""

    table = lead_merges
    entity = Merge
    noun = "merge"

    @property
    def moves(self) -> MergeMoves:
        """The rows that go from one lead to the other."""
        return MergeMoves(self._transaction)

    async def page_of_leads(self, lead_ids: Iterable[UUID], request: PageRequest) -> Page[Merge]:
        """Merges that one of these leads won or lost, the newest first."""
        ids = sorted(lead_ids)
        cursor = Cursor(
            self._transaction.workspace_id, self._transaction.now, "merges", ids, request.sort
        )
        values = arguments_for(request, cursor)
        statement = _OF_LEADS_AFTER if request.cursor is not None else _OF_LEADS
        rows = await self._transaction.rows(statement, ids=ids, **values)
        return page_of(rows, request, cursor, lambda row: built(Merge, row), "created_at")

    async def both(self, ids: Iterable[UUID], *, lock: bool) -> dict[UUID, Lead]:
        """Leads as they are, also those that are deleted or merged, locked in order of their ids.

        Visitors are locked before leads, as everywhere.
        """
        wanted = sorted(set(ids))
        if lock:
            await self._transaction.rows(_LOCK_VISITORS, ids=wanted)
        rows = await self._transaction.rows(_LOCK_BOTH if lock else _BOTH, ids=wanted)
        return {row["id"]: built(Lead, row) for row in rows}

    async def survivors(self, ids: Iterable[UUID]) -> dict[UUID, UUID]:
        """Of these leads, those that were merged into another, and which that is."""
        rows = await self._transaction.rows(_SURVIVORS, ids=sorted(set(ids)))
        return {row["id"]: row["merged_into"] for row in rows}

    async def family(self, lead_id: UUID) -> list[UUID]:
        """A lead and all that were merged into it; NotFound or Merged when it is not there."""
        rows = await self._transaction.rows(_FAMILY, lead_id=lead_id)
        head = next((row for row in rows if row["id"] == lead_id), None)
        if head is not None and head["merged_into"] is not None:
            raise Merged.into(lead_id, head["merged_into"])
        if head is None or head["deleted_at"] is not None:
            raise NotFound("no such lead in this workspace")
        return [lead_id, *sorted(row["id"] for row in rows if row["id"] != lead_id)]

    async def standing(self, loser_id: UUID) -> Merge | None:
        """The merge by which a lead is gone."""
        row = await self._transaction.row(_STANDING, loser_id=loser_id)
        return _read(row) if row else None

    async def locked(self, merge_id: UUID) -> Merge:
        """A merge with the columns of its leads as they were, for undoing it."""
        row = await self._transaction.row(_LOCKED, id=merge_id)
        if row is None:
            raise NotFound("no such merge in this workspace")
        return _read(row)

    async def undone_before(self, merge: Merge) -> list[Undone]:
        """The earlier merges into the same winner that were undone, the newest first."""
        rows = await self._transaction.rows(_UNDONE_BEFORE, winner_id=merge.winner_id, id=merge.id)
        return [
            Undone(
                created_at=row["created_at"],
                undone_at=row["undone_at"],
                before=_columns(row["winner_before"]),
                after=_columns(row["winner_after"]),
                moved=row["moved"],
            )
            for row in rows
        ]

    async def standing_of(self, loser_ids: Iterable[UUID]) -> list[Standing]:
        """The merges by which leads are gone, the oldest first."""
        rows = await self._transaction.rows(_STANDING_OF, ids=sorted(loser_ids))
        return [built(Standing, row) for row in rows]

    async def undone_pairs(self) -> set[frozenset[UUID]]:
        """Leads that were merged and made two again."""
        rows = await self._transaction.rows(_UNDONE_PAIRS)
        return {frozenset((row["winner_id"], row["loser_id"])) for row in rows}

    async def losers(self, merge_ids: Iterable[UUID]) -> dict[UUID, UUID]:
        """The losers of merges."""
        rows = await self._transaction.rows(_LOSERS, ids=sorted(merge_ids))
        return {row["id"]: row["loser_id"] for row in rows}

    async def words(self, lead_ids: Iterable[UUID]) -> list[Word]:
        """What was said about consent in the name of these leads, in the order of time."""
        return await words_of(self._transaction, lead_ids)

    async def verified(self, lead_ids: Iterable[UUID]) -> set[tuple[UUID, str, str]]:
        """The keys of these leads that were verified: lead, kind and value."""
        rows = await self._transaction.rows(_VERIFIED, ids=sorted(lead_ids))
        return {(row["lead_id"], row["kind"], row["value"]) for row in rows}

    async def add_keys(self, identities: Iterable[LeadIdentity]) -> None:
        """Store keys, but for those that are stored already or another lead's own."""
        rows = [vars(identity) for identity in identities]
        await self._transaction.rows(_ADD_KEYS, **as_arrays(lead_identities, rows))

    async def absorbed(self, lead_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
        """The leads that were merged into these."""
        found: dict[UUID, list[UUID]] = {lead_id: [] for lead_id in lead_ids}
        for row in await self._transaction.rows(_ABSORBED, ids=sorted(found)):
            found[row["merged_into"]].append(row["id"])
        return found


_INSTANTS = frozenset(column.name for column in leads.c if isinstance(column.type, DateTime))
_IDS = frozenset(column.name for column in leads.c if isinstance(column.type, Uuid))


def _columns(document: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a lead, read from a document of them."""
    return {name: _typed(name, value) for name, value in document.items()}


def _typed(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _INSTANTS:
        return datetime.fromisoformat(value)
    return UUID(value) if name in _IDS else value


def _read(row: Any) -> Merge:
    merge = built(Merge, row)
    for name in ("winner_before", "winner_after", "loser_before"):
        setattr(merge, name, _columns(getattr(merge, name)))
    return merge


@cache
def _both(*, lock: bool) -> Statement:
    query = (
        select(leads)
        .where(own(leads), leads.c.id == func.any(array_param("ids", leads.c.id)))
        .order_by(leads.c.id)
    )
    return Statement(query.with_for_update(key_share=True) if lock else query)


def _of_leads(*, after: bool) -> Statement:
    ids = array_param("ids", c.winner_id)
    named = or_(c.winner_id == func.any(ids), c.loser_id == func.any(ids))
    query = select(lead_merges).where(own(lead_merges), named)
    return Statement(in_order(query, c.created_at, c.id, descending=True, after=after))


def _family() -> Statement:
    lead, absorbed = leads.alias("lead"), leads.alias("absorbed")
    lead_id = param("lead_id", leads.c.id)
    return Statement(
        union_all(
            *(
                select(t.c.id, t.c.deleted_at, t.c.merged_into).where(own(t), condition)
                for t, condition in (
                    (lead, lead.c.id == lead_id),
                    (absorbed, absorbed.c.merged_into == lead_id),
                )
            )
        )
    )


def _add_keys() -> Statement:
    """What others share meanwhile is shared with them."""
    names = stored_columns(lead_identities)
    given = rows_of(lead_identities, names)
    held = lead_identities.alias("held")
    same = (held.c[name] == given.c[name] for name in ("kind", "system", "value"))
    sharing = select(1).where(own(held), held.c.anchor, held.c.shared, *same).exists()
    values = dict(given.c.items()) | {
        "shared": given.c.shared | sharing,
        "anchor": given.c.anchor & ~sharing,
    }
    added = insert(lead_identities).from_select(list(names), select(*(values[n] for n in names)))
    return Statement(added.on_conflict_do_nothing())


_ADD_KEYS = _add_keys()
_BOTH, _LOCK_BOTH = _both(lock=False), _both(lock=True)
_OF_LEADS, _OF_LEADS_AFTER = _of_leads(after=False), _of_leads(after=True)
_FAMILY = _family()
_LOCK_VISITORS = Statement(
    select(visitors.c.visitor_id)
    .where(own(visitors), visitors.c.lead_id == func.any(array_param("ids", visitors.c.lead_id)))
    .order_by(visitors.c.visitor_id)
    .with_for_update(key_share=True)
)
_SURVIVORS = Statement(
    select(leads.c.id, leads.c.merged_into).where(
        own(leads),
        leads.c.id == func.any(array_param("ids", leads.c.id)),
        leads.c.merged_into.is_not(None),
    )
)
_ABSORBED = Statement(
    select(leads.c.id, leads.c.merged_into).where(
        own(leads), leads.c.merged_into == func.any(array_param("ids", leads.c.id))
    )
)
_STANDING = Statement(
    select(lead_merges).where(
        own(lead_merges), c.loser_id == param("loser_id", c.loser_id), c.undone_at.is_(None)
    )
)
_LOCKED = Statement(
    select(lead_merges)
    .where(own(lead_merges), c.id == param("id", c.id))
    .with_for_update(key_share=True)
)
_UNDONE_BEFORE = Statement(
    select(c.created_at, c.undone_at, c.winner_before, c.winner_after, c.moved)
    .where(
        own(lead_merges),
        c.winner_id == param("winner_id", c.winner_id),
        c.id < param("id", c.id),
        c.undone_at.is_not(None),
    )
    .order_by(c.id.desc())
)
_STANDING_OF = Statement(
    select(c.id, c.winner_id, c.loser_id, c.moved, c.created_at)
    .where(
        own(lead_merges),
        c.loser_id == func.any(array_param("ids", c.loser_id)),
        c.undone_at.is_(None),
    )
    .order_by(c.id)
)
_UNDONE_PAIRS = Statement(
    select(c.winner_id, c.loser_id).where(own(lead_merges), c.undone_at.is_not(None)).distinct()
)
_LOSERS = Statement(
    select(c.id, c.loser_id).where(own(lead_merges), c.id == func.any(array_param("ids", c.id)))
)
_VERIFIED = Statement(
    select(lead_identities.c.lead_id, lead_identities.c.kind, lead_identities.c.value).where(
        own(lead_identities),
        lead_identities.c.lead_id == func.any(array_param("ids", lead_identities.c.lead_id)),
        lead_identities.c.verified_at.is_not(None),
    )
)
