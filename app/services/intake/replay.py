"""From the spool into Postgres, as soon as it answers again; and whether what we said is true."""

import asyncio
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

import structlog

from app.adapters.envelopes import decode
from app.adapters.spool import Entry, SpoolUnavailable
from app.domain.errors import Unavailable
from app.domain.intake.submissions import Delivery
from app.platform.faults import fault
from app.services.intake.reception import DEADLINE_SECONDS, Reception
from app.services.intake.spooling import Backlog

log = structlog.get_logger("touchline.intake")

PROBE_SECONDS = 1.0
ABANDONED_SECONDS = 15.0
VERIFY_SECONDS = 15.0
AGAIN_SECONDS = 600.0
BATCH = 256
# Of the time, what a replay takes: live submissions go first.
SHARE = 0.5


K = TypeVar("K")


class Replay:
    """The loops around a reception; each failure is logged, and tried again."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._server: tuple[int, int] | None = None
        self._another_server = False
        # Records of our own spool that nothing can be made of, not to be tried each second.
        self._left: set[Entry] = set()
        self._left_since = monotonic()
        # Of submissions said to be stored, as (workspace, receipt), those not found again.
        self.lost: set[tuple[UUID, UUID]] = set()

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        """What has to run beside the reception."""
        loops = [self._probe(), self._verify()]
        if self._reception.spool is not None:
            loops += [self._reception.spool.keep_trimmed(), self._adopt()]
        return loops

    async def replay(self, backlog: Backlog[Any], left: set[Entry] | None = None) -> int:
        """Bring everything in a spool to Postgres, oldest first; how many records that were.

        Those that cannot be read or stored stay where they are, for a version that can, hold up
        nobody, and are added to `left`, which is passed over. Unavailable or TimeoutError as soon
        as Postgres does not answer.
        """
        count = 0
        left = set() if left is None else left
        while batch := await backlog.unsettled(BATCH, left):
            started = monotonic()
            read = {entry: _read(record) for entry, record in batch}
            deliveries = {entry: delivery for entry, delivery in read.items() if delivery}
            left |= read.keys() - deliveries.keys()
            stored = await self._stored(deliveries)
            left |= deliveries.keys() - set(stored)
            fault("before_replay_mark")
            await backlog.settle(stored)
            fault("after_replay_mark")
            count += len(stored)
            took = monotonic() - started
            await asyncio.sleep(took * (1 - SHARE) / SHARE)
        return count

    async def store(self, deliveries: Sequence[Delivery]) -> None:
        """Bring these to Postgres; those that are there already change nothing."""
        for batch in _unlike(deliveries):
            async with asyncio.timeout(20 * DEADLINE_SECONDS):
                known = await self._reception.put(batch)
            # Two processes took the same key with different bodies while neither could know.
            clashing = [
                _apart(self._reception, d)
                for d in batch
                if known[d.id].body_hash not in (b"", d.body_hash)
            ]
            if clashing:
                await self.store(clashing)
            self._reception.tally.replayed += len(batch)
            self._reception.arrived.update(d.workspace_id for d in batch)
            self._reception.unverified.extend((d.workspace_id, d.id) for d in batch)

    async def _stored(self, deliveries: Mapping[K, Delivery]) -> list[K]:
        """Bring these to Postgres; the names of those that it has now."""
        try:
            await self.store(list(deliveries.values()))
        except (Unavailable, TimeoutError):
            raise
        except Exception:
            log.exception("spooled records cannot be stored together; each is tried by itself")
        else:
            return list(deliveries)
        stored = []
        for name, delivery in deliveries.items():
            try:
                await self.store([delivery])
            except (Unavailable, TimeoutError):
                raise
            except Exception:
                log.exception("a spooled record cannot be stored", receipt_id=str(delivery.id))
            else:
                stored.append(name)
        return stored

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            try:
                await self._probe_once()
            except (Unavailable, TimeoutError, OSError, SpoolUnavailable):
                continue
            except Exception:
                log.exception("replaying the spool failed")

    async def _probe_once(self) -> None:
        """Ask who answers, each time: a standby may take over while nobody sends anything."""
        reception = self._reception
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                server = await reception.inbox.server()
                if not reception.connected:
                    # It may answer all the same with the table locked, or as a standby.
                    await reception.inbox.put([])
        except (Unavailable, TimeoutError):
            # Whoever comes next need not find out by waiting.
            reception.connected = False
            raise
        if not reception.connected:
            log.info("the database takes submissions again")
        reception.connected = True
        if self._server not in (None, server):
            self._another_server = True
            await self._recheck_tail()
        self._server = server
        if monotonic() - self._left_since > AGAIN_SECONDS:
            self._left, self._left_since = set(), monotonic()
        if reception.spool is not None and await self.replay(reception.spool, self._left):
            log.info("the spool is replayed")

    async def _recheck_tail(self) -> None:
        """A standby that took over may lack the last commits of the server before it."""
        if self._reception.spool is None:
            return
        log.warning("the last quarter of an hour is sent to the database again")
        async for batch in self._reception.spool.tail(BATCH):
            await self._stored(
                {n: d for n, record in enumerate(batch) if (d := _read(record)) is not None}
            )

    async def _adopt(self) -> None:
        while True:
            try:
                await self._adopt_once()
            except (Unavailable, TimeoutError):
                pass
            except Exception:
                log.exception("replaying the spool of an ended process failed")
            await asyncio.sleep(ABANDONED_SECONDS)

    async def _adopt_once(self) -> None:
        spool = self._reception.spool
        if spool is None or not self._reception.connected:
            return
        for adopted in await spool.adopted():
            if damage := adopted.damage():
                log.critical("the spool of an ended process is damaged", **damage)
            try:
                count = await self.replay(adopted)
                if count:
                    log.info("the spool of an ended process is replayed", records=count)
                await adopted.retire()
            except (Unavailable, TimeoutError):
                raise
            except Exception:
                # One that is damaged holds up no other.
                log.exception("replaying the spool of an ended process failed")

    async def _verify(self) -> None:
        while True:
            await asyncio.sleep(VERIFY_SECONDS)
            await self._verify_once()

    async def _verify_once(self) -> None:
        """Read back what was acknowledged: a row that is missing is an alarm, and is stored again
        where the tail of the spool has it."""
        unverified = self._reception.unverified
        receipts = [unverified.popleft() for _ in range(len(unverified))]
        try:
            missing = await self._missing([*receipts, *self.lost])
            if missing - self.lost:
                await self._restore(missing)
                missing = await self._missing(list(missing))
        except (Unavailable, TimeoutError, SpoolUnavailable):
            unverified.extendleft(reversed(receipts))
        except Exception:
            log.exception("acknowledged submissions could not be verified")
            unverified.extendleft(reversed(receipts))
        else:
            for _, receipt_id in missing - self.lost:
                log.critical("an acknowledged submission is not stored", receipt_id=str(receipt_id))
            self.lost = missing

    async def _restore(self, missing: Collection[tuple[UUID, UUID]]) -> None:
        """Store rows again that were there; as long as it is the same server that lost them, their
        receipts are counted already."""
        for _, receipt_id in missing:
            log.critical("an acknowledged submission is gone", receipt_id=str(receipt_id))
        if self._reception.spool is None:
            return
        async for batch in self._reception.spool.tail(BATCH):
            read = [delivery for record in batch if (delivery := _read(record)) is not None]
            gone = [d for d in read if (d.workspace_id, d.id) in missing]
            if gone and self._another_server:
                # The count of their receipts stayed behind as well.
                await self._stored(dict(enumerate(gone)))
            elif gone:
                await self._reception.inbox.restore(gone)
                self._reception.arrived.update(d.workspace_id for d in gone)

    async def _missing(self, receipts: Sequence[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
        found: set[tuple[UUID, UUID]] = set()
        for batch in _chunks(iter(receipts)):
            found |= set(await self._reception.inbox.missing(batch))
        return found


def _read(record: bytes) -> Delivery | None:
    try:
        return decode(record)
    except ValueError as error:
        log.error("a spooled record cannot be read", reason=str(error))  # noqa: TRY400
        return None


def _unlike(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """The deliveries in their order, in lists without two of one id."""
    lists: list[list[Delivery]] = []
    for delivery in deliveries:
        fitting = next((one for one in lists if all(d.id != delivery.id for d in one)), None)
        if fitting is None:
            lists.append([delivery])
        else:
            fitting.append(delivery)
    return lists


def _apart(reception: Reception, delivery: Delivery) -> Delivery:
    key = b"clash:" + delivery.id.bytes + delivery.body_hash
    return replace(
        delivery,
        id=reception.receipt_for(delivery.workspace_id, key),
        suspicions=[*delivery.suspicions, "key_reused"],
    )


def _chunks(things: Iterator[Any], size: int = 500) -> Iterator[list[Any]]:
    while chunk := list(islice(things, size)):
        yield chunk
