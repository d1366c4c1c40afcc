"""Accounts, contacts, opportunities and leads ready to become them, made over HTTP."""

from itertools import count
from typing import Any

from tests.conftest import Client

_numbers = count(1)


async def new_account(client: Client, **fields: Any) -> dict[str, Any]:
    """A new account."""
    return await _made(client, "/v1/accounts", {"name": f"Account {next(_numbers)}"} | fields)


async def new_contact(client: Client, **fields: Any) -> dict[str, Any]:
    """A new contact."""
    body = {"email": f"contact.{next(_numbers)}@example.com"} | fields
    return await _made(client, "/v1/contacts", body)


async def new_opportunity(client: Client, **fields: Any) -> dict[str, Any]:
    """A new opportunity, in the first stage unless told otherwise."""
    return await _made(client, "/v1/opportunities", {"name": "Twelve engines"} | fields)


async def stages(client: Client) -> dict[str, dict[str, Any]]:
    """The stages of the default pipeline by name."""
    pipelines = (await client.get("/v1/pipelines")).json()["data"]
    return {stage["name"]: stage for stage in pipelines[0]["stages"]}


async def open_lead(client: Client, **fields: Any) -> dict[str, Any]:
    """A lead of its own person and company, not qualified."""
    number = next(_numbers)
    body = {
        "full_name": "Ada Lovelace",
        "email": f"ada.{number}@example.com",
        "company": f"Engines {number} Ltd",
    }
    return await _made(client, "/v1/leads", body | fields)


async def qualified_lead(client: Client, **fields: Any) -> dict[str, Any]:
    """A lead that may be converted."""
    lead = await open_lead(client, **fields)
    answer = await client.post(
        f"/v1/leads/{lead['id']}/qualify", json={"override_reason": "Asked for an offer"}
    )
    assert answer.status_code == 200, answer.text
    qualified: dict[str, Any] = answer.json()
    return qualified


async def add_budget(client: Client, lead: dict[str, Any], at: str, **answer: Any) -> None:
    """An assessment that tells the lead's budget."""
    body = {"assessed_at": at, "budget": {"answer": "allocated"} | answer}
    await _made(client, f"/v1/leads/{lead['id']}/assessments", body)


async def _made(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
