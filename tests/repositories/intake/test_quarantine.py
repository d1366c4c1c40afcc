"""One record that Postgres cannot hold, among 63 that it can, at every place, of every kind."""

import asyncio
import secrets
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.adapters.envelopes import decode, encode
from app.domain.intake.submissions import Delivery
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller
from tests.conftest import Client
from tests.factories.intake import captured, delivery

pytestmark = pytest.mark.anyio

ROWS = 64
POISON: dict[str, dict[str, Any]] = {
    "NUL in text": {"content_type": "text/\x00plain"},
    "half a surrogate pair": {"content_type": "text/\ud800"},
    "half a surrogate pair in jsonb": {"headers": {"origin": "\udfff"}},
    "NUL in jsonb": {"headers": {"origin": "a\x00b"}},
    "a number beyond 32 bits": {"part": 2**31},
    "a number beyond 64 bits": {"part": 2**70},
    "a key too long for its index": {"fingerprint": secrets.token_bytes(10_000)},
}


async def missing(app: FastAPI, sound: list[Delivery]) -> list[UUID]:
    """Of these, the receipts under which no body is stored as it was sent."""
    async with UnitOfWork(app.state.runtime.database, system_caller(sound[0].workspace_id)) as uow:
        stored = {
            each.delivery.id: each.delivery.raw for each in await uow.submissions.claim(10**6)
        }
    return [each.id for each in sound if stored.get(each.id) != each.raw]


@pytest.mark.parametrize("kind", POISON)
async def test_its_neighbours_are_stored(kind: str, client: Client, app: FastAPI) -> None:
    reception = app.state.runtime.reception
    for position in range(ROWS):
        batch = [delivery(client.workspace_id, {"full_name": f"Ada {n}"}) for n in range(ROWS)]
        batch[position] = delivery(client.workspace_id, **POISON[kind])
        accepted = await asyncio.gather(*(reception.accept(each) for each in batch))
        assert [a.receipt_id for a in accepted] == [d.id for d in batch]
        assert not any(a.replayed for a in accepted)
        wrong = [n for n, a in enumerate(accepted) if a.status != "received"]
        assert wrong == [position], accepted[wrong[0]] if wrong else None
        assert await missing(app, [d for d in batch if d is not batch[position]]) == []
    told = (await client.get("/v1/intake/audit")).json()
    assert (told["issued"], told["difference"]) == (ROWS * ROWS, 0)


@pytest.mark.parametrize("kind", POISON)
async def test_the_record_is_kept_as_it_came(kind: str, client: Client, app: FastAPI) -> None:
    runtime = app.state.runtime
    poison = delivery(client.workspace_id, **POISON[kind])
    assert (await runtime.reception.accept(poison)).status == "quarantined"
    async with UnitOfWork(runtime.database, client.caller) as uow:
        kept = await uow.conservation.quarantined(poison.id)
    assert kept is not None
    assert decode(kept["record"]) == poison
    shown = await client.get(f"/v1/submissions/{poison.id}")
    assert shown.status_code == 200, shown.text
    assert shown.json()["status"] == "quarantined"
    assert shown.json()["findings"][0]["code"] == "refused"
    assert (await client.get(f"/v1/submissions/{poison.id}/raw")).content == poison.raw
    standing = (await client.get(f"/v1/submissions/{poison.id}/status")).json()
    assert standing["status"] == "quarantined"


async def test_sent_again_it_is_a_repeat_and_counts_once(client: Client, app: FastAPI) -> None:
    reception = app.state.runtime.reception
    poison = delivery(client.workspace_id, **POISON["NUL in jsonb"])
    first, second = [await reception.accept(poison) for _ in range(2)]
    assert (first.replayed, second.replayed) == (False, True)
    assert second.status == "quarantined"
    told = (await client.get("/v1/intake/audit")).json()
    assert (told["issued"], told["difference"]) == (1, 0)


