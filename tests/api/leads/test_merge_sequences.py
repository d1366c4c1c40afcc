"""Several merges of the same leads, undone in an order that asks for more than the last one."""

import os
import random
from typing import Any

import pytest

from app.platform.db import Database
from tests.api.leads.test_merge_undo import instant, last_words, say, values
from tests.conftest import Client
from tests.factories.merges import merged, new_lead, read_lead, undone
from tests.factories.ripeness import RIPE, new_assessment

pytestmark = pytest.mark.anyio

LONGEST = {"company": {"rule": "longest"}}


async def test_of_three_merges_the_last_is_undone_last(client: Client) -> None:
    winner = await new_lead(client, company="A")
    leads = [await new_lead(client, company=name) for name in ("BB", "CCC", "DDDD")]
    first = await merged(client, winner, leads[0], rules=LONGEST)
    second = await merged(client, winner, leads[1], rules=LONGEST)
    await undone(client, first)
    third = await merged(client, winner, leads[2], rules=LONGEST)
    for merge in (second, third):
        await undone(client, merge)
    assert (await read_lead(client, winner))["company"] == "A"


async def test_the_verdict_stands_on_the_answers_that_are_left(client: Client) -> None:
    winner, first, second = [await new_lead(client) for _ in range(3)]
    for lead in (first, second):
        await new_assessment(client, lead["id"], **RIPE)
    before = await read_lead(client, winner)
    merges = [await merged(client, winner, lead) for lead in (first, second)]
    await undone(client, merges[0])
    assert (await read_lead(client, winner))["qualification_outcome"] == "qualified"
    await undone(client, merges[1])
    assert values(await read_lead(client, winner)) == values(before)


