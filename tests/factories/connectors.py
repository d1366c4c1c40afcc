"""Connectors, made over HTTP, and calls to them."""

from typing import Any

import httpx
from fastapi import FastAPI

from tests.adapters.vendors.calls import BODIES, SECRET
from tests.conftest import Client

NO_SECRET = ("salesforce_web_to_lead", "hubspot_forms")


async def new_connector(client: Client, vendor: str = "generic_json", **told: Any) -> Any:
    """A new connector; those that sign get the secret that the examples are signed with."""
    body = {"name": f"{vendor}, main", "vendor": vendor} | told
    if "secret" not in told and vendor not in NO_SECRET:
        body["secret"] = SECRET.decode()
    answer = await client.post("/v1/connectors", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def call(
    client: Client,
    connector: dict[str, Any],
    raw: bytes | None = None,
    content_type: str | None = None,
    query: str = "",
    **headers: str,
) -> httpx.Response:
    """A call as the vendor makes it: without a key of the API."""
    body, kind = BODIES[connector["vendor"]]
    sent = {"content-type": kind if content_type is None else content_type}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    request = client.build_request(
        "POST",
        connector["hook_path"] + query,
        content=body if raw is None else raw,
        headers=sent,
    )
    del request.headers["authorization"]
    return await client.send(request)


async def submissions(app: FastAPI, client: Client) -> list[dict[str, Any]]:
    """What came in, oldest first, after the pipeline has been at it."""
    await app.state.runtime.pipeline.run(client.workspace_id)
    answer = await client.get("/v1/submissions", params={"limit": 200})
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["data"]))


async def lead_of(client: Client, submission: dict[str, Any]) -> dict[str, Any]:
    """The lead that a submission became."""
    answer = await client.get(f"/v1/leads/{submission['lead_id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def touch_of(client: Client, submission: dict[str, Any]) -> dict[str, Any]:
    """The touchpoint that a submission became."""
    answer = await client.get(f"/v1/touchpoints/{submission['touchpoint_id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
