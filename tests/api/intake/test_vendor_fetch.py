"""Leads that a vendor only names are asked for, over a real connection to a stand-in."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from app.adapters.http_client import HttpClient
from app.adapters.vendor_apis import LeadApi
from app.services.intake.vendor_fetch import FETCH_VENDOR_LEAD, fetching
from app.services.reach.job_runner import JobRunner
from tests.adapters.vendors.calls import (
    BIG,
    BIGGER,
    LINKEDIN,
    LINKEDIN_LEAD,
    META,
    META_LEAD,
    as_json,
)
from tests.adapters.vendors.signing import SIGNED
from tests.conftest import Client
from tests.factories.access import events_of
from tests.factories.connectors import call, lead_of, new_connector, submissions, touch_of

pytestmark = pytest.mark.anyio

TOKEN = "page-access-token"
ONE = META | {"entry": META["entry"][:1]}


@pytest.fixture
def vendor_server() -> Iterator[HTTPServer]:
    """Plays Meta's or LinkedIn's interface."""
    with HTTPServer(host="127.0.0.1") as server:
        yield server


class Fetcher:
    """A worker that fetches, and nothing else."""

    def __init__(self, app: FastAPI, client: HttpClient) -> None:
        self._app = app
        runtime = app.state.runtime
        handler = fetching(LeadApi(client), runtime.secrets)
        self._runner = JobRunner(runtime.database, {FETCH_VENDOR_LEAD: handler})

    async def work(self) -> None:
        """Do what is due."""
        await self._runner.drain()


@pytest.fixture
async def fetcher(app: FastAPI) -> AsyncIterator[Fetcher]:
    client = HttpClient(["127.0.0.1"])
    yield Fetcher(app, client)
    await client.aclose()


async def named(client: Client, vendor: str, url: str, raw: bytes, **told: Any) -> Any:
    """A connector that got a notification."""
    made = await new_connector(client, vendor, **({"access_token": TOKEN, "api_url": url} | told))
    sign, _ = SIGNED[vendor]
    headers = sign(raw, None)  # type: ignore[arg-type] # neither signs the time
    assert (await call(client, made, raw, **headers)).status_code == 200
    return made


async def jobs(client: Client) -> list[dict[str, Any]]:
    answer = await client.get("/v1/jobs")
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def test_a_lead_of_meta_is_fetched_and_captured(
    app: FastAPI, client: Client, fetcher: Fetcher, vendor_server: HTTPServer
) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return Response(as_json(META_LEAD), content_type="application/json")

    vendor_server.expect_request(f"/v99.0/{BIG}").respond_with_handler(answer)
    await named(client, "meta_lead_ads", vendor_server.url_for("/v99.0"), as_json(ONE))
    [waiting] = await submissions(app, client)
    assert (waiting["status"], waiting["findings"][0]["code"]) == ("held", "awaiting_vendor")
    await fetcher.work()
    [found] = await submissions(app, client)
    assert found["status"] == "captured"
    lead, touch = await lead_of(client, found), await touch_of(client, found)
    assert (lead["full_name"], lead["email"]) == ("Ada Lovelace", "ada@example.com")
    assert (touch["source_system"], touch["external_id"]) == ("meta_lead_ads", str(BIG))
    assert touch["channel"] == "paid_social"
    assert touch["occurred_at"] == "2026-03-02T09:29:55Z"
    assert touch["payload"]["vendor"]["form_id"] == str(BIGGER)
    assert touch["payload"]["answers"]["which_engines?"] == ["Difference", "Analytical"]
    [request] = asked
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert "field_data" in request.args["fields"]
    assert TOKEN not in request.url
    assert [job["status"] for job in await jobs(client)] == ["done"]


async def test_every_lead_of_a_notification_is_fetched(
    app: FastAPI, client: Client, fetcher: Fetcher, vendor_server: HTTPServer
) -> None:
    for lead_id, email in ((BIG, "a@example.com"), (444444444444, "b@example.com")):
        answers = [{"name": "email", "values": [email]}]
        told = {"id": str(lead_id), "field_data": answers}
        vendor_server.expect_request(f"/{lead_id}").respond_with_json(told)
    await named(client, "meta_lead_ads", vendor_server.url_for("")[:-1], as_json(META))
    assert len(await submissions(app, client)) == 2
    await fetcher.work()
    found = await submissions(app, client)
    assert {(await lead_of(client, each))["email"] for each in found} == {
        "a@example.com",
        "b@example.com",
    }


async def test_a_response_of_linkedin_is_fetched_and_captured(
    app: FastAPI, client: Client, fetcher: Fetcher, vendor_server: HTTPServer
) -> None:
    vendor_server.expect_request(
        "/rest/leadFormResponses/7a4b-1",
        headers={"X-Restli-Protocol-Version": "2.0.0", "Authorization": f"Bearer {TOKEN}"},
    ).respond_with_json(LINKEDIN_LEAD)
    await named(client, "linkedin", vendor_server.url_for("/rest"), as_json(LINKEDIN))
    assert len(await submissions(app, client)) == 1
    await fetcher.work()
    [found] = await submissions(app, client)
    assert found["status"] == "captured"
    assert (await lead_of(client, found))["email"] == "ada@e.example"


PASSING = [
    (500, {}),
    (503, {}),
    (429, {}),
    (400, {"error": {"code": 4, "message": "Application request limit reached"}}),
    (400, {"error": {"code": 190, "is_transient": True}}),
    (200, []),
]
FINAL = [
    (400, {"error": {"code": 190, "message": "Error validating access token of Ada"}}),
    (403, {"error": {"code": 200}}),
    (404, {}),
    (302, {}),
]


@pytest.mark.parametrize(
    ("status", "body", "ends_as"),
    [(*case, "failed") for case in PASSING] + [(*case, "dead") for case in FINAL],
)
async def test_a_refusal_is_tried_again_when_that_may_help(
    app: FastAPI,
    client: Client,
    fetcher: Fetcher,
    vendor_server: HTTPServer,
    status: int,
    body: Any,
    ends_as: str,
) -> None:
    vendor_server.expect_request(f"/{BIG}").respond_with_json(body, status=status)
    await named(client, "meta_lead_ads", vendor_server.url_for("")[:-1], as_json(ONE))
    await submissions(app, client)
    await fetcher.work()
    [job] = await jobs(client)
    assert job["status"] == ends_as
    assert str(status) in job["last_error"]
    assert "Ada" not in json.dumps(job)
    [waiting] = await submissions(app, client)
    assert waiting["status"] == "held"


async def test_without_a_token_the_lead_waits_for_one(
    app: FastAPI, client: Client, fetcher: Fetcher, vendor_server: HTTPServer
) -> None:
    vendor_server.expect_request(f"/{BIG}").respond_with_json(META_LEAD)
    url = vendor_server.url_for("")[:-1]
    made = await named(client, "meta_lead_ads", url, as_json(ONE), access_token=None)
    await submissions(app, client)
    await fetcher.work()
    [job] = await jobs(client)
    assert (job["status"], "access_token" in job["last_error"]) == ("dead", True)
    await client.patch(f"/v1/connectors/{made['id']}", json={"access_token": TOKEN})
    retried = await client.post(f"/v1/jobs/{job['id']}/retry")
    assert retried.status_code == 200, retried.text
    await fetcher.work()
    [found] = await submissions(app, client)
    assert found["status"] == "captured"


async def test_what_was_rejected_meanwhile_is_not_fetched(
    app: FastAPI, client: Client, fetcher: Fetcher, vendor_server: HTTPServer
) -> None:
    await named(client, "meta_lead_ads", vendor_server.url_for("")[:-1], as_json(ONE))
    [waiting] = await submissions(app, client)
    await client.post(f"/v1/submissions/{waiting['receipt_id']}/reject", json={})
    await fetcher.work()
    assert vendor_server.log == []
    assert [job["status"] for job in await jobs(client)] == ["done"]
    [found] = await submissions(app, client)
    assert found["status"] == "rejected"


async def test_a_fetch_is_asked_for_once(
    app: FastAPI, client: Client, vendor_server: HTTPServer
) -> None:
    await named(client, "meta_lead_ads", vendor_server.url_for("")[:-1], as_json(ONE))
    [waiting] = await submissions(app, client)
    await client.post(f"/v1/submissions/{waiting['receipt_id']}/release", json={})
    [again] = await submissions(app, client)
    assert (again["status"], len(await jobs(client))) == ("held", 1)


async def test_the_token_is_in_no_event_and_no_job(
    app: FastAPI, client: Client, fetcher: Fetcher, vendor_server: HTTPServer
) -> None:
    vendor_server.expect_request(f"/{BIG}").respond_with_json({}, status=404)
    await named(client, "meta_lead_ads", vendor_server.url_for("")[:-1], as_json(ONE))
    await submissions(app, client)
    await fetcher.work()
    told = json.dumps([*await events_of(client, "job.died"), *await jobs(client)])
    assert str(BIG) in told
    assert TOKEN not in told
