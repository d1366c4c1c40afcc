"""The reception: what is acknowledged is safe, and whatever goes wrong, everybody is answered."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.adapters.spool import SpoolUnavailable
from app.domain.errors import Unavailable
from app.domain.intake.submissions import Delivery
from app.platform.ids import new_id
from app.repositories.intake.inbox import Inbox, Known
from app.services.intake import reception as module
from app.services.intake.replay import Replay
from tests.conftest import Client
from tests.factories.intake import delivery
from tests.services.intake.conftest import Opened, inbox_of

pytestmark = pytest.mark.anyio


class Broken(Inbox):
    """An inbox that fails as it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(cast(Any, None), new_id())
        self.error = error
        self.puts = 0

    async def put(self, _: Sequence[Delivery]) -> dict[UUID, Known]:
        self.puts += 1
        if self.error is None:
            await asyncio.Event().wait()
        raise self.error or AssertionError

    async def known(self, deliveries: Sequence[Delivery]) -> dict[UUID, Known]:
        await self.put(deliveries)
        return {}


ERRORS = [Unavailable("down"), RuntimeError("nobody foresaw it"), KeyError("x")]


@pytest.mark.parametrize("error", ERRORS)
async def test_what_postgres_does_not_take_is_on_disk_before_it_is_acknowledged(
    error: Exception, opened: Opened
) -> None:
    async with opened(Broken(error)) as reception:
        sent = [delivery(new_id()) for _ in range(20)]
        accepted = await asyncio.gather(*(reception.accept(each) for each in sent))
        assert [a.receipt_id for a in accepted] == [d.id for d in sent]
        assert reception.spool is not None
        assert reception.spool.usage().unsettled == 20
        assert reception.tally.spooled == 20
        assert reception.tally.stored == 0


