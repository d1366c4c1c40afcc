"""Leads enriched by what they tell and by providers, over real connections to a stand-in."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from app.adapters.enrichment.offline import OfflineEnrichment
from app.adapters.enrichment.providers import JsonOverHttp
from app.adapters.http_client import HttpClient
from app.platform.db import Database
from app.worker import Worker
from tests.adapters.test_offline_enrichment import address_file
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import acting, events_of, new_user
from tests.factories.enrichment import Enricher, company, new_provider, open_proposal
from tests.factories.intake import captured, submit
from tests.factories.jobs import Jobs

pytestmark = pytest.mark.anyio

ADA = {"full_name": "Ada Lovelace", "email": "ada@engines.co.uk"}


@pytest.fixture
def register() -> Iterator[HTTPServer]:
    """Plays the provider."""
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
async def enricher(app: FastAPI) -> AsyncIterator[Enricher]:
    http = HttpClient(["127.0.0.1"])
    yield Enricher(app, JsonOverHttp(http))
    await http.aclose()


def address(register: HTTPServer) -> str:
    """Where the stand-in is asked."""
    return f"{register.url_for('')[:-1].rstrip('/')}/{{domain}}"


def answers(register: HTTPServer, told: Any = None, **more: Any) -> None:
    """What it says of the company."""
    register.expect_request("/engines.co.uk").respond_with_json(told or company(), **more)


async def read(client: Client, lead: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/leads/{lead['id']}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def enrich(client: Client, lead: dict[str, Any], **body: Any) -> dict[str, Any]:
    """Ask for it; the plan and the job."""
    answer = await client.post(f"/v1/leads/{lead['id']}/enrich", json=body)
    assert answer.status_code == 202, answer.text
    plan: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{plan['job']['id']}"
    return plan


async def job(client: Client, plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/jobs/{plan['job']['id']}")).json()
    return found


async def done(client: Client, enricher: Enricher, lead: dict[str, Any], **body: Any) -> Any:
    """Enrich it now; the job as it ended."""
    plan = await enrich(client, lead, **body)
    await enricher.work()
    return await job(client, plan)


class TestByWhatTheyTell:
    async def test_blanks_of_new_leads_are_filled_and_the_history_says_by_what(
        self, client: Client, enricher: Enricher
    ) -> None:
        lead = await create(client, **ADA, phone="+44 20 7946 0018")
        await enricher.new_leads(client)
        found = await read(client, lead, include="provenance")
        assert (found["country"], found["country_code"]) == ("GB", "GB")
        assert (found["website"], found["web_domain"]) == ("engines.co.uk", "engines.co.uk")
        told = found["provenance"]
        assert (told["country"]["source"], told["country"]["name"]) == (
            "enrichment",
            "phone_country",
        )
        assert told["website"]["name"] == "email_domain"
        assert not told["country"]["by_hand"]
        assert told["email"]["source"] == "api"

    async def test_what_is_held_stays(self, client: Client, enricher: Enricher) -> None:
        lead = await create(client, **ADA, phone="+44 20 7946 0018", country="Germany")
        before = await read(client, lead)
        await enricher.new_leads(client)
        assert (await read(client, lead))["country"] == "Germany"
        again = await read(client, lead)
        await enricher.new_leads(client)
        assert await read(client, lead) == again
        assert again["version"] == before["version"] + 1

    async def test_a_free_mail_address_tells_of_no_company(
        self, client: Client, enricher: Enricher
    ) -> None:
        lead = await create(client, full_name="Ada Lovelace", email="ada@gmail.com")
        await enricher.new_leads(client)
        assert await read(client, lead) == await read(client, lead, as_of=lead["updated_at"])

    async def test_a_later_address_is_looked_at_too(
        self, client: Client, enricher: Enricher
    ) -> None:
        lead = await create(client, full_name="Ada Lovelace")
        await enricher.new_leads(client)
        await client.patch(f"/v1/leads/{lead['id']}", json={"email": "ada@engines.co.uk"})
        await enricher.new_leads(client)
        assert (await read(client, lead))["website"] == "engines.co.uk"

    async def test_a_form_s_address_tells_the_country_where_a_file_knows_it(
        self, app: FastAPI, client: Client, owner_database: Database, tmp_path: Path
    ) -> None:
        http = HttpClient()
        file = address_file(tmp_path, {"country": {"iso_code": "GB"}})
        enricher = Enricher(app, JsonOverHttp(http), OfflineEnrichment(file))
        countries = []
        for kind in ("form", "api"):
            sent = await submit(client, {"full_name": "Ada Lovelace", "email": f"{kind}@gmail.com"})
            found = await captured(app, client, sent.json()["receipt_id"])
            await owner_database.fetch(
                "UPDATE submissions SET kind = $2, address = '81.2.69.142' WHERE id = $1",
                found["receipt_id"],
                kind,
            )
            await enricher.new_leads(client)
            countries.append((await read(client, {"id": found["lead_id"]}))["country_code"])
        # Behind the other doors stands a server, whose country says nothing of a person.
        assert countries == ["GB", None]
        await http.aclose()

    async def test_the_worker_does_it(self, client: Client, database: Database) -> None:
        class Here(Worker):
            async def workspaces(self) -> list[UUID]:
                return [client.workspace_id]

        lead = await create(client, **ADA)
        await Here(database).place_events()
        await Here(database).enrich_new()
        assert (await read(client, lead))["website"] == "engines.co.uk"

    async def test_several_workers_fill_once(self, client: Client, enricher: Enricher) -> None:
        leads = [await create(client, full_name="Ada", phone="+442079460018") for _ in range(1)]
        await asyncio.gather(*(enricher.new_leads(client) for _ in range(4)))
        assert len(await events_of(client, "lead.updated")) == len(leads)


class TestByProviders:
    async def test_blanks_are_filled_from_what_it_answers(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        answers(register)
        provider = await new_provider(
            client,
            address(register) + "?key={secret}",
            secret="k/1",
            headers={"X-Key": "{secret}"},
        )
        lead = await create(client, **ADA, industry="Mills")
        ended = await done(client, enricher, lead)
        assert (ended["status"], ended["progress"]["asked"]) == ("done", 1)
        found = await read(client, lead, include="provenance")
        assert (found["industry"], found["employee_count"], found["city"]) == (
            "Mills",
            250,
            "London",
        )
        told = found["provenance"]["city"]
        assert (told["source"], told["name"], told["cause_id"]) == (
            "enrichment",
            provider["name"],
            provider["id"],
        )
        [(request, _)] = register.log
        assert (request.headers["x-key"], request.args["key"]) == ("k/1", "k/1")
        [event] = await events_of(client, "lead.enriched")
        assert event["data"]["written"] == ["city", "employee_count"]
        assert "k/1" not in json.dumps(await events_of(client))

    async def test_an_answer_is_remembered_and_so_is_none(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        answers(register)
        register.expect_request("/unknown.co.uk").respond_with_data("", status=404)
        await new_provider(client, address(register))
        for number in range(3):
            lead = await create(client, full_name="Ada", email=f"ada.{number}@engines.co.uk")
            ended = await done(client, enricher, lead)
            assert (await read(client, lead))["city"] == "London"
            assert ended["progress"]["remembered"] == min(number, 1)
            other = await create(client, full_name="Ada", email=f"ada.{number}@unknown.co.uk")
            assert (await done(client, enricher, other))["status"] == "done"
        assert len(register.log) == 2

    async def test_another_mapping_is_another_question(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        answers(register)
        provider = await new_provider(client, address(register))
        lead = await create(client, **ADA)
        await done(client, enricher, lead)
        mapping = [{"to": "description", "from": "$.company.industry"}]
        url = f"/v1/enrichment-providers/{provider['id']}"
        assert (await client.patch(url, json={"mapping": mapping})).status_code == 200
        await done(client, enricher, lead)
        assert (await read(client, lead))["description"] == "Machines"
        assert len(register.log) == 2

    async def test_new_leads_are_asked_about_where_that_is_set(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        answers(register)
        await new_provider(client, address(register), on_create=True)
        await new_provider(client, address(register), name="Other")
        lead = await create(client, **ADA)
        await enricher.new_leads(client)
        await enricher.work()
        assert (await read(client, lead))["city"] == "London"
        assert len(register.log) == 1

    async def test_free_mail_domains_are_never_looked_up(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        await new_provider(client, address(register))
        for told in ({"email": "ada@gmail.com"}, {"website": "https://mail.yahoo.com"}):
            lead = await create(client, full_name="Ada", **told)
            plan = await enrich(client, lead)
            assert plan["questions"][0]["skipped"] == "free_mail"
        await enricher.work()
        assert register.log == []

    async def test_refresh_leaves_alone_what_came_by_hand_unless_asked(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        answers(register)
        await new_provider(client, address(register), policy="refresh")
        lead = await create(client, **ADA, industry="Mills", city="Bonn")
        url = f"/v1/leads/{lead['id']}"
        user = await new_user(client)
        await client.patch(url, json={"city": "Berlin"}, headers=acting(user["id"]))
        await done(client, enricher, lead)
        found = await read(client, lead)
        assert (found["industry"], found["city"]) == ("Machines", "Berlin")
        [proposal] = (await client.get(f"{url}/proposals")).json()["data"]
        assert (proposal["field"], proposal["value"]) == ("city", "London")
        await done(client, enricher, lead, overwrite=True)
        assert (await read(client, lead))["city"] == "London"

    async def test_what_is_asked_can_be_told_beforehand(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        answers(register)
        await new_provider(client, address(register), monthly_budget=1)
        lead = await create(client, **ADA)
        url = f"/v1/leads/{lead['id']}/enrich?dry_run=true"
        answer = await client.post(url, json={})
        plan = answer.json()
        assert (answer.status_code, plan["job"]) == (200, None)
        assert {fill["rule"] for fill in plan["fills"]} == {"email_domain"}
        [question] = plan["questions"]
        assert (question["key"], question["answer"]) == ("engines.co.uk", "none")
        assert register.log == []
        await done(client, enricher, lead)
        [question] = (await client.post(url)).json()["questions"]
        assert (question["answer"], question["used_this_month"]) == ("found", 1)
        other = await create(client, full_name="Ada", email="ada@other.co.uk")
        [question] = (await client.post(f"/v1/leads/{other['id']}/enrich?dry_run=true")).json()[
            "questions"
        ]
        assert question["skipped"] == "budget"


class TestLimits:
    async def test_a_budget_is_never_overspent(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        def slow(request: Request) -> Response:
            return Response(json.dumps(company()), content_type="application/json")

        register.expect_request("/").respond_with_handler(slow)
        for number in range(12):
            register.expect_request(f"/c{number}.co.uk").respond_with_handler(slow)
        await new_provider(client, address(register), monthly_budget=5)
        plans = []
        for number in range(12):
            lead = await create(client, full_name="Ada", email=f"ada@c{number}.co.uk")
            plans.append(await enrich(client, lead))
        await asyncio.gather(*(enricher.work(concurrency=6) for _ in range(3)))
        assert len(register.log) == 5
        ended = [await job(client, plan) for plan in plans]
        assert {found["status"] for found in ended} == {"done"}
        skipped = [found["progress"]["skipped"] for found in ended]
        assert skipped.count({"Company register": "budget"}) == 7

    async def test_no_budget_is_none(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        await new_provider(client, address(register), monthly_budget=0)
        await done(client, enricher, await create(client, **ADA))
        assert register.log == []

    async def test_the_same_is_asked_once_at_a_time(
        self, client: Client, enricher: Enricher, register: HTTPServer, owner_database: Database
    ) -> None:
        answers(register)
        await new_provider(client, address(register))
        leads = [
            await create(client, full_name="Ada", email=f"ada.{n}@engines.co.uk") for n in range(6)
        ]
        plans = [await enrich(client, lead) for lead in leads]
        await enricher.work(concurrency=6)
        jobs = Jobs(enricher.runtime.database, owner_database, client.workspace_id)
        await jobs.due_at_once()
        await enricher.work()
        assert {(await job(client, plan))["status"] for plan in plans} == {"done"}
        assert len(register.log) == 1
        for lead in leads:
            assert (await read(client, lead))["city"] == "London"

    async def test_a_provider_that_is_down_is_left_alone(
        self, client: Client, enricher: Enricher, register: HTTPServer, owner_database: Database
    ) -> None:
        register.expect_request("/engines.co.uk").respond_with_data("", status=503)
        await new_provider(client, address(register))
        plan = await enrich(client, await create(client, **ADA))
        jobs = Jobs(enricher.runtime.database, owner_database, client.workspace_id)
        for _ in range(7):
            await enricher.work()
            await jobs.due_at_once()
        assert len(register.log) == 5
        failed = await job(client, plan)
        assert "left alone" in failed["last_error"]
        # When it has rested, one question shows that it is well.
        register.clear()
        answers(register)
        await owner_database.fetch(
            "UPDATE enrichment_breakers SET open_until = now() - interval '1 s' "
            "WHERE workspace_id = $1",
            client.workspace_id,
        )
        await client.post(f"/v1/jobs/{failed['id']}/retry")
        await enricher.work()
        assert (await job(client, plan))["status"] == "done"
        [row] = await owner_database.fetch(
            "SELECT failures FROM enrichment_breakers WHERE workspace_id = $1", client.workspace_id
        )
        assert row["failures"] == 0

    async def test_a_question_that_it_does_not_take_ends_the_job_alone(
        self, client: Client, enricher: Enricher, register: HTTPServer, owner_database: Database
    ) -> None:
        register.expect_request("/engines.co.uk").respond_with_data("", status=400)
        await new_provider(client, address(register))
        ended = await done(client, enricher, await create(client, **ADA))
        assert (ended["status"], "400" in ended["last_error"]) == ("dead", True)
        rows = await owner_database.fetch(
            "SELECT 1 FROM enrichment_breakers WHERE workspace_id = $1", client.workspace_id
        )
        assert rows == []

    async def test_one_that_fails_leaves_the_others_their_say(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        answers(register)
        register.expect_request("/down/engines.co.uk").respond_with_data("", status=500)
        down = address(register).replace("{domain}", "down/{domain}")
        await new_provider(client, down, name="Down")
        await new_provider(client, address(register))
        lead = await create(client, **ADA)
        ended = await done(client, enricher, lead)
        assert (ended["status"], (await read(client, lead))["city"]) == ("failed", "London")

    @pytest.mark.parametrize(
        "body", [b"not json", b"[]", b"{}", b'{"company": {"city": {"a": 1}, "employees": "few"}}']
    )
    async def test_an_answer_of_another_shape_changes_nothing(
        self, client: Client, enricher: Enricher, register: HTTPServer, body: bytes
    ) -> None:
        register.expect_request("/engines.co.uk").respond_with_data(body)
        await new_provider(client, address(register))
        lead = await create(client, **ADA, website="engines.co.uk")
        before = await read(client, lead)
        await done(client, enricher, lead)
        assert await read(client, lead) == before

    async def test_the_inside_is_not_called(self, app: FastAPI, client: Client) -> None:
        http = HttpClient()
        enricher = Enricher(app, JsonOverHttp(http))
        await new_provider(client, "http://127.0.0.1:9999/{domain}")
        ended = await done(client, enricher, await create(client, **ADA))
        assert "not on the internet" in ended["last_error"]
        await http.aclose()


class TestProposals:
    async def test_one_is_accepted_by_somebody(self, client: Client) -> None:
        provider, lead = await new_provider(client), await create(client, **ADA)
        proposal_id = await open_proposal(client, lead["id"], provider["id"])
        user = await new_user(client)
        url = f"/v1/leads/{lead['id']}/proposals/{proposal_id}/accept"
        answer = await client.post(url, headers=acting(user["id"]))
        assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
        assert answer.json()["user_id"] == user["id"]
        found = await read(client, lead, include="provenance")
        assert found["industry"] == "Mills"
        told = found["provenance"]["industry"]
        assert (told["source"], told["user_id"]) == ("enrichment", user["id"])
        assert (await client.post(url)).status_code == 409

    async def test_what_was_rejected_is_not_proposed_again(
        self, client: Client, enricher: Enricher, register: HTTPServer
    ) -> None:
        answers(register)
        await new_provider(client, address(register), policy="propose")
        lead = await create(client, **ADA)
        await done(client, enricher, lead)
        url = f"/v1/leads/{lead['id']}/proposals"
        found = (await client.get(url)).json()["data"]
        assert {proposal["field"] for proposal in found} == {"industry", "employee_count", "city"}
        assert (await read(client, lead))["city"] is None
        await done(client, enricher, lead)
        assert len((await client.get(url, params={"status": "open"})).json()["data"]) == 3
        for proposal in found:
            answer = await client.post(f"{url}/{proposal['id']}/reject")
            assert answer.status_code == 200, answer.text
        await done(client, enricher, lead)
        assert (await client.get(url, params={"status": "open"})).json()["data"] == []

    async def test_one_of_another_lead_is_not_found(self, client: Client) -> None:
        provider, lead = await new_provider(client), await create(client, **ADA)
        other = await create(client, full_name="Grace Hopper")
        proposal_id = await open_proposal(client, lead["id"], provider["id"])
        for action in ("accept", "reject"):
            url = f"/v1/leads/{other['id']}/proposals/{proposal_id}/{action}"
            assert (await client.post(url)).status_code == 404
