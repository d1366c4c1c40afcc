"""From the spool into Postgres: nothing holds up the others, and what we said is checked."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI

from app.adapters.envelopes import encode
from app.adapters.spool import Spool
from app.domain.errors import Unavailable
from app.domain.intake.submissions import Delivery
from app.platform.ids import new_id
from app.repositories.intake.inbox import Inbox, Known
from app.services.intake import replay as module
from app.services.intake.reception import Reception
from app.services.intake.replay import Replay
from tests.conftest import Client, Databases
from tests.factories.intake import captured, delivery
from tests.services.intake.conftest import KEY, Opened, inbox_of

pytestmark = pytest.mark.anyio


class Switched(Inbox):
    """A way to the database that can be cut, and that fails with some records."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(inbox_of(app)._database, new_id())
        self.cut = False
        self.unstorable: set[UUID] = set()
        self.identity = (1, 1)
        self.asked = 0

    async def put(self, deliveries: Sequence[Delivery]) -> dict[UUID, Known]:
        if self.cut:
            raise Unavailable("cut")
        if any(each.id in self.unstorable for each in deliveries):
            raise RuntimeError("a fault of ours")
        return await super().put(deliveries)

    async def server(self) -> tuple[int, int]:
        self.asked += 1
        if self.cut:
            raise Unavailable("cut")
        return self.identity


@pytest.fixture
def inbox(app: FastAPI) -> Switched:
    return Switched(app)


async def in_outage(reception: Reception, inbox: Switched, deliveries: Sequence[Delivery]) -> None:
    """Take these in while the database is away, and have it come back."""
    inbox.cut = True
    await asyncio.gather(*(reception.accept(each) for each in deliveries))
    inbox.cut = False


def receipts(deliveries: Sequence[Delivery]) -> list[tuple[UUID, UUID]]:
    return [(each.workspace_id, each.id) for each in deliveries]


async def test_a_server_that_answers_and_takes_nothing_is_not_connected(
    databases: Databases, inbox: Switched, opened: Opened
) -> None:
    async with opened(inbox) as reception:
        reception.connected = False
        replay = Replay(reception)
        migration = await asyncpg.connect(databases.owner_url)
        try:
            # As an index is built: the rows can be read, and none added.
            await migration.execute("BEGIN; LOCK TABLE submissions IN SHARE MODE")
            with pytest.raises(TimeoutError):
                await replay._probe_once()
            assert not reception.connected
        finally:
            await migration.close()
        await replay._probe_once()
        assert reception.connected


async def test_what_came_in_an_outage_is_stored_once_it_is_over(
    client: Client, app: FastAPI, opened: Opened, inbox: Switched
) -> None:
    sent = [delivery(client.workspace_id, {"full_name": f"Ada {n}"}) for n in range(200)]
    async with opened(inbox) as reception:
        await in_outage(reception, inbox, sent)
        assert reception.tally.spooled == 200
        replay = Replay(reception)
        await replay._probe_once()
        assert reception.connected
        assert await inbox.missing(receipts(sent)) == []
        assert reception.spool is not None
        assert reception.spool.usage().unsettled == 0
        assert await replay.replay(reception.spool) == 0
    assert (await client.get("/v1/intake/audit")).json()["issued"] == 200
    assert (await captured(app, client, str(sent[0].id)))["status"] == "captured"


async def test_an_unreadable_or_unstorable_record_holds_up_nobody(
    client: Client, opened: Opened, inbox: Switched
) -> None:
    sent = [delivery(client.workspace_id) for _ in range(150)]
    async with opened(inbox) as reception:
        assert reception.spool is not None
        odd = [b"\x63 of a newer version", b"", b"\x01 broken", b"\x02{"]
        await asyncio.wrap_future(reception.spool.append(odd))
        await in_outage(reception, inbox, sent)
        inbox.unstorable = {sent[0].id, sent[70].id}
        replay = Replay(reception)
        await replay._probe_once()
        sound = [each for each in sent if each.id not in inbox.unstorable]
        assert await inbox.missing(receipts(sound)) == []
        assert reception.spool.usage().unsettled == len(odd) + 2
        # They are passed over, and tried again when their time has come.
        inbox.unstorable = set()
        await replay._probe_once()
        assert reception.spool.usage().unsettled == len(odd) + 2
        replay._left_since -= module.AGAIN_SECONDS + 1
        await replay._probe_once()
        assert reception.spool.usage().unsettled == len(odd)
        assert await inbox.missing(receipts(sent)) == []


async def test_a_record_that_postgres_refuses_goes_from_the_spool_to_quarantine(
    client: Client, opened: Opened, inbox: Switched
) -> None:
    poison = delivery(client.workspace_id, headers={"origin": "a\x00\ud800"})
    sound = delivery(client.workspace_id)
    async with opened(inbox) as reception:
        await in_outage(reception, inbox, [poison, sound])
        await Replay(reception)._probe_once()
        assert reception.spool is not None
        assert reception.spool.usage().unsettled == 0
    assert (await client.get(f"/v1/submissions/{poison.id}")).json()["status"] == "quarantined"
    assert (await client.get(f"/v1/submissions/{sound.id}")).json()["status"] == "received"


