"""Identities: who holds a key, keys added, shared, set free."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    and_,
    delete,
    func,
    literal,
    select,
    true,
    update,
)

from app.domain.errors import NotFound
from app.domain.leads.identities import (
    Identity,
    IdentityKind,
    LeadIdentity,
)
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.platform.db import Json
from app.repositories.bulk import add_shaped, shaped
from app.repositories.leads.lead_keys import DEVICE_OF_LEAD, IDENTITY_OF_LEAD, identity_pages
from app.repositories.paging import Cursor, arguments_for, page_of
from app.repositories.resources import Resources
from app.repositories.statements import (
    Statement,
    array_param,
    built,
    own,
    param,
)
from app.repositories.tables.leads import lead_identities, leads

# Of a key that thousands share, only these are looked at.
MOST_HOLDERS = 50

c = lead_identities.c
_KEY = ("kind", "system", "value")
_HELD = tuple(column.name for column in c)


class IdentityRepository(Resources[LeadIdentity]):
    """Identities by id, by key and by lead."""

    table = lead_identities
    entity = LeadIdentity
    noun = "identity"

    async def holders(self, keys: Sequence[Identity]) -> list[tuple[Lead, LeadIdentity]]:
        """The leads that have these keys, each with its own; of many who share one, the newest."""
        if not keys:
            return []
        rows = await self._transaction.rows(_HOLDERS, **_arrays(keys))
        found = []
        for row in rows:
            columns = dict(row)
            held = {name: columns.pop(f"held_{name}") for name in _HELD}
            found.append((built(Lead, columns), built(LeadIdentity, held)))
        return found

    async def queue_up(self, keys: Iterable[Identity]) -> None:
        """Wait until no other transaction is busy with these keys: nothing else keeps two that
        bring the same person from storing a shared key twice."""
        workspace = self._transaction.workspace_id.bytes
        numbers = {
            int.from_bytes(
                blake2b(
                    "\0".join((key.kind, key.system, key.value)).encode(),
                    digest_size=8,
                    key=workspace,
                ).digest(),
                signed=True,
            )
            for key in keys
        }
        await self._transaction.rows(_QUEUE_UP, numbers=sorted(numbers))

    async def add_all(self, identities: Sequence[LeadIdentity]) -> None:
        """Store further identities."""
        shape, rows = shaped(lead_identities, [vars(identity) for identity in identities])
        await self._transaction.rows(add_shaped(lead_identities, shape), **rows)

    async def share(self, keys: Sequence[Identity]) -> set[Identity]:
        """Make exclusive keys shared; returns those that were exclusive."""
        rows = await self._transaction.rows(_SHARE, **_arrays(keys))
        return {_identity(row) for row in rows}

    async def note_names(self, names: Mapping[UUID, list[str]]) -> None:
        """Store who else was seen with these identities."""
        ids = sorted(names)
        await self._transaction.rows(_NOTE_NAMES, ids=ids, names=[Json(names[i]) for i in ids])

    async def release(self, lead_id: UUID, keys: Sequence[Identity]) -> None:
        """Free these keys of a lead, so that another may have them, but for verified ones."""
        await self.release_of({lead_id: keys})

    async def release_of(self, keys: Mapping[UUID, Sequence[Identity]]) -> None:
        """The same for several leads."""
        freed = [(lead_id, key) for lead_id, several in keys.items() for key in several]
        await self._transaction.rows(
            _RELEASE,
            lead_ids=[lead_id for lead_id, _ in freed],
            **_arrays([key for _, key in freed]),
        )

    async def release_all(self, lead_id: UUID) -> None:
        """Free every key of a lead that is deleted."""
        await self._transaction.rows(_RELEASE_ALL, lead_id=lead_id)

    async def remove(self, identity_id: UUID) -> None:
        """Free one key."""
        await self._transaction.rows(_REMOVE, id=identity_id)

    async def page_of(self, lead_id: UUID, request: PageRequest) -> Page[LeadIdentity]:
        """A page of what points to a lead, the devices it was seen on included."""
        transaction = self._transaction
        cursor = Cursor(
            transaction.workspace_id, transaction.now, "identities", request.sort, lead_id
        )
        statement = identity_pages(request.descending, request.cursor is not None)
        rows = await transaction.rows(statement, lead_id=lead_id, **arguments_for(request, cursor))
        return page_of(rows, request, cursor, lambda row: built(LeadIdentity, row), "created_at")

    async def of_lead(self, lead_id: UUID, identity_id: UUID) -> LeadIdentity:
        """One of them; NotFound when it does not point to this lead."""
        row = await self._transaction.row(IDENTITY_OF_LEAD, lead_id=lead_id, id=identity_id)
        return _found(row)

    async def device_of(self, lead_id: UUID, visitor_id: str) -> LeadIdentity:
        """A device that a lead was seen on, as one of them."""
        return _found(
            await self._transaction.row(DEVICE_OF_LEAD, lead_id=lead_id, value=visitor_id)
        )


def _found(row: Any) -> LeadIdentity:
    if row is None:
        raise NotFound("no such identity of this lead")
    return built(LeadIdentity, row)


def _arrays(keys: Sequence[Identity]) -> dict[str, list[str]]:
    return {
        "kinds": [key.kind.value for key in keys],
        "systems": [key.system for key in keys],
        "values": [key.value for key in keys],
    }


def _identity(row: Any) -> Identity:
    return Identity(IdentityKind(row["kind"]), row["value"], row["system"])


def _wanted(*more: str) -> Any:
    names = (*_KEY, *more)
    return (
        func.unnest(*(array_param(f"{name}s", c[name]) for name in names))
        .table_valued(*names, name="wanted")
        .render_derived()
    )


def _is_wanted(wanted: Any) -> Any:
    return and_(*(c[name] == wanted.c[name] for name in _KEY))


def _holders() -> Statement:
    wanted = _wanted()
    newest = (
        select(*(c[name].label(f"held_{name}") for name in _HELD))
        .where(own(lead_identities), _is_wanted(wanted))
        .order_by(c.id.desc())
        .limit(literal(MOST_HOLDERS, Integer))
        .lateral("held")
    )
    # Its own scope, too: planned while the table is empty, a join would begin with all the leads,
    # and go on doing so while they become many.
    living = (
        select(leads)
        .where(own(leads), leads.c.id == newest.c.held_lead_id, leads.c.deleted_at.is_(None))
        .limit(literal(1, Integer))
        .lateral("living")
    )
    return Statement(
        select(*living.c, *newest.c).select_from(wanted).join(newest, true()).join(living, true())
    )


def _queue_up() -> Statement:
    numbers = (
        func.unnest(param("numbers", ARRAY(BigInteger))).table_valued("number").render_derived()
    )
    return Statement(select(func.pg_advisory_xact_lock(numbers.c.number)))


def _share() -> Statement:
    wanted = _wanted()
    return Statement(
        update(lead_identities)
        .where(own(lead_identities), _is_wanted(wanted), ~c.shared)
        .values(shared=True)
        .returning(c.kind, c.system, c.value)
    )


def _note_names() -> Statement:
    noted = (
        func.unnest(array_param("ids", c.id), array_param("names", c.other_names))
        .table_valued("id", "names", name="noted")
        .render_derived()
    )
    return Statement(
        update(lead_identities)
        .where(own(lead_identities), c.id == noted.c.id)
        .values(other_names=noted.c.names)
    )


def _release() -> Statement:
    wanted = _wanted("lead_id")
    return Statement(
        delete(lead_identities).where(
            own(lead_identities),
            c.lead_id == wanted.c.lead_id,
            _is_wanted(wanted),
            c.verified_at.is_(None),
        )
    )


_HOLDERS = _holders()
_QUEUE_UP = _queue_up()
_SHARE = _share()
_NOTE_NAMES = _note_names()
_RELEASE = _release()
_RELEASE_ALL = Statement(
    delete(lead_identities).where(own(lead_identities), c.lead_id == param("lead_id", c.lead_id))
)
_REMOVE = Statement(delete(lead_identities).where(own(lead_identities), c.id == param("id", c.id)))
