"""What happened before: touches, deals and field history arrive with their true dates."""

from typing import Any

import pytest

from tests.conftest import Client
from tests.factories.access import events_of
from tests.factories.imports import imported, rows_of, sent

pytestmark = pytest.mark.anyio


async def new_lead(client: Client, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/leads", json={"touchpoint": None, **fields})
    assert answer.status_code == 201, answer.text
    lead: dict[str, Any] = answer.json()
    return lead


async def touches_of(client: Client, lead_id: str) -> list[dict[str, Any]]:
    """The touchpoints on a lead's timeline."""
    timeline = (await client.get(f"/v1/leads/{lead_id}/timeline")).json()["data"]
    ids = [entry["id"] for entry in timeline if entry["type"] == "touchpoint"]
    return [(await client.get(f"/v1/touchpoints/{each}")).json() for each in ids]


async def test_touches_of_known_leads(client: Client) -> None:
    reference = {"system": "crm", "external_id": "003"}
    lead = await new_lead(client, email="ada@example.com", external_references=[reference])
    campaign = (await client.post("/v1/campaigns", json={"name": "Fair", "kind": "event"})).json()
    body = (
        "Email,Lead ID,Activity Type,Activity Date,Subject,Touch campaign,Activity ID\n"
        "ada@example.com,,Call,2019-05-04 10:30,Talked,,a1\n"
        ",003,Campaign Response,2018-01-31,,fair,a2\n"
        "nobody@example.com,,Call,2019-05-04,x,,a3\n"
        "ada@example.com,,Call,,x,,a4\n"
    )
    query = {"kind": "touchpoints"}
    after = await imported(client, body, query=query, external_system="crm")
    assert after["counts"] == {"created": 2, "invalid": 2}
    touches = {touch["external_id"]: touch for touch in await touches_of(client, lead["id"])}
    assert touches["a1"]["occurred_at"] == "2019-05-04T10:30:00Z"
    assert (touches["a1"]["kind"], touches["a1"]["summary"]) == ("call", "Talked")
    assert touches["a2"]["kind"] == "campaign_response"
    assert touches["a2"]["campaign_id"] == campaign["id"]
    now = (await client.get(f"/v1/leads/{lead['id']}")).json()
    assert now["first_touch_at"] == "2018-01-31T00:00:00Z"
    assert now["touch_count"] == 2
    again = await imported(client, body, query=query, external_system="crm")
    assert again["counts"] == {"unchanged": 2, "invalid": 2, "noted": 2}
    answer = await client.post(f"/v1/imports/{after['id']}/undo")
    assert answer.status_code == 409


async def test_touches_in_columns_of_a_file_of_persons(client: Client) -> None:
    rules = {
        "email": "email",
        "what": "touch.kind",
        "when": "touch.occurred_at",
        "src": "touch.utm_source",
        "file": "touch.payload.file",
    }
    body = (
        "email,what,when,src,file\n"
        "ada@example.com,Downloaded,2020-02-01,google,a.pdf\n"
        "bo@example.com,,,,\n"
    )
    after = await imported(client, body, rules)
    assert after["counts"] == {"created": 2}
    leads = {lead["email"]: lead for lead in (await client.get("/v1/leads")).json()["data"]}
    assert leads["bo@example.com"]["touch_count"] == 0
    [touch] = await touches_of(client, leads["ada@example.com"]["id"])
    assert touch["occurred_at"] == "2020-02-01T00:00:00Z"
    assert touch["utm"] == {"source": "google"}
    assert touch["payload"] == {"file": "a.pdf"}


async def test_deals_convert_leads_at_their_date(client: Client) -> None:
    lead = await new_lead(client, email="ada@example.com", company="Engines")
    body = (
        "email,Converted Date,Deal Name,Amount,Deal currency,Stage,Close Date\n"
        'ada@example.com,2021-03-04,Big deal,"12,500.50",USD,Closed won,2021-06-30\n'
        "ada@example.com,2021-03-04,Second,1,USD,Closed won,2021-06-30\n"
        "nobody@example.com,2021-03-04,x,1,USD,,\n"
    )
    after = await imported(client, body, query={"kind": "opportunities"})
    assert after["counts"] == {"created": 1, "skipped": 1, "invalid": 1}
    now = (await client.get(f"/v1/leads/{lead['id']}")).json()
    assert (now["status"], now["lifecycle_stage"]) == ("converted", "customer")
    assert now["customer_at"] == "2021-03-04T00:00:00Z"
    conversion = (await client.get(f"/v1/leads/{lead['id']}/conversion")).json()
    assert conversion["converted_at"] == "2021-03-04T00:00:00Z"
    deal_id = conversion["opportunity"]["id"]
    deal = (await client.get(f"/v1/opportunities/{deal_id}")).json()
    assert (deal["name"], deal["amount_minor"], deal["currency"]) == ("Big deal", 1_250_050, "USD")
    assert (deal["status"], deal["closes_on"]) == ("won", "2021-06-30")
    assert deal["closed_at"] == "2021-06-30T00:00:00Z"
    [event] = await events_of(client, "lead.converted")
    assert event["occurred_at"] == "2021-03-04T00:00:00Z"
    assert event["data"]["cause"]["id"] == after["id"]


async def test_a_person_arrives_converted(client: Client) -> None:
    rules = {
        "email": "email",
        "company": "company",
        "converted": "converted_at",
        "deal": "opportunity.name",
        "stage": "opportunity.stage",
    }
    body = (
        "email,company,converted,deal,stage\n"
        "ada@example.com,Engines,2021-03-04,Big,Proposal\n"
        "bo@example.com,Li,2021-03-04,Small,No such stage\n"
        "cy@example.com,Xu,,,\n"
    )
    after = await imported(client, body, rules)
    assert after["counts"] == {"created": 3, "noted": 1}
    leads = {lead["email"]: lead for lead in (await client.get("/v1/leads")).json()["data"]}
    statuses = {email: lead["status"] for email, lead in leads.items()}
    assert statuses == {
        "ada@example.com": "converted",
        "bo@example.com": "new",
        "cy@example.com": "new",
    }
    noted = [row for row in await rows_of(client, after) if row["reasons"]]
    assert "no stage 'No such stage'" in noted[0]["reasons"][0]["detail"]


async def test_field_history_keeps_its_dates_and_changes_no_value(client: Client) -> None:
    lead = await new_lead(client, email="ada@example.com", company="Now")
    body = (
        "email,Field,Old Value,New Value,Edit Date,Edited By\n"
        "ada@example.com,Company,,First,2015-02-03 08:00,Kim\n"
        "ada@example.com,Account Name,First,Now,2017-02-03,Kim\n"
    )
    after = await imported(client, body, query={"kind": "audit"})
    assert after["counts"] == {"created": 2}
    events = await events_of(client, "lead.updated")
    told = [event["data"]["history"][0] for event in events]
    assert [change["field"] for change in told] == ["company", "company"]
    assert [change["after"] for change in told] == ["First", "Now"]
    assert events[0]["occurred_at"] == "2015-02-03T08:00:00Z"
    assert events[0]["recorded_at"] > "2020"
    path = f"/v1/leads/{lead['id']}"
    assert (await client.get(path)).json()["company"] == "Now"
    then = await client.get(path, params={"as_of": lead["created_at"]})
    assert then.json()["company"] == "Now"


async def test_a_file_has_to_say_what_happened_when(client: Client) -> None:
    for kind, missing in (
        ("touchpoints", "touch.kind"),
        ("opportunities", "converted_at"),
        ("audit", "audit.at"),
    ):
        import_ = await sent(client, "email,x\nada@example.com,1\n", kind=kind)
        answer = await client.post(f"/v1/imports/{import_['id']}/start")
        assert answer.status_code == 422
        assert missing in answer.json()["detail"]
