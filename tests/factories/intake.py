"""Submissions, and what becomes of them."""

import hashlib
from typing import Any
from uuid import UUID

import httpx
import msgspec
from fastapi import FastAPI

from app.domain.intake.submissions import Delivery, SubmissionKind
from app.platform import clock
from app.platform.ids import new_id
from tests.conftest import Client


def delivery(workspace_id: UUID, fields: dict[str, Any] | None = None, **told: Any) -> Delivery:
    """What the door makes of a plain submission."""
    raw = told.pop("raw", None) or msgspec.json.encode({"fields": fields or {"full_name": "Ada"}})
    plain: dict[str, Any] = {
        "workspace_id": workspace_id,
        "id": new_id(),
        "kind": SubmissionKind.API,
        "received_at": clock.now(),
        "raw": raw,
        "body_hash": hashlib.blake2b(raw, digest_size=32).digest(),
        "content_type": "application/json",
    }
    return Delivery(**(plain | told))


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
