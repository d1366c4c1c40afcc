"""Campaigns, made over HTTP."""

from typing import Any

from tests.conftest import Client


async def new_campaign(client: Client, **fields: Any) -> dict[str, Any]:
    """A new campaign."""
    body = {"name": "Spring 2026, search", "kind": "paid_search"} | fields
    answer = await client.post("/v1/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
