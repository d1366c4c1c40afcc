"""Who somebody may be: matches, the signals behind them, and the settings."""

from math import isclose, log2
from typing import Any

import pytest

from app.domain.leads.leads import Lead
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.leads import LeadService
from app.services.leads.matching import ESTIMATE_WEIGHTS
from app.services.leads.matching_estimates import estimating
from app.services.reach.job_runner import JobRunner
from tests.conftest import Client
from tests.matching.people import People

pytestmark = pytest.mark.anyio

ADA = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada.lovelace@engines.example.com",
    "company": "Analytical Engines Ltd",
    "phone": "+44 20 7946 0018",
    "street": "12 St James's Square",
    "postal_code": "SW1Y 4JH",
    "city": "London",
    "country": "GB",
}


async def created(client: Client, path: str = "/v1/leads", **fields: Any) -> str:
    answer = await client.post(path, json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def matched(client: Client, **told: Any) -> list[dict[str, Any]]:
    answer = await client.post("/v1/leads/match", json=told)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def test_the_same_person_is_found_and_the_answer_explains_itself(client: Client) -> None:
    lead_id = await created(client, **ADA)
    await created(client, first_name="Grace", last_name="Hopper", company="Navy")
    [match] = await matched(client, **ADA)
    assert (match["id"], match["record"], match["band"]) == (lead_id, "lead", "auto")
    levels = {signal["field"]: signal["level"] for signal in match["signals"]}
    assert levels["email"] == levels["family_name"] == levels["company"] == "exact"
    told = match["prior"] + sum(signal["weight"] for signal in match["signals"])
    assert isclose(told, match["weight"], abs_tol=0.01)
    assert isclose(match["probability"], 1 / (1 + 2 ** -match["weight"]), abs_tol=1e-3)
    assert match["summary"]["name"] == "Ada Lovelace"


@pytest.mark.parametrize(
    "told",
    [
        {"first_name": "Ada", "last_name": "Lovelace", "company": "ANALYTICAL ENGINES LIMITED"},
        {"first_name": "Lovelace", "last_name": "Ada", "postal_code": "SW1Y4JH", "city": "London"},
        {"full_name": "Ada Lovelase", "website": "https://www.engines.example.com/about"},
        {"first_name": "A.", "last_name": "Lovelace", "phone": "020 7946 0018", "country": "UK"},
        {"email": "ada.lovelace@engines.example.com"},
    ],
    ids=["legal form", "swapped", "misspelt, by domain", "initial and phone", "address alone"],
)
async def test_other_ways_to_write_it_find_the_lead(client: Client, told: dict[str, Any]) -> None:
    lead_id = await created(client, **ADA)
    assert [match["id"] for match in await matched(client, **told)] == [lead_id]


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ({"first_name": "Дмитрий", "last_name": "Иванов"}, {"full_name": "Dmitri Ivanov"}),
        ({"first_name": "William", "last_name": "Gates"}, {"full_name": "Bill Gates"}),
        ({"first_name": "Jürgen", "last_name": "Müller"}, {"full_name": "Juergen Mueller"}),
        ({"full_name": "李小龙"}, {"first_name": "Xiaolong", "last_name": "Li"}),
    ],
    ids=["Cyrillic", "nickname", "umlauts", "Han"],
)
async def test_names_match_across_scripts_and_short_forms(
    client: Client, stored: dict[str, Any], told: dict[str, Any]
) -> None:
    company = {"company": "Nordlicht Optik GmbH", "postal_code": "10115", "city": "Berlin"}
    lead_id = await created(client, **stored, **company)
    assert [match["id"] for match in await matched(client, **told, **company)] == [lead_id]


