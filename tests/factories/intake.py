"""Submissions, and what becomes of them."""

from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from tests.conftest import Client


async def submit(
    client: Client,
    fields: dict[str, Any],
    *,
    query: str = "",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> httpx.Response:
    """Send a plain submission."""
    return await client.post(
        f"/v1/submissions{query}", json={"fields": fields, **more}, headers=headers
    )


async def captured(app: FastAPI, client: Client, receipt_id: str) -> dict[str, Any]:
    """The submission after the pipeline has been at its workspace."""
    await app.state.runtime.pipeline.run(client.workspace_id)
    answer = await client.get(f"/v1/submissions/{UUID(receipt_id)}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
