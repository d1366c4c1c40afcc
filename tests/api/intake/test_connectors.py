"""Connectors over HTTP: made, read, changed, archived, tried out."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.domain.intake.connectors import VendorName
from app.platform.db import Database
from app.platform.ids import new_id
from tests.adapters.vendors.calls import BIGGER, BODIES, META, META_LEAD, SECRET, as_json
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, pointers
from tests.factories.connectors import NO_SECRET, call, new_connector, submissions
from tests.factories.record import new_campaign
from tests.factories.rows import tenant_tables

pytestmark = pytest.mark.anyio

FULL: dict[str, Any] = {
    "name": "Leads, Germany 🌱",
    "vendor": "meta_lead_ads",
    "secret": "app-secret",
    "access_token": "page-token",
    "api_url": "https://graph.example.com/v99.0",
    "touch_kind": "ad_form_submitted",
    "source": "meta",
    "default_country": "AT",
    "mapping": [{"to": "custom.budget", "from": "what_is_your_budget?"}],
    "consent_purposes": {"consent:1": "newsletter"},
    "success": {"message": "Danke"},
}


async def test_everything_told_is_read_again_but_the_secrets(client: Client) -> None:
    campaign = await new_campaign(client)
    answer = await client.post("/v1/connectors", json=FULL | {"campaign_id": campaign["id"]})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    secret = {"secret", "access_token"}
    plain = {n: v for n, v in FULL.items() if n not in {*secret, "success", "mapping"}}
    assert {name: made[name] for name in plain} == plain
    assert made["mapping"][0].items() >= FULL["mapping"][0].items()
    assert made["success"] == {"message": "Danke", "redirect_url": None, "redirect_hosts": []}
    assert (made["secret_set"], made["access_token_set"]) == (True, True)
    assert made["verify_signature"] is True
    assert not secret & made.keys()
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    for shown in (answer.text, read.text, (await client.get("/v1/connectors")).text):
        assert "app-secret" not in shown
        assert "page-token" not in shown
    [event] = await events_of(client, "connector.created")
    assert event["data"] == {"name": FULL["name"], "vendor": "meta_lead_ads", "active": True}


async def test_secrets_are_stored_sealed(client: Client, owner_database: Database) -> None:
    made = await new_connector(client, "meta_lead_ads", access_token="page-token")
    [row] = await owner_database.fetch(
        "SELECT secret_sealed, access_token_sealed FROM connectors WHERE id = $1 "
        "AND workspace_id = $2",
        made["id"],
        client.workspace_id,
    )
    assert SECRET not in row["secret_sealed"]
    assert b"page-token" not in row["access_token_sealed"]


async def test_a_new_secret_takes_effect_at_once_and_leaves_no_trace(
    client: Client, owner_database: Database
) -> None:
    made = await new_connector(client, "google_ads", secret="first")
    assert (await call(client, made)).status_code == 401
    url = f"/v1/connectors/{made['id']}"
    changed = await client.patch(url, json={"secret": SECRET.decode()})
    assert changed.json()["version"] == 2
    assert (await call(client, made)).status_code == 200
    [event] = await events_of(client, "connector.updated")
    assert event["data"]["changes"] == {"secret_set": {"before": True, "after": True}}
    for table in tenant_tables():
        rows = await owner_database.fetch(
            f"SELECT to_jsonb(t)::text AS row FROM {table.name} t WHERE workspace_id = $1",
            client.workspace_id,
        )
        written = "".join(row["row"] for row in rows)
        assert SECRET.decode() not in written, table.name
        assert SECRET.hex() not in written, table.name


@pytest.mark.parametrize("vendor", VendorName)
async def test_every_vendor_can_be_connected(client: Client, vendor: VendorName) -> None:
    made = await new_connector(client, vendor)
    assert made["vendor"] == vendor
    assert made["secret_set"] is (vendor not in NO_SECRET)
    assert made["hook_path"].startswith("/v1/connectors/")
    assert made["hook_path"].endswith("/hook")


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"vendor": "aol"}, ["/vendor"]),
    ({"name": ""}, ["/name"]),
    ({"vendor": "google_ads"}, ["/secret"]),
    ({"vendor": "typeform", "secret": None}, ["/secret"]),
    ({"vendor": "hubspot_forms", "secret": "x"}, ["/secret"]),
    ({"secret": ""}, ["/secret"]),
    ({"access_token": "x"}, ["/access_token"]),
    ({"api_url": "https://example.com"}, ["/api_url"]),
    ({"vendor": "linkedin", "secret": "x", "api_url": "ftp://example.com"}, ["/api_url"]),
    ({"vendor": "linkedin", "secret": "x", "api_url": "https://example.com/"}, ["/api_url"]),
    ({"touch_kind": "Lead!"}, ["/touch_kind"]),
    ({"default_country": "XX"}, ["/default_country"]),
    ({"campaign_id": str(new_id())}, ["/campaign_id"]),
    ({"mapping": [{"to": "owner_id", "from": "a"}]}, ["/mapping/0/to"]),
    ({"mapping": [{"to": "email", "from": "$.a["}]}, ["/mapping/0/from"]),
    ({"success": {"redirect_url": "javascript:alert(1)"}}, ["/success/redirect_url"]),
    ({"success": {"redirect_url": "https://e.example/ä"}}, ["/success/redirect_url"]),
    ({"success": {"redirect_hosts": ["https://e.example"]}}, ["/success/redirect_hosts/0"]),
    ({"consent_purposes": {"a": "No!"}}, ["/consent_purposes/a"]),
    ({"color": "red"}, ["/color"]),
]


@pytest.mark.parametrize(("fields", "found"), REFUSED)
async def test_a_bad_connector_is_refused(
    client: Client, fields: dict[str, Any], found: list[str]
) -> None:
    body = {"name": "X", "vendor": "generic_json"} | fields
    answer = await client.post("/v1/connectors", json=body)
    assert (answer.status_code, pointers(answer.json())) == (422, found), answer.text
    assert (await client.get("/v1/connectors")).json()["data"] == []


async def test_a_vendor_that_signs_may_be_taken_unchecked_if_somebody_says_so(
    client: Client,
) -> None:
    made = await new_connector(client, "typeform", secret=None, verify_signature=False)
    assert (await call(client, made)).status_code == 200
    url = f"/v1/connectors/{made['id']}"
    answer = await client.patch(url, json={"verify_signature": True})
    assert (answer.status_code, pointers(answer.json())) == (422, ["/secret"])


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"name": "Other"}, {}),
        ({"verify_signature": False}, {}),
        ({"access_token": None}, {"access_token_set": False}),
        ({"api_url": None}, {}),
        ({"touch_kind": None}, {}),
        ({"source": "fb"}, {}),
        ({"default_country": None}, {}),
        ({"mapping": []}, {}),
        ({"consent_purposes": {}}, {}),
        (
            {"success": {"redirect_hosts": ["a.example"]}},
            {
                "success": {
                    "message": "Danke",
                    "redirect_url": None,
                    "redirect_hosts": ["a.example"],
                }
            },
        ),
    ],
)
async def test_every_field_can_be_patched(
    client: Client, sent: dict[str, Any], stored: dict[str, Any]
) -> None:
    made = (await client.post("/v1/connectors", json=FULL)).json()
    url = f"/v1/connectors/{made['id']}"
    answer = await client.patch(url, json=sent, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    expected = made | (stored or sent) | {"version": 2, "updated_at": 0}
    assert answer.json() | {"updated_at": 0} == expected
    stale = await client.patch(url, json={"name": "x"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    again = await client.patch(url, json={n: v for n, v in sent.items() if n != "access_token"})
    assert again.json()["version"] == 2


async def test_the_vendor_stays(client: Client) -> None:
    made = await new_connector(client)
    answer = await client.patch(f"/v1/connectors/{made['id']}", json={"vendor": "email"})
    assert (answer.status_code, pointers(answer.json())) == (422, ["/vendor"])


async def test_what_comes_for_an_archived_connector_is_kept_and_waits(
    app: FastAPI, client: Client
) -> None:
    made = await new_connector(client, "hubspot_forms")
    url = f"/v1/connectors/{made['id']}"
    assert (await client.delete(url)).status_code == 204
    read = (await client.get(url)).json()
    assert (read["active"], read["archived_at"] is not None) == (False, True)
    assert len(await events_of(client, "connector.archived")) == 1
    assert (await call(client, made)).status_code == 200
    [waiting] = await submissions(app, client)
    assert waiting["status"] == "held"
    assert [found["code"] for found in waiting["findings"]] == ["connector_closed"]
    back = await client.patch(url, json={"active": True})
    assert back.json()["archived_at"] is None


async def test_the_list_is_filtered(client: Client) -> None:
    a = await new_connector(client, "email")
    b = await new_connector(client, "mailchimp", active=False)

    async def ids(**params: Any) -> list[str]:
        answer = await client.get("/v1/connectors", params=params)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["data"]]

    assert await ids() == [b["id"], a["id"]]
    assert await ids(vendor="email") == [a["id"]]
    assert await ids(vendor=["email", "mailchimp"]) == [b["id"], a["id"]]
    assert await ids(active="false") == [b["id"]]
    assert await ids(active="true", vendor="mailchimp") == []


async def test_connectors_are_for_administrators(client: Client, stranger: Client) -> None:
    made = await new_connector(client)
    url = f"/v1/connectors/{made['id']}"
    writer = bearer((await new_key(client, "leads:write", "leads:read"))["key"])
    for method, path in (("GET", url), ("GET", "/v1/connectors"), ("DELETE", url)):
        answer = await client.request(method, path, headers=writer)
        assert (answer.status_code, answer.json()["scope"]) == (403, "admin")
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.get("/v1/connectors")).json()["data"] == []


class TestTryingOut:
    async def test_a_call_shows_its_lead_and_stores_nothing(
        self, app: FastAPI, client: Client
    ) -> None:
        made = await new_connector(
            client,
            "google_ads",
            mapping=[{"to": "company", "from": "$.vendor.form_id"}],
            default_country="GB",
        )
        raw, content_type = BODIES["google_ads"]
        answer = await client.post(
            f"/v1/connectors/{made['id']}/test",
            content=raw,
            headers={"content-type": content_type},
        )
        assert answer.status_code == 200, answer.text
        [part] = answer.json()["parts"]
        assert part["outcome"] == "captured"
        assert part["is_test"] is True
        assert part["fields"]["email"] == "ada@example.com"
        assert part["fields"]["company"] == "9007199254740993"
        assert part["normalised"]["phone_norm"] == "+442079460958"
        assert part["touchpoint"]["click_ids"] == {"gclid": "CjwKCAjw_gclid"}
        assert part["touchpoint"]["payload"]["vendor"]["campaign_id"] == str(BIGGER)
        assert SECRET.decode() not in answer.text
        assert await submissions(app, client) == []

    async def test_each_lead_of_a_call_is_shown(self, client: Client) -> None:
        made = await new_connector(client, "meta_lead_ads")
        url = f"/v1/connectors/{made['id']}/test"
        named = await client.post(url, content=as_json(META))
        assert [part["outcome"] for part in named.json()["parts"]] == ["fetched", "fetched"]
        inline = META["entry"][0]["changes"][0]["value"] | {"field_data": META_LEAD["field_data"]}
        changes = [{"field": "leadgen", "value": inline}]
        told = await client.post(url, content=as_json({"entry": [{"changes": changes}]}))
        [part] = told.json()["parts"]
        assert (part["outcome"], part["fields"]["first_name"]) == ("captured", "Ada")

    async def test_what_cannot_be_read_is_shown_to_wait(self, client: Client) -> None:
        made = await new_connector(client)
        for raw in (b"", b"{", b"\xff", b"{}"):
            answer = await client.post(f"/v1/connectors/{made['id']}/test", content=raw)
            [part] = answer.json()["parts"]
            assert part["outcome"] == "held"
