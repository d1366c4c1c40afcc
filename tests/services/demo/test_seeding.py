"""The demo's history, told up to one day or another."""

from datetime import UTC, datetime

import pytest

from app.platform import clock
from app.platform.db import Database
from app.services.demo.seeding import seed_demo
from tests.conftest import Client

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 22, 6, 55, tzinfo=UTC),  # two accounts look like that of one lead
        datetime(2026, 12, 3, 1, 55, tzinfo=UTC),  # two people had the same number
    ],
    ids=str,
)
async def test_it_can_be_told_on_any_day(
    now: datetime, client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)
    counts = await seed_demo(database, client.workspace_id)
    assert counts
    assert counts["opportunities"] > 20
    assert await seed_demo(database, client.workspace_id) is None
