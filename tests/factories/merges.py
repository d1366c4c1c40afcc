"""Leads to be merged, and merges, made over HTTP."""

from typing import Any

import httpx

from tests.conftest import Client


async def new_lead(client: Client, **fields: Any) -> dict[str, Any]:
    """A new lead."""
    answer = await client.post("/v1/leads", json={"full_name": "Ada Lovelace"} | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def read_lead(client: Client, lead: dict[str, Any]) -> dict[str, Any]:
    """The lead as it is now."""
    answer = await client.get(f"/v1/leads/{lead['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ask_merge(
    client: Client, winner: dict[str, Any], loser: dict[str, Any], **body: Any
) -> httpx.Response:
    """The answer to merging one lead into another."""
    path = f"/v1/leads/{winner['id']}/merge"
    return await client.post(path, json={"loser_id": loser["id"]} | body)


async def merged(
    client: Client, winner: dict[str, Any], loser: dict[str, Any], **body: Any
) -> dict[str, Any]:
    """The merge of one lead into another."""
    answer = await ask_merge(client, winner, loser, **body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def undone(client: Client, merge: dict[str, Any]) -> dict[str, Any]:
    """The merge, undone."""
    answer = await client.post(f"/v1/merges/{merge['id']}/undo")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