async def test_a_poisonous_repeat_of_a_sound_one_is_another_body(
    client: Client, app: FastAPI
) -> None:
    reception = app.state.runtime.reception
    sound = delivery(client.workspace_id)
    await reception.accept(sound)
    poison = delivery(
        client.workspace_id, id=sound.id, body_hash=b"other", **POISON["NUL in jsonb"]
    )
    again = await reception.accept(poison)
    assert (again.replayed, again.same_body, again.status) == (True, False, "received")
    told = (await client.get("/v1/intake/audit")).json()
    assert (told["issued"], told["difference"]) == (1, 0)


class TestAfterwards:
    """What people can do with it."""

    async def test_it_is_listed_with_the_others_of_its_status(
        self, client: Client, app: FastAPI
    ) -> None:
        reception = app.state.runtime.reception
        ids = []
        for odd in POISON.values():
            poison = delivery(client.workspace_id, **odd)
            await reception.accept(poison)
            ids.append(str(poison.id))
        listed: list[str] = []
        path = "/v1/submissions?status=quarantined&status=held&limit=2"
        cursor = ""
        while True:
            answer = (await client.get(path + cursor)).json()
            listed += [each["receipt_id"] for each in answer["data"]]
            if answer["next_cursor"] is None:
                break
            cursor = f"&cursor={answer['next_cursor']}"
        assert listed == ids[::-1]
        upwards = (await client.get("/v1/submissions?status=quarantined&sort=received_at")).json()
        assert [each["receipt_id"] for each in upwards["data"]] == ids

    async def test_released_it_is_stored_under_its_receipt_and_captured(
        self, client: Client, app: FastAPI
    ) -> None:
        reception = app.state.runtime.reception
        sound = delivery(client.workspace_id, {"full_name": "Ada", "email": "ada@example.com"})
        # As if the fault that had it refused were mended since.
        await reception.inbox.set_aside(sound, encode(sound), "22P05 a fault of ours")
        released = await client.post(f"/v1/submissions/{sound.id}/release", json={"note": "mended"})
        assert released.status_code == 200, released.text
        assert released.json()["status"] == "received"
        found = await captured(app, client, str(sound.id))
        assert (found["status"], found["receipt_id"]) == ("captured", str(sound.id))
        assert (await client.get("/v1/submissions?status=quarantined")).json()["data"] == []
        assert (await client.get("/v1/intake/audit")).json()["difference"] == 0
        again = await client.post(f"/v1/submissions/{sound.id}/release", json={})
        assert again.status_code == 409

    async def test_released_in_vain_it_stays_and_says_why(
        self, client: Client, app: FastAPI
    ) -> None:
        poison = delivery(client.workspace_id, **POISON["NUL in jsonb"])
        await app.state.runtime.reception.accept(poison)
        refused = await client.post(f"/v1/submissions/{poison.id}/release", json={})
        assert refused.status_code == 409
        assert "22P05" in refused.json()["detail"]
        assert (await client.get(f"/v1/submissions/{poison.id}")).json()["status"] == "quarantined"

    async def test_rejected_it_waits_no_more(self, client: Client, app: FastAPI) -> None:
        poison = delivery(client.workspace_id, **POISON["NUL in jsonb"])
        await app.state.runtime.reception.accept(poison)
        for _ in range(2):
            rejected = await client.post(f"/v1/submissions/{poison.id}/reject", json={})
            assert rejected.json()["status"] == "rejected", rejected.text
        assert (await client.get("/v1/submissions?status=quarantined")).json()["data"] == []
        assert (await client.get("/v1/intake/audit")).json()["difference"] == 0

    async def test_a_stranger_sees_and_changes_nothing(
        self, client: Client, stranger: Client, app: FastAPI
    ) -> None:
        poison = delivery(client.workspace_id, **POISON["NUL in jsonb"])
        await app.state.runtime.reception.accept(poison)
        path = f"/v1/submissions/{poison.id}"
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.post(f"{path}/release", json={})).status_code == 404
        assert (await stranger.post(f"{path}/reject", json={})).status_code == 404
        listed = await stranger.get("/v1/submissions?status=quarantined")
        assert listed.json()["data"] == []
