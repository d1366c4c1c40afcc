"""From the spool into Postgres, as soon as it answers again; and whether what we said is true."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from time import monotonic
from typing import Any
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
BATCH = 64
# Of the time, what a replay takes: live submissions go first.
SHARE = 0.5


class Replay:
    """The loops around a reception; each failure is logged, and tried again."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._server: tuple[int, int] | None = None
        # Of submissions said to be stored, those that were not found again.
        self.lost: set[UUID] = set()

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        """What has to run beside the reception."""
        loops = [self._probe(), self._verify()]
        if self._reception.spool is not None:
            loops += [self._reception.spool.keep_trimmed(), self._adopt()]
        return loops

    async def replay(self, backlog: Backlog[Any]) -> int:
        """Bring everything in a spool to Postgres, oldest first; how many records there were.

        Unavailable or TimeoutError as soon as Postgres does not answer.
        """
        count = 0
        unreadable: set[Entry] = set()
        while batch := await backlog.unsettled(BATCH, unreadable):
            started = monotonic()
            deliveries = {entry: _read(record) for entry, record in batch}
            # They stay where they are, for a version that can read them, and hold up nobody.
            unreadable |= {entry for entry, delivery in deliveries.items() if delivery is None}
            await self.store([d for d in deliveries.values() if d is not None])
            fault("before_replay_mark")
            await backlog.settle([entry for entry, d in deliveries.items() if d is not None])
            fault("after_replay_mark")
            count += len(batch)
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
                await self._reception.put(clashing)
            self._reception.tally.replayed += len(batch)
            self._reception.arrived.update(d.workspace_id for d in batch)

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
        reception = self._reception
        if not reception.connected or self._server is None:
            async with asyncio.timeout(DEADLINE_SECONDS):
                server = await reception.inbox.server()
            before, self._server = self._server, server
            if not reception.connected:
                log.info("the database takes submissions again")
            reception.connected = True
            if before not in (None, server):
                await self._recheck_tail()
        if reception.spool is not None and await self.replay(reception.spool):
            log.info("the spool is replayed")

    async def _recheck_tail(self) -> None:
        """A standby that took over may lack the last commits of the server before it."""
        if self._reception.spool is None:
            return
        log.warning("another server answers: the last quarter of an hour is sent to it again")
        records = await self._reception.spool.tail()
        for batch in _chunks(records):
            await self.store([d for record in batch if (d := _read(record)) is not None])

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
            try:
                count = await self.replay(adopted)
            finally:
                await adopted.leave()
            if count:
                log.info("the spool of an ended process is replayed", records=count)

    async def _verify(self) -> None:
        """Read back what was acknowledged: a row that is missing is an alarm."""
        while True:
            await asyncio.sleep(VERIFY_SECONDS)
            unverified = self._reception.unverified
            receipts = [unverified.popleft() for _ in range(len(unverified))]
            try:
                for batch in _chunks(iter(receipts)):
                    for _, receipt_id in await self._reception.inbox.missing(batch):
                        self.lost.add(receipt_id)
                        log.critical(
                            "an acknowledged submission is not stored", receipt_id=str(receipt_id)
                        )
            except Unavailable:
                unverified.extendleft(reversed(receipts))
            except Exception:
                log.exception("acknowledged submissions could not be verified")


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
