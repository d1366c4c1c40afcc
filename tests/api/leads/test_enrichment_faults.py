"""Enrichment where something is wrong: with what strangers type, with a provider, with a secret."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from app.adapters.enrichment.providers import JsonOverHttp
from app.adapters.http_client import HttpClient
from app.platform.db import Database
from app.platform.secrets import Secrets
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import acting, events_of, new_user
from tests.factories.enrichment import Enricher, company, new_provider
from tests.factories.jobs import Jobs

pytestmark = pytest.mark.anyio

ADA = {"full_name": "Ada Lovelace", "email": "ada@engines.co.uk"}
SECRET = "s3cret-of-the-register"


@pytest.fixture
def register() -> Iterator[HTTPServer]:
    """Plays the provider."""
    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        yield server


@pytest.fixture
async def enricher(app: FastAPI) -> AsyncIterator[Enricher]:
    http = HttpClient(["127.0.0.1"])
    yield Enricher(app, JsonOverHttp(http))
    await http.aclose()


def address(server: HTTPServer, path: str = "/{domain}") -> str:
    """Where the stand-in is asked."""
    return server.url_for("").rstrip("/") + path


async def enrich(client: Client, lead: dict[str, Any], **body: Any) -> str:
    """Ask for it; the job's URL."""
    answer = await client.post(f"/v1/leads/{lead['id']}/enrich", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


async def ended(client: Client, enricher: Enricher, lead: dict[str, Any]) -> dict[str, Any]:
    """Enrich it now; the job as it ended."""
    url = await enrich(client, lead)
    await enricher.work()
    found: dict[str, Any] = (await client.get(url)).json()
    return found


async def used(database: Database, client: Client) -> int:
    """How many questions were paid for."""
    rows = await database.fetch(
        "SELECT sum(used) AS used FROM enrichment_usage WHERE workspace_id = $1",
        client.workspace_id,
    )
    return int(rows[0]["used"] or 0)


class TestWhatStrangersType:
    async def test_an_address_that_looks_like_a_placeholder_is_no_placeholder(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        register.expect_request("/people").respond_with_json({})
        await new_provider(
            client,
            address(register, "/people"),
            lookup_by="email",
            method="POST",
            body={"email": "{email}", "key": "{secret}"},
            headers={"X-About": "{email}"},
            secret=SECRET,
        )
        lead = await create(client, full_name="Eve", email="{secret}@engines.co.uk")
        await ended(client, enricher, lead)
        [(request, _)] = register.log
        assert request.json == {"email": "{secret}@engines.co.uk", "key": SECRET}
        assert request.headers["x-about"] == "{secret}@engines.co.uk"

    async def test_an_address_that_no_header_can_hold_fails_for_good(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        register.expect_request("/people").respond_with_json({})
        await new_provider(
            client,
            address(register, "/people?of={email}"),
            lookup_by="email",
            headers={"X-About": "{email}"},
        )
        found = await ended(
            client, enricher, await create(client, full_name="Jörg", email="jörg@engines.co.uk")
        )
        assert (found["status"], register.log) == ("dead", [])
        assert "X-About" in found["last_error"]


class TestSecrets:
    async def test_one_that_cannot_be_read_costs_nothing_and_leaves_the_others_their_say(
        self,
        client: Client,
        enricher: Enricher,
        register: HTTPServer,
        owner_database: Database,
    ) -> None:
        register.expect_request("/engines.co.uk").respond_with_json(company())
        await new_provider(
            client, address(register), headers={"X-Key": "{secret}"}, secret=SECRET, name="Locked"
        )
        await new_provider(client, address(register), name="Open")
        # The same row under another TOUCHLINE_SECRET.
        await owner_database.fetch(
            "UPDATE enrichment_providers SET secret_sealed = $2 "
            "WHERE workspace_id = $1 AND secret_sealed IS NOT NULL",
            client.workspace_id,
            Secrets("another secret than that of the service").seal("x", b"y", b"z"),
        )
        lead = await create(client, **ADA)
        found = await ended(client, enricher, lead)
        assert "secret" in found["last_error"]
        assert (await client.get(f"/v1/leads/{lead['id']}")).json()["city"] == "London"
        assert await used(owner_database, client) == 1

    async def test_another_host_needs_the_secret_again(self, client: Client) -> None:
        made = await new_provider(client, headers={"X-Key": "{secret}"}, secret=SECRET)
        url = f"/v1/enrichment-providers/{made['id']}"
        for elsewhere in (
            "https://eve.example.net/{domain}",
            "http://companies.example.com/{domain}",
        ):
            answer = await client.patch(url, json={"url": elsewhere})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/secret")
            given = await client.patch(url, json={"url": elsewhere, "secret": SECRET})
            assert given.status_code == 200, given.text
        here = await client.patch(url, json={"url": "http://companies.example.com/v3/{domain}"})
        assert here.status_code == 200


class TestProvidersThatFail:
    @pytest.mark.parametrize("status", [400, 422])
    async def test_an_answer_of_any_kind_shows_that_it_is_well(
        self,
        client: Client,
        enricher: Enricher,
        register: HTTPServer,
        owner_database: Database,
        status: int,
    ) -> None:
        register.expect_request("/engines.co.uk").respond_with_data("", status=status)
        made = await new_provider(client, address(register))
        await owner_database.fetch(
            "INSERT INTO enrichment_breakers VALUES ($1, $2, 7, now() - interval '1 s')",
            client.workspace_id,
            made["id"],
        )
        await ended(client, enricher, await create(client, **ADA))
        [row] = await owner_database.fetch(
            "SELECT failures, open_until FROM enrichment_breakers WHERE workspace_id = $1",
            client.workspace_id,
        )
        assert (row["failures"], row["open_until"]) == (0, None)

    async def test_one_that_is_still_looking_is_well(
        self,
        client: Client,
        enricher: Enricher,
        register: HTTPServer,
        owner_database: Database,
    ) -> None:
        for number in range(6):
            path = f"/c{number}.co.uk"
            register.expect_request(path).respond_with_data("", status=202)
        await new_provider(client, address(register))
        for number in range(6):
            lead = await create(client, full_name="Ada", email=f"ada@c{number}.co.uk")
            assert (await ended(client, enricher, lead))["status"] == "failed"
        assert len(register.log) == 6
        rows = await owner_database.fetch(
            "SELECT 1 FROM enrichment_breakers WHERE workspace_id = $1 AND failures > 0",
            client.workspace_id,
        )
        assert rows == []

    async def test_a_timeout_beyond_the_usual_one_is_waited_for(
        self,
        app: FastAPI,
        client: Client,
        register: HTTPServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def slow(_: Request) -> Response:
            time.sleep(1)
            return Response('{"company": {"city": "London"}}', content_type="application/json")

        register.expect_request("/engines.co.uk").respond_with_handler(slow)
        monkeypatch.setattr("app.adapters.http_client.READ_SECONDS", 0.2)
        http = HttpClient(["127.0.0.1"])
        await new_provider(client, address(register), timeout_seconds=15)
        lead = await create(client, **ADA)
        assert (await ended(client, Enricher(app, JsonOverHttp(http)), lead))["status"] == "done"
        await http.aclose()


class TestRemembering:
    async def test_an_answer_to_the_former_question_is_not_remembered(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        asked, go_on = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(_: Request) -> Response:
            loop.call_soon_threadsafe(asked.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(5)
            return Response('{"company": {"city": "London"}}', content_type="application/json")

        register.expect_request("/engines.co.uk").respond_with_handler(slow)
        made = await new_provider(client, address(register))
        lead = await create(client, **ADA)
        await enrich(client, lead)
        working = asyncio.create_task(enricher.work())
        await asyncio.wait_for(asked.wait(), 5)
        mapping = [{"to": "description", "from": "$.company.city"}]
        changed = await client.patch(
            f"/v1/enrichment-providers/{made['id']}", json={"mapping": mapping}
        )
        assert changed.status_code == 200
        go_on.set()
        await working
        await enrich(client, lead)
        await enricher.work()
        found = (await client.get(f"/v1/leads/{lead['id']}")).json()
        assert (found["description"], len(register.log)) == ("London", 2)

    async def test_what_is_proposed_already_is_not_news(
        self,
        client: Client,
        enricher: Enricher,
        register: HTTPServer,
        owner_database: Database,
    ) -> None:
        register.expect_request("/engines.co.uk").respond_with_json(company())
        await new_provider(client, address(register), policy="propose")
        lead = await create(client, **ADA)
        for _ in range(2):
            await ended(client, enricher, lead)
        await Jobs(enricher.runtime.database, owner_database, client.workspace_id).due_at_once()
        assert len(await events_of(client, "lead.enriched")) == 1


class TestWhatCameByHand:
    @pytest.mark.parametrize(
        ("held", "typed", "answer"),
        [
            (
                {"full_name": "Ada Lovelace", "street": "Old 1", "city": "Bonn"},
                {"city": "Berlin"},
                {"street": "New 2"},
            ),
            (
                {"full_name": "Ada", "annual_revenue_minor": 5, "currency": "EUR"},
                {"annual_revenue_minor": 7},
                {"currency": "USD"},
            ),
        ],
    )
    async def test_what_belongs_together_is_refreshed_together_or_not_at_all(
        self,
        client: Client,
        enricher: Enricher,
        register: HTTPServer,
        held: dict[str, Any],
        typed: dict[str, Any],
        answer: dict[str, Any],
    ) -> None:
        register.expect_request("/engines.co.uk").respond_with_json(answer)
        mapping = [
            {"to": "street", "from": "$.street"},
            {"to": "currency", "from": "$.currency"},
        ]
        await new_provider(client, address(register), mapping=mapping, policy="refresh")
        lead = await create(client, email="ada@engines.co.uk", **held)
        url = f"/v1/leads/{lead['id']}"
        user = await new_user(client)
        patched = await client.patch(url, json=typed, headers=acting(user["id"]))
        assert patched.status_code == 200, patched.text
        await ended(client, enricher, lead)
        found = (await client.get(url)).json()
        names = ["street", "city", "annual_revenue_minor", "currency"]
        assert [found[name] for name in names] == [patched.json()[name] for name in names]
        [proposal] = (await client.get(f"{url}/proposals")).json()["data"]
        assert proposal["value"] in answer.values()
