"""Leads that are alike, and what was said of them."""

from tests.conftest import Client


async def dismissed_pair(client: Client, canary: str) -> str:
    """Two leads that are alike and not one; the dismissal's id."""
    alike = {"full_name": f"{canary} Twin", "company": f"{canary} Twins", "city": "Berlin"}
    twins = []
    for _ in range(2):
        answer = await client.post("/v1/leads", json=alike)
        assert answer.status_code == 201, answer.text
        twins.append(answer.json()["id"])
    body = {"first_id": twins[0], "second_id": twins[1], "reason": canary}
    answer = await client.post("/v1/duplicates/dismiss", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def found_pair(client: Client, canary: str) -> None:
    """Two leads in the queue of those to look at, without a scan."""
    dismissal_id = await dismissed_pair(client, canary)
    answer = await client.delete(f"/v1/duplicates/dismissals/{dismissal_id}")
    assert answer.status_code == 204, answer.text