async def test_an_answer_that_says_the_same_keeps_the_verdict(client: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    await new_assessment(client, loser["id"], **RIPE)
    merge = await merged(client, winner, loser)
    await new_assessment(client, winner["id"], **RIPE)
    await undone(client, merge)
    assert (await read_lead(client, winner))["qualification_outcome"] == "qualified"


async def test_a_no_counts_as_long_as_one_who_said_it_is_part_of_the_lead(
    client: Client, database: Database
) -> None:
    winner, first, second = [await new_lead(client) for _ in range(3)]
    await say(database, client, winner, "mail", granted=True)
    for lead in (first, second):
        await say(database, client, lead, "mail", granted=False)
    merges = [await merged(client, winner, lead) for lead in (first, second)]
    await undone(client, merges[0])
    assert await last_words(client, winner) == {"mail": False}
    await undone(client, merges[1])
    assert await last_words(client, winner) == {"mail": True}


async def test_what_two_losers_said_alike_stays_while_one_is_part_of_the_lead(
    client: Client,
) -> None:
    winner, first, second, other = [await new_lead(client) for _ in range(4)]
    for lead in (first, second):
        body = {"record": "lead", "first_id": lead["id"], "second_id": other["id"]}
        answer = await client.post("/v1/duplicates/dismiss", json=body)
        assert answer.status_code in (200, 201), answer.text

    async def dismissed() -> set[frozenset[str]]:
        page = (await client.get("/v1/duplicates/dismissals")).json()["data"]
        return {frozenset((each["lead_a"], each["lead_b"])) for each in page}

    before = await dismissed()
    merges = [await merged(client, winner, lead) for lead in (first, second)]
    told = await undone(client, merges[0])
    assert told["undone"]["gone"] == {}
    assert frozenset((winner["id"], other["id"])) in await dismissed()
    told = await undone(client, merges[1])
    assert told["undone"]["gone"] == {}
    assert await dismissed() == before


async def test_the_newest_value_is_the_newest_though_a_merge_brought_it(client: Client) -> None:
    old = await new_lead(client, company="Said first")
    newer = await new_lead(client, company="Said last")
    winner = await new_lead(client)
    await merged(client, winner, old)
    await merged(client, winner, newer, rules={"company": {"rule": "newest"}})
    assert (await read_lead(client, winner))["company"] == "Said last"


async def share(client: Client, lead: dict[str, Any], email: str) -> None:
    body = {"kind": "email", "value": email, "shared": True}
    answer = await client.post(f"/v1/leads/{lead['id']}/identities", json=body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("how", ["delete", "patch"])
async def test_a_key_that_both_shared_is_free_when_the_winner_gives_it_up(
    client: Client, how: str
) -> None:
    email = "ada@engines.example"
    loser = await new_lead(client, full_name="Charles Babbage", email=email)
    winner = await new_lead(client)
    await share(client, winner, email)
    await merged(client, winner, loser)
    path = f"/v1/leads/{winner['id']}"
    if how == "delete":
        assert (await client.delete(path)).status_code == 204
    else:
        answer = await client.patch(path, json={"email": "countess@engines.example"})
        assert answer.status_code == 200, answer.text
    answer = await client.post("/v1/leads", json={"full_name": "Grace Hopper", "email": email})
    assert answer.status_code == 201, answer.text


async def test_no_cache_keeps_where_a_lead_went(client: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    await merged(client, winner, loser)
    answer = await client.get(f"/v1/leads/{loser['id']}")
    assert answer.headers.get("cache-control") == "no-store", answer.headers


async def test_the_past_counts_a_correction_where_it_was(client: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client, touchpoint=None)
    touch = (
        await client.post(f"/v1/leads/{loser['id']}/touchpoints", json={"kind": "call"})
    ).json()
    merge = await merged(client, winner, loser)
    path = f"/v1/leads/{winner['id']}"
    body = {"kind": "meeting", "supersedes_id": touch["id"]}
    assert (await client.post(f"{path}/touchpoints", json=body)).status_code == 201
    between, present = await instant(client), await read_lead(client, winner)
    await undone(client, merge)
    then = (await client.get(path, params={"as_of": between})).json()
    assert then["touch_count"] == present["touch_count"] == 2
    assert (await read_lead(client, winner))["touch_count"] == 1


async def test_a_shared_key_is_shared_again_with_who_took_it_since(client: Client) -> None:
    email = "babbage@engines.example"
    winner = await new_lead(client, email="ada@engines.example")
    loser = await new_lead(client, full_name="Charles Babbage", email=email)
    merge = await merged(client, winner, loser, rules={"email": {"rule": "longest"}})
    answer = await client.patch(f"/v1/leads/{winner['id']}", json={"email": "a@engines.example"})
    assert answer.status_code == 200, answer.text
    await new_lead(client, full_name="Grace Hopper", email=email)
    third = await new_lead(client, full_name="Alan Turing")
    await share(client, third, email)
    await undone(client, merge)
    body = {"full_name": "Charles Babbage", "email": email}
    answer = await client.post("/v1/leads?on_duplicate=link", json=body)
    assert (answer.status_code, answer.json()["id"]) == (200, loser["id"]), answer.text


async def test_a_custom_field_that_is_no_more_comes_back_with_its_value(client: Client) -> None:
    body = {"key": "segment", "label": "segment", "type": "text"}
    declared = (await client.post("/v1/custom-fields", json=body)).json()
    winner = await new_lead(client, custom={"segment": "a"})
    loser = await new_lead(client, custom={"segment": "longer"})
    before = await read_lead(client, winner)
    rules = {"custom.segment": {"rule": "longest"}}
    merge = await merged(client, winner, loser, rules=rules)
    answer = await client.delete(f"/v1/custom-fields/{declared['id']}")
    assert answer.status_code == 204, answer.text
    await undone(client, merge)
    assert values(await read_lead(client, winner)) == values(before)


async def test_a_joined_text_says_nothing_twice(client: Client) -> None:
    winner = await new_lead(client, description="Met at the fair")
    loser = await new_lead(client, description="Met at the fair, wants a quote")
    await merged(client, winner, loser, rules={"description": {"rule": "join"}})
    lead = await read_lead(client, winner)
    assert lead["description"] == "Met at the fair, wants a quote"


@pytest.mark.parametrize("seed", range(int(os.environ.get("TOUCHLINE_TEST_RACES", "3"))))
async def test_after_any_merges_and_undoings_all_is_as_it_was(client: Client, seed: int) -> None:
    chance = random.Random(seed)
    for key in ("segment", "size"):
        body = {"key": key, "label": key, "type": "text"}
        assert (await client.post("/v1/custom-fields", json=body)).status_code == 201
    made = [await new_lead(client, **some_fields(chance, number)) for number in range(5)]
    for lead in chance.sample(made, 3):
        answer = {"answer": chance.choice(["strong", "weak"])}
        await new_assessment(client, lead["id"], **(RIPE | {"need": answer}))
        await client.post(f"/v1/leads/{lead['id']}/touchpoints", json={"kind": "call"})
    for lead in chance.sample(made, 2):
        await share(client, lead, "all@engines.example")
    for one, other in ((0, 1), (1, 2), (2, 3), (1, 3)):
        body = {"first_id": made[one]["id"], "second_id": made[other]["id"]}
        assert (await client.post("/v1/duplicates/dismiss", json=body)).status_code == 200
    before = [await whole(client, lead) for lead in made]
    standing: list[dict[str, Any]] = []
    for _ in range(14):
        gone = {merge["loser_id"] for merge in standing}
        living = [lead for lead in made if lead["id"] not in gone]
        if standing and (len(living) < 2 or chance.random() < 0.4):
            await undo_some(client, chance, standing)
        else:
            rules = {"*": {"rule": chance.choice(["newest", "longest", "winner"])}}
            standing.append(await merged(client, *chance.sample(living, 2), rules=rules))
    while standing:
        await undo_some(client, chance, standing)
    assert [await whole(client, lead) for lead in made] == before


def some_fields(chance: random.Random, number: int) -> dict[str, Any]:
    """Something of everything, or nothing."""
    fields: dict[str, Any] = {
        "full_name": chance.choice(["Ada Lovelace", "Ada King", "Charles Babbage"]),
        "email": f"{chance.choice(['a', 'bb', 'info'])}@engines{number}.example",
        "phone": f"+44 20 7946 00{number}8",
        "company": "Engines " * chance.randint(1, 3),
        "city": chance.choice(["London", "Bonn"]),
        "street": "Main 1",
        "custom": {"size": chance.choice(["small", "large"]), "segment": str(number)},
        "external_references": [{"system": "shop", "external_id": str(number)}],
    }
    return {name: value for name, value in fields.items() if chance.random() < 0.6}


async def undo_some(client: Client, chance: random.Random, standing: list[dict[str, Any]]) -> None:
    """One whose winner is there."""
    gone = {merge["loser_id"] for merge in standing}
    merge = chance.choice([each for each in standing if each["winner_id"] not in gone])
    standing.remove(merge)
    told = (await undone(client, merge))["undone"]
    assert (told["stayed"], told["gone"]) == ({}, {})


async def whole(client: Client, lead: dict[str, Any]) -> dict[str, Any]:
    """All that can be seen of a lead."""
    path = f"/v1/leads/{lead['id']}"
    keys = (await client.get(f"{path}/identities")).json()["data"]
    dismissed = (await client.get("/v1/duplicates/dismissals")).json()["data"]
    return values(await read_lead(client, lead)) | {
        "keys": sorted(keys, key=lambda key: key["id"]),
        "assessments": (await client.get(f"{path}/assessments")).json()["data"],
        "dismissed": sorted(str((each["lead_a"], each["lead_b"])) for each in dismissed),
    }


async def test_corrections_of_corrections_go_back_in_one_statement(
    client: Client, statements: list[str]
) -> None:
    async def cost(corrections: int) -> int:
        winner, loser = await new_lead(client), await new_lead(client, touchpoint=None)
        path = f"/v1/leads/{loser['id']}/touchpoints"
        touch = (await client.post(path, json={"kind": "call"})).json()
        merge = await merged(client, winner, loser)
        for _ in range(corrections):
            body = {"kind": "meeting", "supersedes_id": touch["id"]}
            path = f"/v1/leads/{winner['id']}/touchpoints"
            touch = (await client.post(path, json=body)).json()
        statements.clear()
        await undone(client, merge)
        taken = len(statements)
        assert (await client.get(f"/v1/touchpoints/{touch['id']}")).json()["lead_id"] == loser["id"]
        return taken

    assert await cost(1) == await cost(6)


async def test_a_value_that_came_back_is_as_old_as_it_was(client: Client) -> None:
    winner = await new_lead(client, company="A")
    newer = await new_lead(client, company="Said later")
    others = [await new_lead(client, company="Engines " * n) for n in (1, 2)]
    merges = [await merged(client, winner, lead, rules=LONGEST) for lead in others]
    for merge in merges:
        await undone(client, merge)
    await merged(client, winner, newer, rules={"company": {"rule": "newest"}})
    assert (await read_lead(client, winner))["company"] == "Said later"
