"""Accounts over HTTP: created, read, listed, changed."""

from typing import Any

import pytest

from tests.conftest import Client
from tests.factories.access import events_of, new_user, pointers
from tests.factories.sales import new_account

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

ENGINES = {
    "name": "  Analytical  ENGINES Ltd ",
    "website": "https://www.example.co.uk/about",
    "phone": "020 7946 0018",
    "street": "12 St James's Square",
    "city": "London",
    "region": "Greater London",
    "postal_code": "SW1Y 4JH",
    "country": "UK",
    "industry": "Manufacturing",
    "employee_count": 250,
    "annual_revenue_minor": 1_200_000_000,
    "currency": "GBP",
    "description": "Buys through its holding 🚂",
}


async def test_create_answers_with_the_account_as_stored(client: Client) -> None:
    answer = await client.post("/v1/accounts", json=ENGINES)
    assert answer.status_code == 201, answer.text
    account = answer.json()
    assert {name: account[name] for name in ENGINES} == ENGINES
    assert account["name_norm"] == "analytical engines ltd"
    assert account["web_domain"] == "example.co.uk"
    assert account["phone_norm"] == "+442079460018"
    assert account["country_code"] == "GB"
    assert answer.headers["etag"] == '"1"'
    read = await client.get(answer.headers["location"])
    assert read.json() == account
    assert read.headers["etag"] == '"1"'
    [event] = await events_of(client, "account.created")
    assert event["subject_id"] == account["id"]
    assert event["lead_id"] is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": None}, "/name"),
        ({"name": " \t "}, "/name"),
        ({"name": "A", "originating_lead_id": None}, "/originating_lead_id"),
        ({"name": "A", "currency": "euro"}, "/currency"),
        ({"name": "A", "currency": "ZZZ"}, "/currency"),
        ({"name": "A", "employee_count": -1}, "/employee_count"),
    ],
)
async def test_what_is_wrong_is_named(client: Client, body: dict[str, Any], pointer: str) -> None:
    answer = await client.post("/v1/accounts", json=body)
    assert answer.status_code == 422
    assert pointers(answer.json()) == [pointer]
    assert (await client.get("/v1/accounts")).json()["data"] == []


async def test_an_owner_of_another_workspace_is_unknown(client: Client, stranger: Client) -> None:
    owner = await new_user(stranger)
    answer = await client.post("/v1/accounts", json={"name": "A", "owner_id": owner["id"]})
    assert answer.status_code == 422
    assert pointers(answer.json()) == ["/owner_id"]


class TestUpdate:
    async def test_changes_what_is_given_and_what_follows(self, client: Client) -> None:
        account = await new_account(client, **ENGINES)
        url = f"/v1/accounts/{account['id']}"
        patch = {"name": "Babbage & Co", "website": None, "country": "Deutschland"}
        answer = await client.patch(url, json=patch, headers={"If-Match": '"1"'})
        assert answer.status_code == 200, answer.text
        changed = answer.json()
        follows = {
            "name_norm": "babbage & co",
            "web_domain": None,
            "country_code": "DE",
            "phone_norm": None,
            "version": 2,
            "updated_at": changed["updated_at"],
        }
        assert changed == account | patch | follows
        assert answer.headers["etag"] == '"2"'
        assert (await client.get(url)).json() == changed
        [event] = await events_of(client, "account.updated")
        assert event["data"]["changes"]["country"] == {"before": "UK", "after": "Deutschland"}

    async def test_a_name_cannot_be_cleared(self, client: Client) -> None:
        account = await new_account(client)
        answer = await client.patch(f"/v1/accounts/{account['id']}", json={"name": None})
        assert answer.status_code == 422
        assert pointers(answer.json()) == ["/name"]

    async def test_a_currency_must_exist(self, client: Client) -> None:
        account = await new_account(client, currency="EUR")
        url = f"/v1/accounts/{account['id']}"
        answer = await client.patch(url, json={"currency": "ZZZ"})
        assert (answer.status_code, pointers(answer.json())) == (422, ["/currency"])
        assert (await client.get(url)).json() == account

    async def test_an_old_version_is_refused(self, client: Client) -> None:
        account = await new_account(client)
        url = f"/v1/accounts/{account['id']}"
        await client.patch(url, json={"city": "Paris"})
        answer = await client.patch(url, json={"city": "Rome"}, headers={"If-Match": '"1"'})
        assert answer.status_code == 412
        assert (await client.get(url)).json()["city"] == "Paris"

    async def test_what_changes_nothing_leaves_no_trace(self, client: Client) -> None:
        account = await new_account(client, city="Paris")
        url = f"/v1/accounts/{account['id']}"
        assert (await client.patch(url, json={"city": "Paris"})).json() == account
        assert await events_of(client, "account.updated") == []


class TestList:
    async def test_filters(self, client: Client) -> None:
        owner = await new_user(client)
        first = await new_account(client, name="Alpha  GmbH", website="www.alpha.de")
        second = await new_account(client, name="Beta", owner_id=owner["id"])
        await new_account(client, name="Gamma")

        async def listed(**params: Any) -> list[str]:
            answer = await client.get("/v1/accounts", params=params)
            assert answer.status_code == 200, answer.text
            return [account["id"] for account in answer.json()["data"]]

        assert await listed(name="alpha gmbh") == [first["id"]]
        assert await listed(name=["ALPHA GmbH", "beta"]) == [second["id"], first["id"]]
        assert await listed(web_domain="https://shop.alpha.de/x") == [first["id"]]
        assert await listed(owner_id=owner["id"]) == [second["id"]]
        assert await listed(owner_id=owner["id"], name="alpha gmbh") == []

    @pytest.mark.parametrize("sort", ["created_at", "-created_at"])
    async def test_pages_hold_every_account_once(
        self, client: Client, sort: str, statements: list[str]
    ) -> None:
        made = [(await new_account(client))["id"] for _ in range(7)]
        seen, params = [], {"limit": "3", "sort": sort}
        while True:
            del statements[:]
            page = (await client.get("/v1/accounts", params=params)).json()
            assert len(statements) == 2  # begin, and one for the page
            seen += [account["id"] for account in page["data"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert seen == (made if sort == "created_at" else made[::-1])

    async def test_unknown_parameters_are_refused(self, client: Client) -> None:
        answer = await client.get("/v1/accounts", params={"nmae": "x"})
        assert answer.status_code == 422


async def test_another_workspace_finds_nothing(client: Client, stranger: Client) -> None:
    url = f"/v1/accounts/{(await new_account(client))['id']}"
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.patch(url, json={"city": "Paris"})).status_code == 404
    assert (await stranger.get("/v1/accounts")).json()["data"] == []