async def test_a_role_address_alone_is_no_match(client: Client) -> None:
    shared = {"email": "info@engines.example.com", "company": "Analytical Engines"}
    await created(client, first_name="Ada", last_name="Lovelace", **shared)
    found = await matched(client, first_name="Charles", last_name="Babbage", **shared)
    assert all(match["band"] == "ignore" for match in found)
    everybody = await matched(
        client, first_name="Charles", last_name="Babbage", at_least=0.0, **shared
    )
    [match] = everybody
    assert {"field": "email", "level": "exact_shared"}.items() <= match["signals"][
        -1
    ].items() or any(signal["level"] == "exact_shared" for signal in match["signals"])
    assert match["probability"] < 0.2


async def test_a_family_under_one_roof_is_not_one_person(client: Client) -> None:
    home = {
        "last_name": "Schmidt",
        "phone": "+49 30 901820",
        "street": "Hauptstr. 5",
        "postal_code": "10115",
        "city": "Berlin",
    }
    await created(client, first_name="Anna", **home)
    found = await matched(client, first_name="Bernd", at_least=0.0, **home)
    assert [match["band"] for match in found] == ["ignore"]


async def test_contacts_and_accounts_are_found_when_asked_for(client: Client) -> None:
    lead_id = await created(client, **ADA)
    account = {"name": "Analytical Engines Limited", "website": "https://engines.example.com"}
    account_id = await created(client, "/v1/accounts", **account)
    person = {name: ADA[name] for name in ("first_name", "last_name", "email", "phone")}
    contact_id = await created(client, "/v1/contacts", account_id=account_id, **person)
    records = ["lead", "contact", "account"]
    found = await matched(client, **ADA, records=records)
    assert {(match["record"], match["id"]) for match in found} == {
        ("lead", lead_id),
        ("contact", contact_id),
        ("account", account_id),
    }
    assert [match["id"] for match in await matched(client, **ADA)] == [lead_id]


async def test_what_changes_is_found_by_its_new_name_and_not_by_the_old(client: Client) -> None:
    old = {"first_name": "Ada", "last_name": "Byron", "company": "Nordlicht"}
    lead_id = await created(client, **old)
    new = {"first_name": "Zoe", "last_name": "Zimmermann", "company": "Osterfeld"}
    assert (await client.patch(f"/v1/leads/{lead_id}", json=new)).status_code == 200
    assert [match["id"] for match in await matched(client, **new)] == [lead_id]
    assert await matched(client, **old) == []


async def test_deleted_leads_and_trials_are_no_matches(client: Client) -> None:
    lead_id = await created(client, **ADA)
    assert (await client.delete(f"/v1/leads/{lead_id}")).status_code == 204
    assert await matched(client, **ADA) == []


async def test_an_own_field_counts_once_it_is_declared_comparable(client: Client) -> None:
    field = {"key": "customer_number", "label": "Customer number", "type": "text"}
    assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
    lead_id = await created(client, full_name="Ada King", custom={"customer_number": "K-20931"})
    told = {"full_name": "A. Byron", "custom": {"customer_number": "k 20931"}, "at_least": 0.0}
    [before] = await matched(client, **told)
    assert "custom.customer_number" not in {signal["field"] for signal in before["signals"]}
    answer = await client.patch("/v1/matching", json={"custom_fields": ["customer_number"]})
    assert answer.status_code == 200, answer.text
    [match] = await matched(client, **told)
    assert match["id"] == lead_id
    assert match["probability"] > before["probability"]
    levels = {signal["field"]: signal["level"] for signal in match["signals"]}
    assert levels["custom.customer_number"] == "exact"


