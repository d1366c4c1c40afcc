"""The first durable write: submissions of any workspace, many in one statement.

It runs as touchline_intake, which may add submissions and see nothing of them but what tells a
repeat. So these statements, alone of all, name no workspace: each row brings its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.errors import Unavailable
from app.domain.intake.submissions import Delivery, SubmissionStatus
from app.platform.db import Database, Json
from app.platform.faults import fault
from app.repositories.database_errors import sqlstate_of
from app.repositories.statements import Statement, array_param, as_arrays, param, rows_of
from app.repositories.tables.intake import hour_of, intake_counts, quarantine, submissions

# Faults of the record itself: repeating it, or sending it with others, changes nothing.
_POISON = ("22", "23", "54")


class Refused(Exception):
    """The database took none of these records, for one of them cannot be stored."""


@dataclass(frozen=True)
class Known:
    """What the database has under a receipt: a status, and the digest of what was sent."""

    status: str
    body_hash: bytes
    new: bool


class Inbox:
    """Stores deliveries; `writer` names this process in the count of receipts."""

    def __init__(self, database: Database, writer: UUID) -> None:
        self._database = database
        self._writer = writer

    async def put(self, deliveries: Sequence[Delivery]) -> dict[UUID, Known]:
        """Store deliveries with different ids, all or none; what there is now under each id.

        Refused when a record cannot be stored, Unavailable when the database does not answer.
        """
        ordered = sorted(deliveries, key=_id_of)
        fault("before_insert")
        stored = {row["id"] for row in await self._fetch(_PUT, _arrays(ordered, self._writer))}
        fault("after_insert")
        known = {
            delivery.id: Known(SubmissionStatus.RECEIVED, delivery.body_hash, new=True)
            for delivery in deliveries
            if delivery.id in stored
        }
        repeats = [delivery for delivery in deliveries if delivery.id not in stored]
        if repeats:
            known |= await self.known(repeats)
        return known

    async def restore(self, deliveries: Sequence[Delivery]) -> None:
        """Store deliveries whose rows were there and are gone, without counting them again."""
        for delivery in deliveries:
            await self._fetch(_RESTORE, _arrays([delivery], self._writer))

    async def known(self, deliveries: Sequence[Delivery]) -> dict[UUID, Known]:
        """What was stored before under the ids of these deliveries."""
        wanted = {
            "workspace_ids": [delivery.workspace_id for delivery in deliveries],
            "ids": [delivery.id for delivery in deliveries],
        }
        found = await self._fetch(_KNOWN, wanted)
        known = {row["id"]: Known(row["status"], row["body_hash"], new=False) for row in found}
        if len(known) < len(deliveries):
            known |= {
                row["id"]: Known(SubmissionStatus.QUARANTINED, b"", new=False)
                for row in await self._fetch(_QUARANTINED, wanted)
            }
        return known

    async def set_aside(self, delivery: Delivery, record: bytes, reason: str) -> None:
        """Keep a record that the database refuses among the submissions."""
        row = {
            "workspace_id": delivery.workspace_id,
            "id": delivery.id,
            "received_at": delivery.received_at,
            "record": record,
            "reason": reason.replace("\x00", "�").encode(errors="replace").decode(),
            "resolved_at": None,
        }
        values = as_arrays(quarantine, [row]) | {"writer": self._writer}
        await self._fetch(_SET_ASIDE, values)

    async def missing(self, receipts: Sequence[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID]]:
        """Of these (workspace, receipt), the ones for which nothing is stored."""
        wanted = {
            "workspace_ids": [workspace_id for workspace_id, _ in receipts],
            "ids": [receipt_id for _, receipt_id in receipts],
        }
        found = {row["id"] for row in await self._fetch(_KNOWN, wanted)}
        if len(found) < len(receipts):
            found |= {row["id"] for row in await self._fetch(_QUARANTINED, wanted)}
        return [receipt for receipt in receipts if receipt[1] not in found]

    async def pending(self) -> list[UUID]:
        """The workspaces in which submissions wait to be captured."""
        return [row["workspace_id"] for row in await self._fetch(_PENDING, {})]

    async def server(self) -> tuple[int, int]:
        """Which server and which of its lives this is; it changes when a standby takes over.

        Unavailable when it does not answer; (0, 0) when it does and will not tell.
        """
        try:
            rows = await self._database.fetch(_SERVER)
        except Exception as error:
            if sqlstate_of(error).startswith("42"):
                return 0, 0
            raise Unavailable("the database does not answer") from error
        return rows[0]["cluster"], rows[0]["timeline"]

    async def _fetch(self, statement: Statement, values: dict[str, Any]) -> list[Any]:
        try:
            return await self._database.fetch(statement.sql, *statement.arguments(values))
        except (ValueError, OverflowError) as error:
            raise Refused(type(error).__name__) from error
        except Exception as error:
            state = sqlstate_of(error)
            # What neither the server nor the line to it says is the doing of the record.
            if not state or state.startswith(_POISON):
                raise Refused(f"{state} {type(error).__name__}".strip()) from error
            raise Unavailable("the database does not take submissions just now") from error


_GIVEN = (
    "workspace_id",
    "id",
    "kind",
    "received_at",
    "raw",
    "body_hash",
    "content_type",
    "query",
    "headers",
    "address",
    "form_id",
    "connector_id",
    "api_key_id",
    "visitor_id",
    "fingerprint",
    "part",
    "is_test",
    "suspicions",
    "status",
)


_id_of = attrgetter("id")
_READERS = {
    name: attrgetter(name) for name in _GIVEN if name not in ("headers", "suspicions", "status")
}


def _arrays(deliveries: Sequence[Delivery], writer: UUID) -> dict[str, Any]:
    """One list a column; made directly, for this is done for every submission."""
    values: dict[str, Any] = {
        f"incoming_{name}": list(map(read, deliveries)) for name, read in _READERS.items()
    }
    values["incoming_headers"] = [Json(delivery.headers) for delivery in deliveries]
    values["incoming_suspicions"] = [Json(delivery.suspicions) for delivery in deliveries]
    values["incoming_status"] = [SubmissionStatus.RECEIVED.value] * len(deliveries)
    values["writer"] = writer
    return values


def _stored(table: Any, names: tuple[str, ...]) -> Any:
    incoming = rows_of(table, names)
    return (
        insert(table)
        .from_select(list(names), select(*(incoming.c[name] for name in names)))
        .on_conflict_do_nothing(index_elements=["workspace_id", "id"])
        .returning(table.c.workspace_id, table.c.id, table.c.received_at)
    )


def _stored_and_counted(table: Any, names: tuple[str, ...]) -> Statement:
    stored = _stored(table, names).cte("stored")
    hour = hour_of(stored.c.received_at)
    count = insert(intake_counts).from_select(
        ["workspace_id", "hour", "writer", "issued"],
        select(
            stored.c.workspace_id,
            hour,
            param("writer", intake_counts.c.writer),
            func.count(),
        )
        .group_by(stored.c.workspace_id, hour)
        # In one order for all, for a replay counts in the same rows at the same time.
        .order_by(stored.c.workspace_id, hour),
    )
    counted = count.on_conflict_do_update(
        index_elements=["workspace_id", "hour", "writer"],
        set_={"issued": intake_counts.c.issued + count.excluded.issued},
    ).cte("counted")
    return Statement(select(stored.c.id).add_cte(counted))


def _named(table: Any, *columns: Any) -> Statement:
    wanted = (
        func.unnest(
            array_param("workspace_ids", table.c.workspace_id), array_param("ids", table.c.id)
        )
        .table_valued("workspace_id", "id", name="wanted")
        .render_derived()
    )
    return Statement(
        select(table.c.id, *columns).join_from(
            wanted,
            table,
            (table.c.workspace_id == wanted.c.workspace_id) & (table.c.id == wanted.c.id),
        )
    )


_PUT = _stored_and_counted(submissions, _GIVEN)
_RESTORE = Statement(_stored(submissions, _GIVEN))
_SET_ASIDE = _stored_and_counted(
    quarantine, ("workspace_id", "id", "received_at", "record", "reason", "resolved_at")
)
_KNOWN = _named(submissions, submissions.c.status, submissions.c.body_hash)
_QUARANTINED = _named(quarantine)
_PENDING = Statement(
    select(submissions.c.workspace_id)
    # Spelled out, for a parameter would keep the planner from the partial index.
    .where(submissions.c.status == literal_column("'received'"))
    .distinct()
)
_SERVER = (
    "SELECT s.system_identifier AS cluster, c.timeline_id AS timeline "
    "FROM pg_control_system() AS s, pg_control_checkpoint() AS c"
)

# The statements that go across workspaces; a test holds that there are no others.
ACROSS_WORKSPACES = tuple(
    statement.sql for statement in (_PUT, _RESTORE, _SET_ASIDE, _KNOWN, _QUARANTINED, _PENDING)
)
