"""The audit: no alarm without a cause, and none missed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.platform import clock
from app.services.intake import audit as module
from app.services.intake.audit import Audit
from tests.conftest import Client
from tests.factories.intake import delivery

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def lose(client: Client, owner_database: Any) -> Callable[[datetime], Any]:
    """Takes away by hand what was received in an hour."""

    async def take_away(hour: datetime) -> None:
        async with owner_database.connection() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
            await connection.execute(
                "DELETE FROM submissions WHERE workspace_id = $1"
                " AND received_at >= $2 AND received_at < $3",
                client.workspace_id,
                hour,
                hour + HOUR,
            )

    return take_away


async def test_hour_boundaries_old_records_and_clocks_raise_no_alarm(
    client: Client, app: FastAPI
) -> None:
    microsecond = timedelta(microseconds=1)
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    instants = [now, now - microsecond, now + microsecond, now + 3 * HOUR, now + 400 * HOUR]
    instants += [now - n * 13 * HOUR - microsecond for n in range(40)]
    instants += [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), datetime(1999, 12, 31, tzinfo=UTC)]
    await app.state.runtime.reception.put(
        [delivery(client.workspace_id, received_at=instant) for instant in instants]
    )
    audit = Audit(app.state.runtime.database)
    for _ in range(4):
        assert (await audit.check(client.workspace_id)).differences == {}
    balance = await audit.check(client.workspace_id)
    assert (balance.issued, balance.stored) == (len(instants), len(instants))
    told = (await client.get("/v1/intake/audit")).json()
    assert (told["issued"], told["difference"]) == (len(instants), 0)


async def test_what_goes_from_an_old_hour_is_found_in_its_turn_and_once(
    client: Client, app: FastAPI, lose: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OLDER_ROWS", 5)
    hours = [NOW - n * HOUR for n in range(20)]
    sent = [delivery(client.workspace_id, received_at=hour) for hour in hours for _ in range(3)]
    await app.state.runtime.reception.put(sent)
    audit = Audit(app.state.runtime.database)
    for _ in range(12):
        assert (await audit.check(client.workspace_id)).differences == {}
    await lose(hours[7])
    for _ in range(12):
        await audit.check(client.workspace_id)
    balance = await audit.check(client.workspace_id)
    assert balance.differences == {hours[7]: -3}
    assert audit.difference == 3
    assert balance.stored - balance.issued == -3