async def test_settings_begin_as_defaults_and_change_by_patch(client: Client) -> None:
    answer = await client.get("/v1/matching")
    assert answer.status_code == 200, answer.text
    defaults = answer.json()
    assert (defaults["auto_merge"], defaults["version"]) == (False, 0)
    rates = {"m": 0.5, "u": 0.25}
    change = {"review_at": 0.5, "weights": {"phone": {"exact": rates}}, "prior": -10.0}
    changed = await client.patch("/v1/matching", json=change)
    assert changed.status_code == 200, changed.text
    now = changed.json()
    assert now["review_at"] == 0.5
    assert now["weights"]["phone"]["exact"] == rates
    assert now["own_weights"] == {"phone": ["exact"]}
    assert now["weights"]["phone"]["different"] == defaults["weights"]["phone"]["different"]
    await created(client, phone="+44 20 7946 0018", full_name="Ada Lovelace")
    found = await matched(client, phone="+44 20 7946 0018", at_least=0.0)
    [signal] = found[0]["signals"]
    assert isclose(signal["weight"], log2(2), abs_tol=1e-3)
    back = await client.patch("/v1/matching", json={"weights": None, "prior": None})
    assert back.json()["weights"] == defaults["weights"]
    assert back.json()["prior"] == defaults["prior"]
    assert back.json()["version"] == 2
    stale = await client.patch("/v1/matching", json={"review_at": 0.1}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


@pytest.mark.parametrize(
    "change",
    [
        {"review_at": 0.999},
        {"auto_at": 1.5},
        {"weights": {"phone": {"nonsense": {"m": 0.5, "u": 0.5}}}},
        {"weights": {"nonsense": {"exact": {"m": 0.5, "u": 0.5}}}},
        {"weights": {"phone": {"exact": {"m": 0.5, "u": 0.0}}}},
        {"custom_fields": ["not_declared"]},
        {"ignored_fields": ["nonsense"]},
    ],
)
async def test_settings_that_make_no_sense_are_refused(
    client: Client, change: dict[str, Any]
) -> None:
    answer = await client.patch("/v1/matching", json=change)
    assert answer.status_code == 422, answer.text
    assert (await client.get("/v1/matching")).json()["version"] == 0


async def test_another_workspace_finds_nothing(client: Client, stranger: Client) -> None:
    await created(client, **ADA)
    records = ["lead", "contact", "account"]
    assert await matched(stranger, **ADA, records=records, at_least=0.0) == []


async def _stored_people(client: Client, database: Database, people: int) -> None:
    async with UnitOfWork(database, client.caller) as uow:
        leads = [
            Lead(
                workspace_id=client.workspace_id,
                id=new_id(),
                created_at=uow.now,
                updated_at=uow.now,
                **await LeadService(uow).columns(known.fields),
            )
            for known in People(seed=11, people=people).records()
        ]
        await uow.leads.add_many(leads, [])


async def estimated(client: Client, database: Database, query: str = "") -> dict[str, Any]:
    answer = await client.post(f"/v1/matching/estimate{query}")
    assert answer.status_code == 202, answer.text
    await JobRunner(database, {ESTIMATE_WEIGHTS: estimating()}, poll_seconds=0.02).drain()
    job: dict[str, Any] = (await client.get(f"/v1/jobs/{answer.json()['id']}")).json()
    assert job["status"] == "done", job
    progress: dict[str, Any] = job["progress"]
    return progress


async def test_weights_are_estimated_rehearsed_and_put_in_place(
    client: Client, database: Database
) -> None:
    await _stored_people(client, database, 700)
    before = (await client.get("/v1/matching")).json()
    rehearsal = await estimated(client, database, "?dry_run=true")
    assert (rehearsal["applied"], rehearsal["refusal"]) == (False, None), rehearsal
    after = (await client.get("/v1/matching")).json()
    assert after["weights"] == before["weights"]
    assert after["estimate"] == rehearsal
    told = await estimated(client, database)
    assert told["applied"]
    assert told["weights"] == rehearsal["weights"]
    now = (await client.get("/v1/matching")).json()
    for field, levels in told["weights"].items():
        for level, rates in levels.items():
            assert now["weights"][field][level] == {"m": rates["m"], "u": rates["u"]}


async def test_too_few_leads_teach_nothing(client: Client, database: Database) -> None:
    await created(client, **ADA)
    told = await estimated(client, database)
    assert not told["applied"]
    assert "fewer than" in told["refusal"]
    assert (await client.get("/v1/matching")).json()["own_weights"] == {}
