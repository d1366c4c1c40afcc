"""Pipelines over HTTP."""

import pytest

from tests.conftest import Client

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]


async def test_a_workspace_begins_with_seven_stages(client: Client, stranger: Client) -> None:
    answer = await client.get("/v1/pipelines")
    assert answer.status_code == 200, answer.text
    [pipeline] = answer.json()["data"]
    assert answer.json()["next_cursor"] is None
    assert pipeline["is_default"] is True
    found = [(s["rank"], s["name"], s["kind"], s["probability"]) for s in pipeline["stages"]]
    assert found == [
        (1, "Prospecting", "open", 10),
        (2, "Discovery", "open", 20),
        (3, "Proposal", "open", 40),
        (4, "Negotiation", "open", 60),
        (5, "Commitment", "open", 80),
        (6, "Closed won", "won", 100),
        (7, "Closed lost", "lost", 0),
    ]
    [foreign] = (await stranger.get("/v1/pipelines")).json()["data"]
    assert foreign["id"] != pipeline["id"]
