"""What only a real server can show: the commit comes before the reply."""

import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.cli.processes import Served, Shell


@pytest.fixture(scope="module")
def client(own_database: Shell, served: Served) -> Iterator[httpx.Client]:
    """A client of a new workspace."""
    slug = f"socket-{time.time_ns()}"[:31]
    assert own_database.run("workspaces", "create", slug).returncode == 0
    key = own_database.run("keys", "create", "--workspace", slug).stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=served.base_url, headers=headers, timeout=30) as client:
        yield client


@pytest.mark.parametrize("attempt", range(20))
def test_of_two_equal_leads_at_once_one_is_stored(client: httpx.Client, attempt: int) -> None:
    email = f"twin-{attempt}-{uuid4().hex}@example.com"
    start = threading.Barrier(2)
    answers: list[int] = []

    def send() -> None:
        start.wait()
        answers.append(client.post("/v1/leads", json={"email": email}).status_code)

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(answers) == [201, 409]
    assert len(client.get("/v1/leads", params={"email": email}).json()["data"]) == 1


def test_what_was_answered_can_be_read_at_once(client: httpx.Client) -> None:
    """On another connection, which sees nothing that is not committed."""
    with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=30) as reader:
        for number in range(200):
            made = client.post("/v1/leads", json={"full_name": f"Reader {number}"})
            assert made.status_code == 201
            assert reader.get(f"/v1/leads/{made.json()['id']}").status_code == 200
