"""Riddles over HTTP."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import altcha
import pytest

from tests.conftest import Client

pytestmark = pytest.mark.anyio


async def form(client: Client, **more: Any) -> dict[str, Any]:
    fields = [
        {"name": "email", "label": "E-mail", "type": "email", "required": True, "to": "email"}
    ]
    answer = await client.post("/v1/forms", json={"name": "Contact", "fields": fields, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_riddle_that_the_library_solves_and_the_service_accepts(client: Client) -> None:
    made = await form(client)
    answer = await client.get(f"/f/{made['token']}/challenge", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    riddle = altcha.Challenge.from_dict(answer.json())
    assert 1_100 < (riddle.parameters.expires_at or 0) - datetime.now(UTC).timestamp() < 1_300
    solution = altcha.solve_challenge(riddle)
    assert solution is not None
    proofs = client._transport.app.state.runtime.proof_of_work  # type: ignore[attr-defined]
    solved = altcha.Payload(riddle, solution).to_base64()
    now = datetime.now(UTC)
    assert proofs.check(solved, UUID(made["id"]), b"one", now) is None


async def test_no_two_riddles_are_the_same_and_no_database_is_asked(
    client: Client, statements: list[str]
) -> None:
    made = await form(client)
    statements.clear()
    seen = {
        (await client.get(f"/f/{made['token']}/challenge")).json()["parameters"]["nonce"]
        for _ in range(3)
    }
    assert len(seen) == 3
    assert statements == []


async def test_a_token_that_was_not_made_here(client: Client) -> None:
    made = await form(client)
    for token in ("x", "A" * 56, made["token"][:-2] + "xx", made["id"]):
        answer = await client.get(f"/f/{token}/challenge")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
