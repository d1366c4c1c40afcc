"""Users, teams and keys, made over HTTP."""

from itertools import count
from typing import Any

from tests.conftest import Client

_numbers = count(1)


async def new_user(client: Client, **fields: Any) -> dict[str, Any]:
    """A new user."""
    body = {"name": "Grace Hopper", "email": f"grace.{next(_numbers)}@example.com"} | fields
    return await _made(client, "/v1/users", body)


async def new_team(client: Client, **fields: Any) -> dict[str, Any]:
    """A new team."""
    return await _made(client, "/v1/teams", {"name": f"Team {next(_numbers)}"} | fields)


async def new_key(client: Client, *scopes: str, **fields: Any) -> dict[str, Any]:
    """A new API key, with its text as `key`."""
    body = {"name": "A key", "scopes": scopes or ("leads:read", "leads:write")} | fields
    return await _made(client, "/v1/api-keys", body)


def bearer(key: str) -> dict[str, str]:
    """The header that sends this key instead of the client's own."""
    return {"Authorization": f"Bearer {key}"}


def acting(user_id: str) -> dict[str, str]:
    """The header that acts in a user's name."""
    return {"Touchline-Actor": user_id}


async def _made(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def events_of(client: Client, *types: str) -> list[dict[str, Any]]:
    """The journal's entries of these types, oldest first."""
    answer = await client.get("/v1/events", params={"types": types, "limit": 1000})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def pointers(problem: dict[str, Any]) -> list[str]:
    """The fields a problem names."""
    return [error.get("pointer") or error["parameter"] for error in problem["errors"]]
