"""Revoked publishable keys: known to every process within seconds, and after a start without a
database."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.platform import clock
from app.services.access.revocations import Revocations
from tests.conftest import Client
from tests.factories.access import bearer, new_key

pytestmark = pytest.mark.anyio


def _same(moment: datetime) -> datetime:
    return moment


async def test_another_process_learns_of_it_and_remembers(
    app: FastAPI, client: Client, tmp_path: Path
) -> None:
    key = await new_key(client, "intake:write", kind="publishable")
    other = Revocations(tmp_path / "ended.json")
    await other.refresh(app.state.runtime.auth_database)
    key_id = UUID(key["id"])
    assert not other.ended(key_id)
    await client.post(f"/v1/api-keys/{key['id']}/revoke")
    await other.refresh(app.state.runtime.auth_database)
    assert other.ended(key_id)
    started_later = Revocations(tmp_path / "ended.json")
    started_later.load()
    assert started_later.ended(key_id)


async def test_a_key_that_expires_is_refused_from_then_on(
    app: FastAPI, client: Client, tmp_path: Path
) -> None:
    expires_at = clock.now() + timedelta(hours=1)
    body = {
        "name": "page",
        "kind": "publishable",
        "scopes": ["intake:write"],
        "expires_at": expires_at.isoformat(),
    }
    made = (await client.post("/v1/api-keys", json=body)).json()
    sent = {"fields": {"email": "a@example.com"}}
    assert (
        await client.post("/v1/submissions", json=sent, headers=bearer(made["key"]))
    ).status_code == 202
    key_id = UUID(made["id"])
    for now, ended in ((clock.now(), False), (expires_at + timedelta(seconds=1), True)):
        seen = Revocations(None, partial(_same, now))
        await seen.refresh(app.state.runtime.auth_database)
        assert seen.ended(key_id) is ended


async def test_what_was_revoked_here_is_not_forgotten_for_an_older_list(
    app: FastAPI, client: Client
) -> None:
    key = await new_key(client, "intake:write", kind="publishable")
    key_id = UUID(key["id"])
    here = Revocations(None)
    here.end(key_id)
    await here.refresh(app.state.runtime.auth_database)
    assert here.ended(key_id)
