"""What vendors send, from their call to the lead."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from app.domain.intake.connectors import VendorName
from app.platform import clock
from app.platform.config import Settings
from app.platform.db import Database
from app.services.access.rate_limits import rate_limits
from tests.adapters.vendors.calls import (
    BIG,
    BODIES,
    GENERIC,
    GOOGLE,
    GRAVITY,
    HUBSPOT,
    META,
    SALESFORCE,
    SECRET,
    TYPEFORM,
    as_json,
)
from tests.adapters.vendors.signing import SHARED, SIGNED, shared
from tests.conftest import Client
from tests.factories.connectors import (
    NO_SECRET,
    call,
    lead_of,
    new_connector,
    submissions,
    touch_of,
)

pytestmark = pytest.mark.anyio

FETCHED = ("meta_lead_ads", "linkedin")


def signed(vendor: str, raw: bytes | None = None) -> dict[str, str]:
    """The headers of a genuine call."""
    raw = BODIES[vendor][0] if raw is None else raw
    if vendor in SHARED:
        return shared(raw, clock.now())
    return SIGNED[vendor][0](raw, clock.now()) if vendor in SIGNED else {}


async def send(client: Client, connector: Any, raw: bytes | None = None) -> httpx.Response:
    """A genuine call."""
    return await call(client, connector, raw, **signed(connector["vendor"], raw))


@pytest.mark.parametrize("vendor", VendorName)
async def test_a_genuine_call_becomes_a_lead(
    app: FastAPI, client: Client, vendor: VendorName
) -> None:
    made = await new_connector(client, vendor)
    answer = await send(client, made)
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    found = await submissions(app, client)
    assert len(found) == (2 if vendor == "meta_lead_ads" else 1)
    first = found[0]
    assert first["connector_id"] == made["id"]
    assert first["kind"] == ("email" if vendor == "email" else "connector")
    if vendor in FETCHED:
        assert first["status"] == "held"
        assert first["findings"][0]["code"] == "awaiting_vendor"
        return
    assert first["status"] == "captured", first
    lead = await lead_of(client, first)
    assert lead["email"] == "ada@example.com"
    assert lead["source"] == ("Web" if vendor == "salesforce_web_to_lead" else vendor)
    touch = await touch_of(client, first)
    assert touch["payload"]["connector_id"] == made["id"]
    assert (touch["external_id"] is None) == (touch["source_system"] is None)


@pytest.mark.parametrize("vendor", [v for v in VendorName if v not in NO_SECRET])
async def test_a_call_that_is_not_proven_leaves_nothing(
    app: FastAPI, client: Client, vendor: VendorName
) -> None:
    made = await new_connector(client, vendor, secret="another-secret")
    answer = await send(client, made)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert await submissions(app, client) == []


@pytest.mark.parametrize(
    "token", ["x", "A" * 56, "%00", "ä" * 56, "..%2f..", "0" * 55 + "=", "A" * 5000]
)
async def test_a_token_that_was_not_made_here_leads_nowhere(client: Client, token: str) -> None:
    for method in ("GET", "POST"):
        answer = await client.request(method, f"/v1/connectors/{token}/hook", content=b"{}")
        assert answer.status_code in (404, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_token_of_a_form_is_no_connector_s(client: Client) -> None:
    question = {"name": "email", "label": "E-mail", "type": "email", "to": "email"}
    form = await client.post("/v1/forms", json={"name": "F", "fields": [question]})
    token = form.json()["token"]
    assert (await client.post(f"/v1/connectors/{token}/hook")).status_code == 404


class TestRepeats:
    async def test_a_call_that_is_repeated_is_one_submission(
        self, app: FastAPI, client: Client
    ) -> None:
        for vendor in ("google_ads", "typeform", "calendly", "webflow", "mailchimp", "email"):
            made = await new_connector(client, vendor)
            for _ in range(3):
                assert (await send(client, made)).status_code == 200
        found = await submissions(app, client)
        assert len(found) == 6
        assert len({each["lead_id"] for each in found}) == 1

    async def test_another_body_with_a_known_id_is_kept_and_is_the_same_touch(
        self, app: FastAPI, client: Client
    ) -> None:
        made = await new_connector(client, "google_ads")
        more = {"column_id": "CITY", "string_value": "London"}
        other = as_json(GOOGLE | {"user_column_data": [*GOOGLE["user_column_data"], more]})
        for raw in (None, other, other, None):
            assert (await send(client, made, raw)).status_code == 200
        first, second = await submissions(app, client)
        assert first["status"] == second["status"] == "captured"
        assert first["lead_id"] == second["lead_id"]
        assert second["touchpoint_id"] in (None, first["touchpoint_id"])
        assert (await lead_of(client, first))["touch_count"] == 1

    async def test_ids_that_count_from_one_on_each_site_are_kept_apart(
        self, app: FastAPI, client: Client
    ) -> None:
        for name in ("a.example", "b.example"):
            made = await new_connector(client, "gravity_forms", name=name)
            entry = GRAVITY | {"2": f"ada@{name}"}
            assert (await send(client, made, as_json(entry))).status_code == 200
        first, second = await submissions(app, client)
        assert first["lead_id"] != second["lead_id"]
        assert first["touchpoint_id"] != second["touchpoint_id"]

    async def test_an_idempotency_key_tells_a_repeat_where_the_vendor_has_no_id(
        self, app: FastAPI, client: Client
    ) -> None:
        made = await new_connector(client, "hubspot_forms")
        for key in ("k1", "k1", "k2"):
            await call(client, made, idempotency_key=key)
        await call(client, made)
        assert len(await submissions(app, client)) == 3

    async def test_many_at_once_are_one(self, app: FastAPI, client: Client) -> None:
        made = await new_connector(client, "typeform")
        answers = await asyncio.gather(*(send(client, made) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert len(await submissions(app, client)) == 1


class TestSecrets:
    async def test_the_key_of_google_is_stored_nowhere(
        self, app: FastAPI, client: Client, owner_database: Database
    ) -> None:
        made = await new_connector(client, "google_ads")
        await send(client, made)
        [found] = await submissions(app, client)
        raw = await client.get(f"/v1/submissions/{found['receipt_id']}/raw")
        stars = b"*" * len(SECRET)
        assert raw.content == BODIES["google_ads"][0].replace(SECRET, stars)
        for table in ("submissions", "touchpoints", "events"):
            rows = await owner_database.fetch(
                f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE workspace_id = $1",
                client.workspace_id,
            )
            written = "".join(row["row"] for row in rows)
            assert SECRET.decode() not in written
            assert SECRET.hex() not in written

    async def test_a_secret_in_the_url_or_a_header_is_stored_nowhere(
        self, app: FastAPI, client: Client, owner_database: Database
    ) -> None:
        made = await new_connector(client, "mailchimp")
        by_query = await call(client, made, query=f"?secret={SECRET.decode()}&a=b")
        by_header = await call(
            client, made, raw=b"type=campaign", authorization=f"Bearer {SECRET.decode()}"
        )
        assert (by_query.status_code, by_header.status_code) == (200, 200)
        assert len(await submissions(app, client)) == 2
        rows = await owner_database.fetch(
            "SELECT query, headers::text AS headers FROM submissions WHERE workspace_id = $1",
            client.workspace_id,
        )
        assert {row["query"] for row in rows} == {f"secret={'*' * len(SECRET)}&a=b", ""}
        assert SECRET.decode() not in str([dict(row) for row in rows])


class TestSeveralLeads:
    async def test_each_is_stored_for_itself(self, app: FastAPI, client: Client) -> None:
        made = await new_connector(client, "generic_json", secret=None)
        body = [GENERIC, {"email": "b@example.com"}, 7]
        answer = await call(client, made, as_json(body))
        receipts = answer.json()["receipt_ids"]
        found = await submissions(app, client)
        assert sorted(receipts) == sorted(each["receipt_id"] for each in found)
        assert sorted(each["status"] for each in found) == ["captured", "captured", "held"]
        for each in found:
            raw = await client.get(f"/v1/submissions/{each['receipt_id']}/raw")
            assert raw.content == as_json(body)

    async def test_a_large_body_is_not_stored_whole_for_each(
        self, app: FastAPI, client: Client
    ) -> None:
        made = await new_connector(client, "generic_json", secret=None)
        body = [{"email": f"{n}@example.com", "note": "x" * 2_000} for n in range(60)]
        answer = await call(client, made, as_json(body))
        assert len(answer.json()["receipt_ids"]) == 60
        found = await submissions(app, client)
        assert {each["status"] for each in found} == {"captured"}
        assert {(await lead_of(client, each))["email"] for each in found[:5]} <= {
            one["email"] for one in body
        }
        raw = await client.get(f"/v1/submissions/{found[0]['receipt_id']}/raw")
        assert len(raw.content) < 3_000

    async def test_a_lead_that_comes_again_in_another_batch_is_known(
        self, app: FastAPI, client: Client
    ) -> None:
        made = await new_connector(client, "meta_lead_ads")
        await send(client, made)
        await send(client, made, as_json(META | {"entry": META["entry"][1:]}))
        assert len(await submissions(app, client)) == 2


class TestTestLeads:
    async def test_a_test_lead_is_marked(self, app: FastAPI, client: Client) -> None:
        made = await new_connector(client, "google_ads")
        await send(client, made)
        [found] = await submissions(app, client)
        assert found["is_test"] is True

    async def test_and_a_real_one_is_not(self, app: FastAPI, client: Client) -> None:
        made = await new_connector(client, "google_ads")
        await send(client, made, as_json(GOOGLE | {"is_test": False}))
        [found] = await submissions(app, client)
        assert found["is_test"] is False


class TestAnswers:
    async def test_a_web_to_lead_form_goes_on_to_its_page(self, client: Client) -> None:
        hosts = {"redirect_hosts": ["www.example.com"], "message": "Danke <3"}
        made = await new_connector(client, "salesforce_web_to_lead", success=hosts)
        answer = await call(client, made)
        assert answer.status_code == 303
        assert answer.headers["location"] == "https://www.example.com/thanks?from=form"
        elsewhere = SALESFORCE.replace(quote("www.example.com"), "evil.example").encode()
        thanks = await call(client, made, elsewhere)
        assert (thanks.status_code, "Danke &lt;3" in thanks.text) == (200, True)

    async def test_a_hubspot_form_gets_hubspot_s_words(self, app: FastAPI, client: Client) -> None:
        made = await new_connector(client, "hubspot_forms", success={"message": "Thanks"})
        assert (await call(client, made)).json() == {"inlineMessage": "Thanks"}
        broken = await call(client, made, b"{")
        assert (broken.status_code, broken.json()["status"]) == (400, "error")
        large = await call(client, made, b"x" * 300_000)
        assert (large.status_code, large.json()["errors"][0]["errorType"]) == (
            413,
            "REQUEST_TOO_LARGE",
        )
        found = await submissions(app, client)
        assert broken.json()["correlationId"] in {each["receipt_id"] for each in found}
        assert sorted(each["status"] for each in found) == ["captured", "held"]

    async def test_meta_and_linkedin_make_sure_of_the_url(self, client: Client) -> None:
        meta = await new_connector(client, "meta_lead_ads")
        query = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
        good = await client.get(
            meta["hook_path"], params=query | {"hub.verify_token": meta["verify_token"]}
        )
        assert (good.status_code, good.text) == (200, "1158201444")
        bad = await client.get(meta["hook_path"], params=query | {"hub.verify_token": "x"})
        assert bad.status_code == 403
        linkedin = await new_connector(client, "linkedin")
        code = {"challengeCode": "890e4665-4dfe-4ab1-b689-ed553bceeed0"}
        answer = await client.get(linkedin["hook_path"], params=code)
        assert answer.json().keys() == {"challengeCode", "challengeResponse"}
        mailchimp = await new_connector(client, "mailchimp")
        assert (await client.get(mailchimp["hook_path"])).status_code == 200


class TestMapping:
    async def test_the_connector_s_own_words_count(self, app: FastAPI, client: Client) -> None:
        await client.post(
            "/v1/custom-fields", json={"key": "interests", "label": "Interests", "type": "text"}
        )
        made = await new_connector(
            client,
            "hubspot_forms",
            touch_kind="demo_requested",
            source="site",
            mapping=[
                {"to": "full_name", "from": ["firstname", "lastname"], "combine": " "},
                {"to": "custom.interests", "from": "interests"},
                {"to": "company", "from": "$.vendor.pageName"},
                {"to": "website", "from": "$.vendor.pageUri"},
            ],
            consent_purposes={"subscription:999": "newsletter"},
        )
        await call(client, made)
        [found] = await submissions(app, client)
        lead, touch = await lead_of(client, found), await touch_of(client, found)
        assert lead["full_name"] == "Ada Lovelace"
        assert lead["custom"] == {"interests": "steam;brass"}
        assert lead["company"] == "Demo"
        assert lead["website"] == HUBSPOT["context"]["pageUri"]
        assert lead["source"] == "site"
        assert touch["kind"] == "demo_requested"
        assert touch["utm"] == {"source": "linkedin", "campaign": "q1"}
        assert touch["occurred_at"] == "2026-03-02T09:30:00Z"

    async def test_every_digit_of_an_id_stays(self, app: FastAPI, client: Client) -> None:
        made = await new_connector(client, "typeform")
        await send(client, made)
        [found] = await submissions(app, client)
        touch = await client.get(f"/v1/touchpoints/{found['touchpoint_id']}")
        assert f'"r5":{BIG}'.encode() in touch.content.replace(b" ", b"")

    async def test_what_does_not_fit_is_noted_and_kept(self, app: FastAPI, client: Client) -> None:
        made = await new_connector(client, "generic_json", secret=None)
        long = {"email": "ada@example.com", "company": "x" * 600}
        await call(client, made, as_json(long))
        [found] = await submissions(app, client)
        assert found["status"] == "captured"
        assert [(f["code"], f["field"]) for f in found["findings"]] == [("does_not_fit", "company")]
        assert (await touch_of(client, found))["payload"]["answers"]["company"] == "x" * 600


@pytest.fixture
def silence(app: FastAPI) -> Iterator[Callable[[], None]]:
    """Has the database answer nobody, neither at the door nor behind it."""
    runtime = app.state.runtime
    databases = runtime.database, runtime.reception.inbox._database

    def fall_silent() -> None:
        for database in databases:
            database.shut("a test")
        known = runtime.connectors._known
        runtime.connectors._known = type(known)((k, (v[0], 0.0)) for k, v in known.items())

    yield fall_silent
    for database in databases:
        database.admit()


class TestWithoutADatabase:
    async def test_a_known_connector_goes_on_taking_calls(
        self, app: FastAPI, client: Client, silence: Callable[[], None]
    ) -> None:
        made = await new_connector(client, "typeform")
        assert (await send(client, made)).status_code == 200
        silence()
        other = TYPEFORM["form_response"] | {"token": "other"}
        raw = as_json(TYPEFORM | {"form_response": other})
        forged = await call(client, made, raw, **signed("typeform"))
        assert forged.status_code == 401
        assert (await send(client, made, raw)).status_code == 200
        runtime = app.state.runtime
        for database in (runtime.database, runtime.reception.inbox._database):
            database.admit()
        found = await submissions(app, client)
        for _ in range(100):
            if len(found) == 2:
                break
            await asyncio.sleep(0.2)
            found = await submissions(app, client)
        assert [each["status"] for each in found] == ["captured"] * 2

    async def test_an_unknown_one_is_asked_to_come_again(
        self, client: Client, silence: Callable[[], None]
    ) -> None:
        made = [await new_connector(client, vendor) for vendor in ("typeform", "hubspot_forms")]
        silence()
        for connector in made:
            answer = await send(client, connector)
            assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
            assert answer.headers["access-control-allow-origin"] == "*"


@pytest.fixture
def few_requests(app: FastAPI, settings: Settings) -> Iterator[None]:
    """Three requests a minute for one address."""
    few = settings.model_copy(
        update={"intake_rate_per_address": 3, "intake_rate_per_address_soft": 2}
    )
    runtime = app.state.runtime
    app.state.runtime = replace(runtime, rate_limits=rate_limits(few))
    yield
    app.state.runtime = runtime


async def test_a_server_may_send_much_from_one_address_and_a_browser_may_not(
    client: Client, few_requests: None
) -> None:
    server = await new_connector(client, "generic_json", secret=None)
    browser = await new_connector(client, "hubspot_forms")
    by_server = [await call(client, server, b"{}") for _ in range(8)]
    assert {answer.status_code for answer in by_server} == {200}
    by_browser = [await call(client, browser) for _ in range(5)]
    assert [answer.status_code for answer in by_browser] == [200, 200, 200, 429, 429]
    refused = by_browser[-1]
    assert refused.json()["status"] == "error"
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["access-control-allow-origin"] == "*"
