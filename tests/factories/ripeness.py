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


async def new_framework(client: Client, key: str, **fields: Any) -> dict[str, Any]:
    """A draft of a framework."""
    answer = await client.post("/v1/frameworks", json={"key": key, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def published(client: Client, key: str, **fields: Any) -> dict[str, Any]:
    """A framework in force."""
    draft = await new_framework(client, key, **fields)
    answer = await client.post(f"/v1/frameworks/{draft['id']}/publish")
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def new_gate(client: Client, **fields: Any) -> dict[str, Any]:
    """A gate."""
    answer = await client.post("/v1/gates", json={"name": "Met the buyer", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def criterion(key: str, **told: Any) -> dict[str, Any]:
    """A criterion; a choice between yes, half and no unless told otherwise."""
    plain: dict[str, Any] = {"key": key, "label": key.title(), "question": f"What about {key}?"}
    if told.get("kind", "choice") == "choice":
        plain["answers"] = [
            {"value": "yes", "label": "Yes", "points": 100},
            {"value": "half", "label": "Half", "points": 50},
            {"value": "no", "label": "No", "points": 0},
        ]
    return plain | told