async def test_two_processes_with_one_key_and_two_bodies_lose_neither(
    client: Client, opened: Opened, app: FastAPI
) -> None:
    first = delivery(client.workspace_id, {"full_name": "Ada"})
    other = delivery(client.workspace_id, {"full_name": "Eve"}, id=first.id)
    here, there = Switched(app), Switched(app)
    async with opened(here) as one, opened(there) as two:
        await in_outage(one, here, [first])
        await in_outage(two, there, [other])
        for reception in (one, two, one, two):
            assert reception.spool is not None
            await Replay(reception).replay(reception.spool)
    listed = (await client.get("/v1/submissions")).json()["data"]
    raws = [
        (await client.get(f"/v1/submissions/{each['receipt_id']}/raw")).content for each in listed
    ]
    assert sorted(raws) == sorted([first.raw, other.raw])
    told = (await client.get("/v1/intake/audit")).json()
    assert (told["issued"], told["difference"]) == (2, 0)


class TestAnotherServer:
    """A standby that took over may lack what was committed last."""

    async def lose(self, client: Client, owner: Any, deliveries: Sequence[Delivery]) -> None:
        async with owner.connection() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
            for table, condition in (
                ("submissions", "id = ANY($2)"),
                ("intake_counts", "$2::uuid[] IS NOT NULL"),
            ):
                await connection.execute(
                    f"DELETE FROM {table} WHERE workspace_id = $1 AND {condition}",
                    client.workspace_id,
                    [each.id for each in deliveries],
                )

    async def test_the_tail_is_sent_to_it_also_when_nobody_noticed_the_change(
        self, client: Client, opened: Opened, inbox: Switched, owner_database: Any
    ) -> None:
        sent = [delivery(client.workspace_id) for _ in range(80)]
        async with opened(inbox) as reception:
            replay = Replay(reception)
            await replay._probe_once()
            await asyncio.gather(*(reception.accept(each) for each in sent))
            await self.lose(client, owner_database, sent)
            inbox.identity = (1, 2)
            # It fails at first, and is not forgotten for that.
            inbox.cut = True
            with pytest.raises(Unavailable):
                await replay._probe_once()
            inbox.cut = False
            inbox.unstorable = {sent[3].id}
            await replay._probe_once()
            assert await inbox.missing(receipts(sent)) == [(sent[3].workspace_id, sent[3].id)]
            inbox.unstorable = set()
            await replay._verify_once()
            assert await inbox.missing(receipts(sent)) == []
        assert (await client.get("/v1/intake/audit")).json()["difference"] == 0

    async def test_what_is_missing_at_the_reading_back_is_sent_again(
        self, client: Client, opened: Opened, inbox: Switched, owner_database: Any
    ) -> None:
        sent = [delivery(client.workspace_id) for _ in range(10)]
        async with opened(inbox) as reception:
            replay = Replay(reception)
            await asyncio.gather(*(reception.accept(each) for each in sent))
            await self.lose(client, owner_database, sent[:3])
            await replay._verify_once()
            assert await inbox.missing(receipts(sent)) == []
            assert replay.lost == set()

    async def test_what_cannot_be_brought_back_is_an_alarm_until_it_is_there(
        self, client: Client, opened: Opened, inbox: Switched, owner_database: Any
    ) -> None:
        one = delivery(client.workspace_id)
        async with opened(inbox, spooling=False) as reception:
            replay = Replay(reception)
            await reception.accept(one)
            await self.lose(client, owner_database, [one])
            await replay._verify_once()
            assert replay.lost == {(one.workspace_id, one.id)}
            await replay._verify_once()
            assert len(replay.lost) == 1
            await replay.store([one])
            await replay._verify_once()
            assert replay.lost == set()

    async def test_a_silent_database_is_no_alarm(
        self, client: Client, opened: Opened, inbox: Switched, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(inbox) as reception:
            replay = Replay(reception)
            await reception.accept(delivery(client.workspace_id))
            for error in (Unavailable("down"), TimeoutError(), RuntimeError("unforeseen")):

                async def fails(_: Any, error: Exception = error) -> Any:
                    raise error

                monkeypatch.setattr(inbox, "missing", fails)
                await replay._verify_once()
                assert replay.lost == set()
                assert len(reception.unverified) == 1


class TestEndedProcesses:
    def leave(self, root: Path, deliveries: Sequence[Delivery]) -> None:
        """A spool as a process that was killed leaves it."""
        spool = Spool.open(root, KEY, max_bytes=1024 * 1024)
        spool.sync(spool.append([encode(each) for each in deliveries]))
        spool.close()

    async def test_one_that_fails_does_not_keep_the_others_from_anybody(
        self,
        client: Client,
        opened: Opened,
        inbox: Switched,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        sent = [delivery(client.workspace_id) for _ in range(3)]
        for each in sent:
            self.leave(tmp_path / "spool", [each])
        async with opened(inbox) as reception:
            replay = Replay(reception)
            inbox.cut = True
            with pytest.raises(Unavailable):
                await replay._adopt_once()
            inbox.cut = False
            assert reception.spool is not None
            damaged, *_ = await reception.spool.adopted()

            async def fails(*_: Any) -> Any:
                raise ValueError("damaged")

            with monkeypatch.context() as patch:
                patch.setattr(damaged, "unsettled", fails)
                await replay._adopt_once()
            assert len(await inbox.missing(receipts(sent))) == 1
            await replay._adopt_once()
        assert await inbox.missing(receipts(sent)) == []

    async def test_it_is_asked_who_answers_each_time(self, opened: Opened, inbox: Switched) -> None:
        async with opened(inbox) as reception:
            replay = Replay(reception)
            for _ in range(3):
                await replay._probe_once()
            assert inbox.asked == 3
            inbox.cut = True
            with pytest.raises(Unavailable):
                await replay._probe_once()
            assert not reception.connected
