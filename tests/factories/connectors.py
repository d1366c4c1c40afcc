"""Connectors, made over HTTP, and calls to them."""

from email.message import EmailMessage
from typing import Any

import httpx
from fastapi import FastAPI

from app.platform.ids import new_id
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
    """A call as the vendor makes it: without a key of the API, and again when asked to."""
    body, kind = BODIES[connector["vendor"]]
    sent = {"content-type": kind if content_type is None else content_type}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    answers: list[httpx.Response] = []
    while len(answers) < 3:
        request = client.build_request(
            "POST",
            connector["hook_path"] + query,
            content=body if raw is None else raw,
            headers=sent,
        )
        if "authorization" not in headers:
            del request.headers["authorization"]
        answers.append(await client.send(request))
        # A busy machine may take longer than the door waits for the database.
        if answers[-1].status_code != 503:
            break
    return answers[-1]


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


async def mailed(client: Client, connector: dict[str, Any], text: str) -> str:
    """The receipt of a message with a file, all with this text in it; it names no sender, so that
    it waits for somebody to look at it."""
    message = EmailMessage()
    message["Subject"] = text
    message["Message-ID"] = f"<{new_id()}@example.com>"
    message.set_content(text)
    message.add_attachment(text.encode(), maintype="text", subtype="csv", filename=f"{text}.csv")
    answer = await call(client, connector, message.as_bytes())
    assert answer.status_code == 200, answer.text
    return str(answer.json()["receipt_ids"][0])
