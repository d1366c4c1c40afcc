"""Contacts over HTTP: created, read, listed, changed."""

from typing import Any

import pytest

from tests.conftest import Client
from tests.factories.access import events_of, new_user, pointers
from tests.factories.sales import new_account, new_contact

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

ADA = {
    "full_name": "Ada Lovelace",
    "title": "Countess",
    "email": "Ada@Example.com",
    "phone": "030 123456",
    "city": "Berlin",
    "language": "en-GB",
    "source": "fair",
    "description": "שלום 🚂",
}


async def test_create_answers_with_the_contact_as_stored(client: Client) -> None:
    account = await new_account(client)
    answer = await client.post("/v1/contacts", json=ADA | {"account_id": account["id"]})
    assert answer.status_code == 201, answer.text
    contact = answer.json()
    assert {name: contact[name] for name in ADA} == ADA
    assert (contact["first_name"], contact["last_name"]) == ("Ada", "Lovelace")
    assert contact["email_norm"] == "ada@example.com"
    assert contact["phone_norm"] == "+4930123456"  # of the workspace's country
    assert contact["account_id"] == account["id"]
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (contact, '"1"')
    [event] = await events_of(client, "contact.created")
    assert event["data"]["name"] == "Ada Lovelace"


async def test_nobody_is_no_contact(client: Client) -> None:
    answer = await client.post("/v1/contacts", json={"title": "Countess", "last_name": " "})
    assert answer.status_code == 422


async def test_an_account_of_another_workspace_is_unknown(client: Client, stranger: Client) -> None:
    foreign = await new_account(stranger)
    answer = await client.post("/v1/contacts", json=ADA | {"account_id": foreign["id"]})
    assert answer.status_code == 422
    assert pointers(answer.json()) == ["/account_id"]
    contact = await new_contact(client)
    url = f"/v1/contacts/{contact['id']}"
    answer = await client.patch(url, json={"account_id": foreign["id"]})
    assert answer.status_code == 422
    assert (await client.get(url)).json() == contact


async def test_update_changes_what_is_given_and_what_follows(client: Client) -> None:
    contact = await new_contact(client, **ADA)
    url = f"/v1/contacts/{contact['id']}"
    patch = {"email": "ada at home", "phone": "+44 20 7946 0018", "title": None}
    answer = await client.patch(url, json=patch, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed["email"] == "ada at home"
    assert changed["email_norm"] is None
    assert changed["phone_norm"] == "+442079460018"
    assert changed["title"] is None
    assert changed["version"] == 2
    assert (await client.patch(url, json={}, headers={"If-Match": '"1"'})).status_code == 412
    [event] = await events_of(client, "contact.updated")
    assert event["data"]["changes"]["title"] == {"before": "Countess", "after": None}


@pytest.mark.parametrize(
    ("patch", "names"),
    [
        ({"full_name": "Grace Hopper"}, ("Grace", "Hopper", "Grace Hopper")),
        ({"first_name": "Augusta"}, ("Augusta", "Lovelace", None)),
        ({"full_name": None}, ("Ada", "Lovelace", None)),
        ({"full_name": "Ada Lovelace"}, ("Ada", "Lovelace", "Ada Lovelace")),
        ({"first_name": "G.", "full_name": "Grace Hopper"}, ("G.", None, "Grace Hopper")),
    ],
)
async def test_no_name_stays_beside_another_one(
    client: Client, patch: dict[str, Any], names: tuple[str | None, ...]
) -> None:
    """As it is with leads."""
    contact = await new_contact(client, full_name="Ada Lovelace")
    answer = await client.patch(f"/v1/contacts/{contact['id']}", json=patch)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert tuple(changed[name] for name in ("first_name", "last_name", "full_name")) == names
    lead = (await client.post("/v1/leads", json={"full_name": "Ada Lovelace"})).json()
    same = (await client.patch(f"/v1/leads/{lead['id']}", json=patch)).json()
    assert tuple(same[name] for name in ("first_name", "last_name", "full_name")) == names


async def test_list_filters(client: Client) -> None:
    account, owner = await new_account(client), await new_user(client)
    first = await new_contact(client, email="Ada@Bücher.example", account_id=account["id"])
    second = await new_contact(client, owner_id=owner["id"])

    async def listed(**params: Any) -> list[str]:
        answer = await client.get("/v1/contacts", params=params)
        assert answer.status_code == 200, answer.text
        return [contact["id"] for contact in answer.json()["data"]]

    assert await listed() == [second["id"], first["id"]]
    assert await listed(sort="created_at") == [first["id"], second["id"]]
    assert await listed(email="ADA@xn--bcher-kva.example") == [first["id"]]
    assert await listed(account_id=account["id"]) == [first["id"]]
    assert await listed(owner_id=owner["id"]) == [second["id"]]


async def test_another_workspace_finds_nothing(client: Client, stranger: Client) -> None:
    url = f"/v1/contacts/{(await new_contact(client))['id']}"
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.patch(url, json={"city": "Paris"})).status_code == 404
