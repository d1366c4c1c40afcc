"""What is told to whoever sends too much: when to come back, across origins too."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from fastapi import FastAPI

from app.api.client_address import TrustedProxies
from app.domain.access.rate_limits import Limit
from app.services.access.rate_limits import Limits, RateLimits
from tests.conftest import Client

pytestmark = pytest.mark.anyio

BODY = {"fields": {"email": "ada@example.com"}}


@pytest.fixture
def two_a_minute(app: FastAPI) -> Iterator[None]:
    """Two requests from one address, four with one key, behind one proxy."""
    before = app.state.runtime
    limits = RateLimits(
        per_key=Limits(hard=Limit("key", 4)),
        per_address=Limits(soft=Limit("address", 1), hard=Limit("address", 2)),
    )
    proxies = TrustedProxies([ip_network("127.0.0.1/32")])
    app.state.runtime = replace(before, rate_limits=limits, trusted_proxies=proxies)
    yield
    app.state.runtime = before


async def form_token(client: Client) -> str:
    fields = [{"name": "email", "label": "E-mail", "type": "email", "to": "email"}]
    answer = await client.post("/v1/forms", json={"name": "Contact", "fields": fields})
    return str(answer.json()["token"])


@pytest.mark.usefixtures("two_a_minute")
async def test_the_third_is_refused_and_told_when_to_come_back(client: Client) -> None:
    token = await form_token(client)
    first, second, third = [await client.post(f"/f/{token}", json=BODY) for _ in range(3)]
    assert (first.status_code, second.status_code, third.status_code) == (202, 202, 429)
    assert first.headers["RateLimit-Policy"] == '"address";q=2;w=60'
    assert first.headers["RateLimit"] == '"address";r=1;t=30'
    assert second.headers["RateLimit"] == '"address";r=0;t=60'
    wait = int(third.headers["Retry-After"])
    assert 28 <= wait <= 30
    assert third.headers["RateLimit-Policy"] == '"address";q=2;w=60'
    assert third.headers["RateLimit"] == f'"address";r=0;t={wait}'
    assert third.headers["Access-Control-Allow-Origin"] == "*"
    assert "Retry-After" in third.headers["Access-Control-Expose-Headers"]
    assert third.headers["Content-Type"] == "application/problem+json"
    problem = third.json()
    assert (problem["status"], problem["code"]) == (429, "too_many_requests")
    assert (problem["retry_after"], problem["violated_policies"]) == (wait, ["address"])


@pytest.mark.usefixtures("two_a_minute")
async def test_what_is_unusual_is_taken_and_marked(client: Client, app: FastAPI) -> None:
    token = await form_token(client)
    for name in ("one", "two"):
        answer = await client.post(f"/f/{token}", json={"fields": {"email": f"{name}@example.com"}})
        assert answer.status_code == 202
    await app.state.runtime.pipeline.run(client.workspace_id)
    found = (await client.get("/v1/submissions?sort=received_at")).json()["data"]
    assert [[f["code"] for f in one["findings"]] for one in found] == [[], ["rate"]]
    assert [one["status"] for one in found] == ["captured", "captured"]


@pytest.mark.usefixtures("two_a_minute")
async def test_visitors_behind_one_proxy_are_told_apart_and_cannot_pass_for_others(
    client: Client,
) -> None:
    token = await form_token(client)

    async def sent(forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        return (await client.post(f"/f/{token}", json=BODY, headers=headers)).status_code

    assert [await sent("203.0.113.1") for _ in range(3)] == [202, 202, 429]
    assert [await sent(f"198.51.100.{i}, 203.0.113.1") for i in range(3)] == [429, 429, 429]
    assert [await sent("203.0.113.2") for _ in range(2)] == [202, 202]
    # Now the form itself has had its four.
    refused = await client.post(f"/f/{token}", json=BODY, headers={"X-Forwarded-For": "192.0.2.9"})
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Policy"] == '"key";q=4;w=60'


@pytest.mark.usefixtures("two_a_minute")
async def test_riddles_are_counted_as_well(client: Client) -> None:
    token = await form_token(client)
    statuses = [(await client.get(f"/f/{token}/challenge")).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
