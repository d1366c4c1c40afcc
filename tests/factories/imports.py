"""Files sent, and their jobs worked off."""

import asyncio
from typing import Any

from app.services.intake.import_jobs import import_handlers
from app.services.reach.job_runner import JobRunner
from tests.conftest import Client


async def sent(client: Client, content: bytes | str, **query: Any) -> dict[str, Any]:
    """The import of a file."""
    data = content.encode() if isinstance(content, str) else content
    answer = await client.post("/v1/imports", content=data, params=query)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def told(
    client: Client, import_: dict[str, Any], mapping: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """The import with this mapping, columns to fields or whole rules, and these options."""
    body: dict[str, Any] = {"options": options} if options else {}
    if mapping is not None:
        body["mapping"] = [
            {"column": column} | (to if isinstance(to, dict) else {"to": to})
            for column, to in mapping.items()
        ]
    answer = await client.patch(f"/v1/imports/{import_['id']}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def work_off(client: Client) -> None:
    """Do the jobs of imports that are due."""
    database = client.app.state.runtime.database
    async with asyncio.timeout(60):
        await JobRunner(database, import_handlers(database), poll_seconds=0.02).drain()


async def done(client: Client, import_: dict[str, Any], action: str = "start") -> dict[str, Any]:
    """The import after this action and its job."""
    path = f"/v1/imports/{import_['id']}"
    answer = await client.post(f"{path}/{action}")
    assert answer.status_code == 202, answer.text
    await work_off(client)
    found: dict[str, Any] = (await client.get(path)).json()
    return found


async def imported(
    client: Client,
    content: bytes | str,
    mapping: dict[str, Any] | None = None,
    *,
    query: dict[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """A file sent, told and taken in."""
    import_ = await sent(client, content, **(query or {}))
    if mapping is not None or options:
        await told(client, import_, mapping, **options)
    return await done(client, import_)


async def rows_of(client: Client, import_: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    """Every row, page by page."""
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {"limit": 200, **query} | ({"cursor": cursor} if cursor else {})
        answer = await client.get(f"/v1/imports/{import_['id']}/rows", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows
