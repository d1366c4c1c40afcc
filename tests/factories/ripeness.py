"""Assessments, made over HTTP."""

from typing import Any

from tests.conftest import Client

RIPE: dict[str, dict[str, Any]] = {
    "budget": {"answer": "approved"},
    "authority": {"answer": "decision_maker"},
    "need": {"answer": "strong"},
    "timeline": {"answer": "this_quarter"},
}


async def new_assessment(client: Client, lead_id: str, **fields: Any) -> dict[str, Any]:
    """A new assessment and the qualification since."""
    answer = await client.post(f"/v1/leads/{lead_id}/assessments", json=fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def qualification_of(client: Client, lead_id: str) -> dict[str, Any]:
    """The lead's qualification."""
    answer = await client.get(f"/v1/leads/{lead_id}/qualification")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
