"""Data quality: of one lead, and of all by where they came from."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.domain.leads.data_quality import WEIGHTS
from app.platform.ids import new_id
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.intake import captured, submit

pytestmark = pytest.mark.anyio

WHOLE = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@engines.co.uk",
    "phone": "+44 20 7946 0018",
    "company": "Engines",
    "country": "UK",
    "website": "https://engines.co.uk",
    "title": "Countess",
    "industry": "Machines",
}


async def quality(client: Client, **fields: Any) -> dict[str, Any]:
    """The quality of a new lead with these fields."""
    lead = await create(client, **fields)
    answer = await client.get(f"/v1/leads/{lead['id']}/data-quality")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def groups(client: Client, group_by: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/data-quality", params={"group_by": group_by})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


class TestOfALead:
    async def test_everything_is_a_hundred(self, client: Client) -> None:
        found = await quality(client, **WHOLE)
        assert (found["score"], found["missing"], found["invalid"]) == (100, [], [])
        email = next(field for field in found["fields"] if field["field"] == "email")
        assert (email["present"], email["valid"], email["source"]) == (True, True, "api")
        assert (email["verified"], email["age_days"]) == (False, 0)

    @pytest.mark.parametrize("name", WEIGHTS)
    async def test_what_is_missing_costs_its_weight(self, client: Client, name: str) -> None:
        found = await quality(client, **{n: v for n, v in WHOLE.items() if n != name})
        assert (found["score"], found["missing"]) == (100 - WEIGHTS[name], [name])

    async def test_what_cannot_be_read_counts_nothing(self, client: Client) -> None:
        found = await quality(client, **WHOLE | {"phone": "12", "country": "Atlantis"})
        assert found["score"] == 100 - WEIGHTS["phone"] - WEIGHTS["country"]
        assert set(found["invalid"]) == {"phone", "country"}
        assert found["missing"] == []

    @pytest.mark.parametrize(
        ("email", "score", "flag"),
        [
            ("ada@gmail.com", 100, "free_mail"),
            ("ada@mailinator.com", 75, "disposable"),
            ("info@engines.co.uk", 88, "role_address"),
        ],
    )
    async def test_of_what_sort_the_address_is(
        self, client: Client, email: str, score: int, flag: str
    ) -> None:
        found = await quality(client, **WHOLE | {"email": email})
        assert (found["score"], found[flag]) == (score, True)

    async def test_a_lead_that_is_not_there_has_none(self, client: Client) -> None:
        assert (await client.get(f"/v1/leads/{new_id()}/data-quality")).status_code == 404


class TestOfAll:
    async def test_by_source(self, client: Client) -> None:
        for number in range(3):
            await create(
                client, full_name="Ada Lovelace", source="fair", email=f"ada.{number}@gmail.com"
            )
        await create(client, last_name="Hopper", source="fair", phone="+44 20 7946 0018")
        await create(client, full_name="Bob", email="b@mailinator.com", source="site")
        await create(client, full_name="Nobody")
        gone = await create(client, full_name="Gone", source="fair")
        await client.delete(f"/v1/leads/{gone['id']}")
        fair, *others = await groups(client, "source")
        assert (fair["group"], fair["leads"]) == ("fair", 4)
        assert (fair["valid_email"], fair["valid_phone"]) == (0.75, 0.25)
        assert (fair["free_mail"], fair["disposable"], fair["reachable"]) == (0.75, 0, 1)
        assert fair["present"]["last_name"] == 1
        # E-mail 25, phone 20, last name 10, first name 5.
        assert fair["completeness"] == round((3 * 40 + 30) / 4)
        site = next(found for found in others if found["group"] == "site")
        assert (site["disposable"], site["reachable"]) == (1, 0)
        nothing = next(found for found in others if found["group"] is None)
        assert (nothing["leads"], nothing["reachable"]) == (1, 0)

    async def test_by_form(self, app: FastAPI, client: Client) -> None:
        question = {"name": "email", "label": "E-mail", "type": "email", "to": "email"}
        made = await client.post("/v1/forms", json={"name": "Contact", "fields": [question]})
        form = made.json()
        for number in range(2):
            answer = await submit(
                client, {"email": f"a.{number}@engines.co.uk"}, form_id=form["id"]
            )
            assert answer.status_code == 202, answer.text
            await captured(app, client, answer.json()["receipt_id"])
        await create(client, full_name="Ada")
        found = {group["group"]: group for group in await groups(client, "form")}
        assert found[form["id"]]["leads"] == 2
        assert found[form["id"]]["label"] == form["name"]
        assert found[None]["leads"] == 1

    async def test_a_lead_that_absorbed_another_counts_once(
        self, app: FastAPI, client: Client
    ) -> None:
        question = {"name": "email", "label": "E-mail", "type": "email", "to": "email"}
        ids = []
        forms = [
            (await client.post("/v1/forms", json={"name": n, "fields": [question]})).json()["id"]
            for n in ("Contact", "Contact", "Newsletter")
        ]
        for number, form_id in enumerate([forms[0], forms[0], forms[2]]):
            email = f"a.{number}@engines.co.uk"
            answer = await submit(client, {"email": email}, form_id=form_id)
            found = await captured(app, client, answer.json()["receipt_id"])
            ids.append(found["lead_id"])
        for loser in ids[1:]:
            answer = await client.post(f"/v1/leads/{ids[0]}/merge", json={"loser_id": loser})
            assert answer.status_code == 200, answer.text
        assert sum(group["leads"] for group in await groups(client, "form")) == 1

    async def test_by_import(self, client: Client) -> None:
        await create(client, full_name="Ada")
        [found] = await groups(client, "import")
        assert (found["group"], found["leads"]) == (None, 1)

    async def test_by_what_else_is_refused(self, client: Client) -> None:
        answer = await client.get("/v1/data-quality", params={"group_by": "owner"})
        assert answer.status_code == 422
