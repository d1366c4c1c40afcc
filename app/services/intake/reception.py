"""Where every submission is taken in: stored with others in one statement, or in the spool.

Nothing is acknowledged before Postgres has committed it or the local disk has synced it, and
nothing is looked up about a person before that.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import structlog

from app.adapters.envelopes import encode
from app.adapters.spool import Entry, SpoolUnavailable
from app.domain.errors import Unavailable
from app.domain.intake.submissions import Delivery, SubmissionStatus
from app.platform.faults import fault
from app.platform.secrets import Secrets
from app.repositories.intake.inbox import Inbox, Known, Refused
from app.services.intake.spooling import SpoolLog

log = structlog.get_logger("touchline.intake")

# How long Postgres may take before the spool answers in its place.
DEADLINE_SECONDS = 0.75
# How long the disk may take when it is all that is left.
SYNC_SECONDS = 5.0
BATCH_ROWS = 128
BATCH_BYTES = 1024 * 1024
QUEUE_ROWS = 10_000
QUEUE_BYTES = 64 * 1024 * 1024
_MOST_REMEMBERED = 50_000


@dataclass(frozen=True)
class Accepted:
    """A submission that is safe. `same_body` is False when its key came with another body."""

    receipt_id: UUID
    status: str
    replayed: bool = False
    same_body: bool = True


@dataclass
class Tally:
    """What this process has done, for the metrics."""

    stored: int = 0
    spooled: int = 0
    refused: int = 0
    quarantined: int = 0
    batches: int = 0
    replayed: int = 0


class _Waiting:
    """A delivery and whoever awaits its fate."""

    __slots__ = ("delivery", "turn")

    def __init__(self, delivery: Delivery, turn: "asyncio.Future[Accepted]") -> None:
        self.delivery = delivery
        self.turn = turn


class Reception:
    """One for each process."""

    def __init__(self, inbox: Inbox, spool: SpoolLog | None, secrets: Secrets) -> None:
        self.inbox = inbox
        self.spool = spool
        self.tally = Tally()
        # Whether Postgres answered the last time; the replay finds out when it does again.
        self.connected = True
        # Workspaces with something new, for the worker.
        self.arrived: set[UUID] = set()
        # Acknowledged as (workspace, receipt), to be read back.
        self.unverified: deque[tuple[UUID, UUID]] = deque(maxlen=_MOST_REMEMBERED)
        self._secrets = secrets
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._closing = False
        self._recent: OrderedDict[UUID, bytes] = OrderedDict()

    def receipt_for(self, workspace_id: UUID, key: bytes) -> UUID:
        """The receipt of whatever is sent under this key: the same in every process."""
        digest = self._secrets.sign("receipt", workspace_id.bytes, key)
        return UUID(bytes=digest[:16], version=5)

    async def accept(self, delivery: Delivery) -> Accepted:
        """Take a delivery in; Unavailable when neither Postgres nor the spool can."""
        fault("before_enqueue")
        size = len(delivery.raw)
        if self._closing:
            raise Unavailable("the service is being stopped; send it again in a few seconds")
        if len(self._queue) >= QUEUE_ROWS or self._queued_bytes + size > QUEUE_BYTES:
            self.tally.refused += 1
            raise Unavailable("too many submissions at once; send it again in a few seconds")
        turn: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(delivery, turn))
        self._queued_bytes += size
        self._wake.set()
        fault("after_enqueue")
        # The batch goes on without the request: a client that hangs up loses nothing.
        return await turn

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take deliveries in for the length of the block, and finish with all of them after it."""
        batches = asyncio.create_task(self._batches())
        try:
            yield
        finally:
            self._closing = True
            self._wake.set()
            try:
                await batches
            finally:
                self._refuse(self._queue)

    async def put(self, deliveries: Sequence[Delivery]) -> dict[UUID, Known]:
        """Store deliveries; one that the database refuses goes to quarantine, without the others.

        Unavailable when the database does not answer: then some of them may be stored.
        """
        try:
            return await self.inbox.put(deliveries)
        except Refused as refused:
            if len(deliveries) > 1:
                half = len(deliveries) // 2
                return await self.put(deliveries[:half]) | await self.put(deliveries[half:])
            [delivery] = deliveries
            return {delivery.id: await self._set_aside(delivery, str(refused))}

    async def _set_aside(self, delivery: Delivery, reason: str) -> Known:
        # Its key may have come before, with a body that could be stored or with this one.
        known = await self.inbox.known([delivery])
        if known:
            return known[delivery.id]
        await self.inbox.set_aside(delivery, encode(delivery), reason)
        log.error("a submission went to quarantine", receipt_id=str(delivery.id), reason=reason)
        self.tally.quarantined += 1
        return Known(SubmissionStatus.QUARANTINED.value, delivery.body_hash, new=True)

    async def _batches(self) -> None:
        while True:
            if not self._queue:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            batch = self._take()
            self.tally.batches += 1
            try:
                await self._store(batch)
            except Exception:
                log.exception("a batch of submissions failed")
            finally:
                self._refuse(batch)

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._queue and len(batch) < BATCH_ROWS:
            waiting = self._queue[0]
            size += len(waiting.delivery.raw)
            if batch and size > BATCH_BYTES:
                break
            batch.append(self._queue.popleft())
            self._queued_bytes -= len(waiting.delivery.raw)
        return batch

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        first: dict[UUID, Delivery] = {}
        for waiting in batch:
            first.setdefault(waiting.delivery.id, waiting.delivery)
        deliveries = list(first.values())
        appended = self._append(deliveries)
        known = await self._put_in_time(deliveries) if self.connected else None
        if known is not None:
            self._note_stored(deliveries, known)
            if self.spool and appended:
                self.spool.settle_later(appended)
            self._answer(batch, known)
        else:
            await self._answer_from_spool(batch, deliveries, appended)

    def _append(self, deliveries: Sequence[Delivery]) -> "Future[list[Entry]] | None":
        # With Postgres at work the log is only a tail: a disk that lags must not hold it up.
        if self.spool is None or (self.connected and self.spool.behind):
            return None
        return self._written(self.spool, deliveries)

    def _written(self, spool: SpoolLog, deliveries: Sequence[Delivery]) -> "Future[list[Entry]]":
        # What is safe already is not written again, least of all another body under its key.
        fresh = [delivery for delivery in deliveries if delivery.id not in self._recent]
        return spool.append([encode(delivery) for delivery in fresh])

    async def _put_in_time(self, deliveries: Sequence[Delivery]) -> dict[UUID, Known] | None:
        started = monotonic()
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                fault("before_commit")
                known = await self.put(deliveries)
                fault("after_commit")
                return known
        except (Unavailable, TimeoutError) as error:
            self.connected = False
            log.warning(
                "the database takes no submissions",
                after_seconds=round(monotonic() - started, 3),
                reason=type(error.__cause__ or error).__name__,
            )
        except Exception:
            # Whatever it is, the spool can keep them until somebody has mended it.
            log.exception("submissions could not be stored")
        return None

    async def _answer_from_spool(
        self,
        batch: Sequence[_Waiting],
        deliveries: Sequence[Delivery],
        appended: "Future[list[Entry]] | None",
    ) -> None:
        if self.spool is None:
            self._refuse(batch)
            return
        repeats = {d.id: self._recent[d.id] for d in deliveries if d.id in self._recent}
        try:
            if appended is None:
                appended = self._written(self.spool, deliveries)
            async with asyncio.timeout(SYNC_SECONDS):
                await self.spool.synced(appended)
        except (SpoolUnavailable, TimeoutError) as error:
            log.error("the spool takes nothing either", reason=str(error))  # noqa: TRY400
            self._refuse(batch)
            return
        self.tally.spooled += len(deliveries) - len(repeats)
        for delivery in deliveries:
            self._remember(delivery.id, delivery.body_hash)
        status = SubmissionStatus.RECEIVED.value
        self._answer(
            batch,
            {
                d.id: Known(status, repeats.get(d.id, d.body_hash), new=d.id not in repeats)
                for d in deliveries
            },
        )

    def _answer(self, batch: Sequence[_Waiting], known: dict[UUID, Known]) -> None:
        fault("before_ack")
        seen: set[UUID] = set()
        for waiting in batch:
            delivery = waiting.delivery
            found = known.get(delivery.id)
            if waiting.turn.done():
                continue
            if found is None:
                waiting.turn.set_exception(Unavailable("the submission was not stored; repeat it"))
                continue
            repeated = not found.new or delivery.id in seen
            seen.add(delivery.id)
            # Nothing is left of the body of one in quarantine to compare with.
            same = not found.body_hash or found.body_hash == delivery.body_hash
            waiting.turn.set_result(Accepted(delivery.id, found.status, repeated, same))
        fault("after_ack")

    def _refuse(self, batch: Iterable[_Waiting]) -> None:
        """Tell those who have no answer yet that nothing was promised to them."""
        for waiting in batch:
            if not waiting.turn.done():
                self.tally.refused += 1
                waiting.turn.set_exception(
                    Unavailable("submissions cannot be stored just now; send it again")
                )

    def _note_stored(self, deliveries: Sequence[Delivery], known: dict[UUID, Known]) -> None:
        for delivery in deliveries:
            found = known.get(delivery.id)
            if found is None:
                continue
            self._remember(delivery.id, found.body_hash)
            if found.new:
                self.tally.stored += 1
                self.arrived.add(delivery.workspace_id)
                self.unverified.append((delivery.workspace_id, delivery.id))

    def _remember(self, receipt_id: UUID, body_hash: bytes) -> None:
        self._recent.setdefault(receipt_id, body_hash)
        if len(self._recent) > _MOST_REMEMBERED:
            self._recent.popitem(last=False)