async def test_a_silent_server_is_waited_for_once(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEADLINE_SECONDS", 0.05)
    inbox = Broken()
    async with asyncio.timeout(2), opened(inbox) as reception:
        for _ in range(50):
            await reception.accept(delivery(new_id()))
        assert inbox.puts == 1


@pytest.mark.parametrize("error", ERRORS)
async def test_with_neither_nobody_waits_for_ever(error: Exception, opened: Opened) -> None:
    async with opened(Broken(error), spooling=False) as reception:
        turns = [reception.accept(delivery(new_id())) for _ in range(5)]
        answers = await asyncio.gather(*turns, return_exceptions=True)
        assert {type(answer) for answer in answers} == {Unavailable}
        assert reception.tally.refused == 5


async def test_a_disk_that_hangs_is_not_waited_for_for_ever(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SYNC_SECONDS", 0.05)
    async with asyncio.timeout(2), opened(Broken(Unavailable("down"))) as reception:

        async def hangs(_: Any) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(reception.spool, "synced", hangs)
        with pytest.raises(Unavailable):
            await reception.accept(delivery(new_id()))


async def test_a_disk_that_fails_is_never_acknowledged(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(Broken(Unavailable("down"))) as reception:

        def fails(*_: Any) -> None:
            raise SpoolUnavailable("EIO")

        monkeypatch.setattr(reception.spool._spool, "sync", fails)  # type: ignore[union-attr]
        with pytest.raises(Unavailable):
            await reception.accept(delivery(new_id()))


async def test_a_disk_that_fails_holds_nobody_up_while_postgres_works(
    client: Client, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened() as reception:

        def fails(*_: Any) -> list[Any]:
            raise ValueError("a record has more bytes than fit")

        monkeypatch.setattr(reception.spool._spool, "append", fails)  # type: ignore[union-attr]
        for _ in range(3):
            await reception.accept(delivery(client.workspace_id))
        assert reception.spool is not None
        assert await reception.spool.unsettled(10) == []


async def test_after_the_end_it_refuses(opened: Opened) -> None:
    async with opened(Broken(Unavailable("down"))) as reception:
        pass
    async with asyncio.timeout(1):
        with pytest.raises(Unavailable):
            await reception.accept(delivery(new_id()))


async def test_whoever_waits_at_the_end_is_answered(client: Client, opened: Opened) -> None:
    async with opened() as reception:
        waiting = [
            asyncio.create_task(reception.accept(delivery(client.workspace_id))) for _ in range(300)
        ]
        await asyncio.sleep(0)
    async with asyncio.timeout(1):
        assert len(await asyncio.gather(*waiting)) == 300


async def test_a_client_that_hangs_up_loses_nothing(
    client: Client, app: FastAPI, opened: Opened
) -> None:
    async with opened() as reception:
        sent = [delivery(client.workspace_id) for _ in range(20)]
        waiting = [asyncio.create_task(reception.accept(each)) for each in sent]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    receipts = [(each.workspace_id, each.id) for each in sent]
    assert await inbox_of(app).missing(receipts) == []


async def test_too_many_at_once_are_told_so(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_ROWS", 3)
    async with opened(Broken(Unavailable("down"))) as reception:
        turns = [reception.accept(delivery(new_id())) for _ in range(5)]
        answers = await asyncio.gather(*turns, return_exceptions=True)
    assert [isinstance(answer, Unavailable) for answer in answers] == [False] * 3 + [True] * 2


class TestKeys:
    async def test_64_in_each_of_two_processes_are_one(
        self, client: Client, opened: Opened
    ) -> None:
        one = delivery(client.workspace_id)
        async with opened() as first, opened() as second:
            accepted = await asyncio.gather(
                *(each.accept(one) for _ in range(64) for each in (first, second))
            )
        assert len({a.receipt_id for a in accepted}) == 1
        assert sum(not a.replayed for a in accepted) == 1
        assert (await client.get("/v1/intake/audit")).json()["issued"] == 1

    async def test_many_keys_in_opposite_orders_wait_for_nobody_in_a_circle(
        self, client: Client, stranger: Client, opened: Opened
    ) -> None:
        sent = [
            delivery(workspace_id)
            for _ in range(100)
            for workspace_id in (client.workspace_id, stranger.workspace_id)
        ]
        async with opened() as first, opened() as second:
            await asyncio.gather(
                *(first.accept(each) for each in sent),
                *(second.accept(each) for each in sent[::-1]),
            )
            assert first.connected
            assert second.connected
            assert first.tally.stored + second.tally.stored == 200

    @pytest.mark.parametrize("known", [True, False])
    async def test_another_body_under_a_key_is_refused_in_an_outage_and_never_stored(
        self, known: bool, client: Client, opened: Opened
    ) -> None:
        first = delivery(client.workspace_id, {"full_name": "Ada"})
        other = delivery(client.workspace_id, {"full_name": "Eve"}, id=first.id)
        async with opened() as reception:
            inbox = reception.inbox
            if not known:
                reception.inbox = Broken(Unavailable("down"))
            await reception.accept(first)
            reception.inbox = Broken(Unavailable("down"))
            again = [await reception.accept(each) for each in (first, other)]
            assert [(a.replayed, a.same_body) for a in again] == [(True, True), (True, False)]
            reception.inbox = inbox
            assert reception.spool is not None
            await Replay(reception).replay(reception.spool)
        assert (await client.get("/v1/intake/audit")).json()["issued"] == 1
        raw = await client.get(f"/v1/submissions/{first.id}/raw")
        assert raw.content == first.raw

    async def test_the_body_that_postgres_has_is_the_one_that_counts(
        self, client: Client, opened: Opened
    ) -> None:
        first = delivery(client.workspace_id, {"full_name": "Ada"})
        other = delivery(client.workspace_id, {"full_name": "Eve"}, id=first.id)
        async with opened() as before:
            await before.accept(first)
        async with opened() as reception:
            assert not (await reception.accept(other)).same_body
            reception.inbox = Broken(Unavailable("down"))
            assert (await reception.accept(first)).same_body
            assert not (await reception.accept(other)).same_body


async def test_what_it_remembers_has_an_end(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 10)
    async with opened(Broken(Unavailable("down"))) as reception:
        for _ in range(30):
            await reception.accept(delivery(new_id()))
        assert len(reception._recent) == 10
