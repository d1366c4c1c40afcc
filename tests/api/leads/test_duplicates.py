"""Duplicates: of one record, those a scan finds, and those that somebody says are none."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import FastAPI

from app.domain.leads.leads import Lead
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.duplicate_scan import scanning
from app.services.leads.duplicates import SCAN_DUPLICATES
from app.services.leads.leads import LeadService
from app.services.reach.job_runner import JobRunner
from tests.conftest import Client, client_of
from tests.matching.people import Known, People

pytestmark = pytest.mark.anyio

COMPANY = {"company": "Nordlicht Optik GmbH", "postal_code": "10115", "city": "Berlin"}


async def created(client: Client, path: str = "/v1/leads", **fields: Any) -> str:
    answer = await client.post(path, json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def scanned(
    client: Client, database: Database, record: str = "lead", turn_seconds: float = 300
) -> dict[str, Any]:
    """A scan from its beginning to its end."""
    answer = await client.post("/v1/duplicates/scan", json={"record": record})
    assert answer.status_code == 202, answer.text
    handlers = {SCAN_DUPLICATES: scanning(turn_seconds)}
    await JobRunner(database, handlers, poll_seconds=0.02).drain()
    job: dict[str, Any] = (await client.get(f"/v1/jobs/{answer.json()['id']}")).json()
    assert job["status"] == "done", job
    return job


async def listed(
    client: Client, path: str = "/v1/duplicates", **query: Any
) -> list[dict[str, Any]]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def ids_of(pair: dict[str, Any]) -> set[str]:
    return {pair["first"]["id"], pair["second"]["id"]}


async def test_a_leads_duplicates_are_found_without_a_scan(client: Client) -> None:
    first = await created(client, full_name="Anna Schmidt", **COMPANY)
    second = await created(client, full_name="Anna Schmitt", **COMPANY)
    await created(client, full_name="Bernd Weber", **COMPANY)
    for asked, other in ((first, second), (second, first)):
        [match] = await listed(client, f"/v1/leads/{asked}/duplicates")
        assert (match["id"], match["record"]) == (other, "lead")
    assert (await client.get(f"/v1/leads/{first}/duplicates?limit=0")).status_code == 422


async def test_contacts_and_accounts_have_duplicates_too(client: Client) -> None:
    person = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@engines.example.com"}
    contacts = [await created(client, "/v1/contacts", **person) for _ in range(2)]
    [match] = await listed(client, f"/v1/contacts/{contacts[0]}/duplicates")
    assert (match["id"], match["band"]) == (contacts[1], "auto")
    names = ("Analytical Engines Ltd", "Analytical Engines Limited")
    accounts = [await created(client, "/v1/accounts", name=name) for name in names]
    [match] = await listed(client, f"/v1/accounts/{accounts[0]}/duplicates")
    assert match["id"] == accounts[1]
    lead_id = await created(client, **person)
    records = ["lead", "contact"]
    found = await listed(client, f"/v1/leads/{lead_id}/duplicates", records=records)
    assert {(m["record"], m["id"]) for m in found} == {("contact", c) for c in contacts}


async def test_a_scan_fills_the_queue_and_its_groups(client: Client, database: Database) -> None:
    trio = [
        await created(client, full_name=name, **COMPANY)
        for name in ("Anna Schmidt", "Anna Schmitt", "Anna Schmid")
    ]
    await created(client, full_name="Bernd Weber", **COMPANY)
    job = await scanned(client, database)
    assert job["progress"]["records"] == 4
    pairs = await listed(client)
    assert {frozenset(ids_of(pair)) for pair in pairs} <= {
        frozenset((one, other)) for one in trio for other in trio if one != other
    }
    assert [p["probability"] for p in pairs] == sorted(
        (p["probability"] for p in pairs), reverse=True
    )
    [cluster] = await listed(client, "/v1/duplicates/clusters")
    assert cluster["members"] == sorted(trio)
    assert cluster["pairs"] == len(pairs)
    assert await listed(client, cluster_id=cluster["id"]) == pairs
    assert await listed(client, band="ignore") == []
    first = (await client.get("/v1/duplicates?limit=1")).json()
    rest = await client.get("/v1/duplicates", params={"cursor": first["next_cursor"]})
    assert first["data"] + rest.json()["data"] == pairs


async def test_groups_are_read_page_by_page(client: Client, database: Database) -> None:
    for name in ("Anna Osterfeld", "Bernd Lüdenscheidt", "Clara Wolkenstein"):
        for _ in range(2):
            await created(client, full_name=name, **COMPANY)
    await scanned(client, database)
    every = await listed(client, "/v1/duplicates/clusters")
    assert len(every) == 3
    found, cursor = [], None
    for _ in every:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/duplicates/clusters", params=query)).json()
        found += page["data"]
        cursor = page["next_cursor"]
    assert (found, cursor) == (every, None)


async def test_accounts_are_scanned(client: Client, database: Database) -> None:
    names = ("Analytical Engines Ltd", "Analytical Engines Limited", "Osterfeld Druck AG")
    ids = [await created(client, "/v1/accounts", name=name) for name in names]
    await scanned(client, database, "account")
    [pair] = await listed(client, record="account")
    assert ids_of(pair) == set(ids[:2])
    assert await listed(client) == []


async def test_three_orders_of_arrival_make_the_same_groups(
    app: FastAPI, database: Database, owner_database: Database
) -> None:
    known = list(enumerate(People(seed=7, people=120).records()))
    groups = []
    for seed in range(3):
        random.Random(seed).shuffle(known)
        async with await client_of(app, owner_database) as client:
            numbers = await stored(client, database, known)
            await scanned(client, database)
            clusters = await listed(client, "/v1/duplicates/clusters", limit=200)
            pairs = await listed(client, limit=200, band="auto")
        groups.append(
            (
                {frozenset(numbers[i] for i in cluster["members"]) for cluster in clusters},
                {frozenset(numbers[i] for i in ids_of(pair)) for pair in pairs},
            )
        )
    assert groups[0] == groups[1] == groups[2]
    assert min(map(len, groups[0])) > 10


async def stored(
    client: Client, database: Database, known: Sequence[tuple[int, Known]]
) -> dict[str, int]:
    """Each record as a lead of its own, in this order, past the capture; the number of each id."""
    numbers, leads = {}, []
    async with UnitOfWork(database, client.caller) as uow:
        for number, record in known:
            columns = await LeadService(uow).columns(record.fields)
            lead = Lead(
                workspace_id=client.workspace_id,
                id=new_id(),
                created_at=uow.now,
                updated_at=uow.now,
                **columns,
            )
            leads.append(lead)
            numbers[str(lead.id)] = number
        await uow.leads.add_many(leads, [])
    return numbers


async def test_a_dismissed_pair_never_comes_back(client: Client, database: Database) -> None:
    first = await created(client, full_name="Anna Schmidt", **COMPANY)
    second = await created(client, full_name="Anna Schmitt", **COMPANY)
    await scanned(client, database)
    assert len(await listed(client)) == 1
    body = {"first_id": second, "second_id": first, "reason": "Mother and daughter"}
    dismissed = await client.post("/v1/duplicates/dismiss", json=body)
    assert dismissed.status_code == 200, dismissed.text
    turned = {"first_id": first, "second_id": second}
    again = await client.post("/v1/duplicates/dismiss", json=turned)
    assert again.json() == dismissed.json()
    assert await listed(client) == []
    for asked in (first, second):
        assert await listed(client, f"/v1/leads/{asked}/duplicates") == []
    await scanned(client, database)
    assert await listed(client) == []
    [kept] = await listed(client, "/v1/duplicates/dismissals")
    assert kept["reason"] == "Mother and daughter"
    assert (await client.delete(f"/v1/duplicates/dismissals/{kept['id']}")).status_code == 204
    [pair] = await listed(client)
    assert ids_of(pair) == {first, second}
    assert len(await listed(client, f"/v1/leads/{first}/duplicates")) == 1


async def test_a_dismissal_of_a_record_that_is_not_here_is_refused(client: Client) -> None:
    lead_id = await created(client, full_name="Anna Schmidt")
    unknown = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
    for body, pointers in (
        ({"first_id": lead_id, "second_id": unknown}, ["/second_id"]),
        ({"first_id": lead_id, "second_id": lead_id}, ["/"]),
    ):
        answer = await client.post("/v1/duplicates/dismiss", json=body)
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == pointers


async def test_a_scan_goes_on_after_every_turn(client: Client, database: Database) -> None:
    first = await created(client, full_name="Anna Schmidt", **COMPANY)
    second = await created(client, full_name="Anna Schmitt", **COMPANY)
    answer = await client.post("/v1/duplicates/scan", json={})
    again = await client.post("/v1/duplicates/scan", json={})
    assert answer.json()["id"] == again.json()["id"]
    # Each turn is over at once, but for the first piece of the last.
    turns = iter((0.0, 0.0, 300.0))

    async def in_turns(context: Any) -> None:
        await scanning(next(turns))(context)

    await JobRunner(database, {SCAN_DUPLICATES: in_turns}, poll_seconds=0.02).drain()
    job = (await client.get(f"/v1/jobs/{answer.json()['id']}")).json()
    assert (job["status"], job["attempts"]) == ("done", 1)
    [pair] = await listed(client)
    assert ids_of(pair) == {first, second}


async def test_leads_from_before_get_their_keys_from_a_scan(
    client: Client, database: Database, owner_database: Database
) -> None:
    first = await created(client, full_name="Anna Schmidt", **COMPANY)
    second = await created(client, full_name="Anna Schmitt", **COMPANY)
    sql = "DELETE FROM match_keys WHERE workspace_id = $1"
    await as_owner(client, owner_database, sql)
    await as_owner(
        client, owner_database, "UPDATE leads SET match_key = '' WHERE workspace_id = $1"
    )
    assert await listed(client, f"/v1/leads/{first}/duplicates") == []
    await scanned(client, database)
    [match] = await listed(client, f"/v1/leads/{first}/duplicates")
    assert match["id"] == second


async def as_owner(client: Client, owner_database: Database, sql: str) -> None:
    """Behind the scenes; $1 is the workspace."""
    async with owner_database.connection() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
        await connection.execute(sql, client.workspace_id)


async def test_what_is_certain_is_merged_when_the_workspace_wants_it(
    client: Client, database: Database
) -> None:
    person = {"first_name": "Wolfgang", "last_name": "Osterfeld", "street": "Lindenweg 5"}
    leads = [await created(client, **person, **COMPANY) for _ in range(2)]
    await scanned(client, database)
    [pair] = await listed(client)
    assert pair["band"] == "auto"
    assert [(await client.get(f"/v1/leads/{lead}")).status_code for lead in leads] == [200] * len(
        leads
    )
    assert (await client.patch("/v1/matching", json={"auto_merge": True})).status_code == 200
    job = await scanned(client, database)
    assert job["progress"]["merged"] == 1
    assert await listed(client) == []
    assert (await client.get(f"/v1/leads/{leads[1]}")).status_code == 301


async def test_a_dismissed_pair_is_not_joined_through_a_third(
    client: Client, database: Database
) -> None:
    person = {"first_name": "Wolfgang", "last_name": "Osterfeld", "street": "Lindenweg 5"}
    leads = [await created(client, **person, **COMPANY) for _ in range(3)]
    await client.patch("/v1/matching", json={"auto_merge": True})
    body = {"first_id": leads[0], "second_id": leads[2]}
    assert (await client.post("/v1/duplicates/dismiss", json=body)).status_code == 200
    job = await scanned(client, database)
    assert job["progress"]["merged"] == 0
    assert [(await client.get(f"/v1/leads/{lead}")).status_code for lead in leads] == [200] * len(
        leads
    )
    assert len(await listed(client)) == 2


async def test_what_somebody_has_undone_is_not_merged_again(
    client: Client, database: Database
) -> None:
    person = {"first_name": "Wolfgang", "last_name": "Osterfeld", "street": "Lindenweg 5"}
    leads = [await created(client, **person, **COMPANY) for _ in range(2)]
    await client.patch("/v1/matching", json={"auto_merge": True})
    assert (await scanned(client, database))["progress"]["merged"] == 1
    [merge] = await listed(client, "/v1/merges")
    assert (await client.post(f"/v1/merges/{merge['id']}/undo")).status_code == 200
    assert (await scanned(client, database))["progress"]["merged"] == 0
    [pair] = await listed(client)
    assert ids_of(pair) == set(leads)
