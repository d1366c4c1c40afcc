"""`touchline export`, and what only a real socket shows of an export over HTTP."""

import asyncio
import csv
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from tests.cli.processes import Served, Shell, one_line
from tests.conftest import Databases

LEADS = 30_000


@dataclass(frozen=True)
class Place:
    """A workspace with many leads, and a client of it."""

    slug: str
    client: httpx.Client
    owner_url: str

    def ask(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Look behind the scenes."""

        async def fetch() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.owner_url)
            try:
                rows: list[asyncpg.Record] = await connection.fetch(sql, *args)
                return rows
            finally:
                await connection.close()

        return asyncio.run(fetch())


@pytest.fixture(scope="module")
def served(own_database: Shell) -> Iterator[Served]:
    """A service that does nothing but answer: a worker is busy with every workspace of the run."""
    with own_database.serve(TOUCHLINE_WORKER_IN_SERVE="false") as running:
        yield running


@pytest.fixture(scope="module")
def place(own_database: Shell, served: Served, databases: Databases) -> Iterator[Place]:
    """Thirty thousand leads: more than what fits in the buffers between here and there."""
    slug = f"export-{time.time_ns()}"[:31]
    workspace_id = own_database.run("workspaces", "create", slug).stdout.strip()
    key = own_database.run("keys", "create", "--workspace", slug).stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=served.base_url, headers=headers, timeout=30) as client:
        place = Place(slug, client, databases.owner_url)
        made = client.post("/v1/leads", json={"full_name": "Ada", "description": "x" * 1000})
        assert made.status_code == 201
        columns = ", ".join(
            row["column_name"]
            for row in place.ask(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'leads' "
                "AND column_name <> 'id' AND is_generated = 'NEVER' ORDER BY ordinal_position"
            )
        )
        place.ask(
            f"INSERT INTO leads (id, {columns}) "
            f"SELECT gen_random_uuid(), {columns} FROM leads, generate_series(2, {LEADS}) "
            f"WHERE workspace_id = '{workspace_id}'"
        )
        yield place


def busy(place: Place) -> set[int]:
    """The connections of services that are at work or in a transaction."""
    rows = place.ask(
        "SELECT pid FROM pg_stat_activity WHERE usename = 'touchline_app' "
        "AND datname = current_database() AND state <> 'idle'"
    )
    return {row["pid"] for row in rows}


def settled(place: Place, others: set[int]) -> bool:
    """Whether no connection but these was at work for half a second: between two stretches of an
    export there is none for a moment."""
    for _ in range(10):
        if busy(place) - others:
            return False
        time.sleep(0.05)
    return True


def test_a_caller_who_hangs_up_ends_the_work(place: Place, served: Served) -> None:
    body = json.dumps({"resource": "leads", "format": "ndjson"}).encode()
    where = urlsplit(served.base_url)
    head = (
        f"POST /v1/exports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: {place.client.headers['authorization']}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    assert where.hostname
    assert where.port
    # Those of another service, which other tests have in the same database.
    others = busy(place)
    with socket.create_connection((where.hostname, where.port)) as line:
        line.sendall(head.encode() + body)
        assert line.recv(4096).startswith(b"HTTP/1.1 200")
        # A caller who reads no further holds no connection of the database either.
        deadline = time.monotonic() + 20
        while not settled(place, others):
            assert time.monotonic() < deadline
        assert '"route":"/v1/exports"' not in served.said, "the export ended by itself"
    # At once, and not when the last lead has been written for nobody.
    deadline = time.monotonic() + 2
    while '"route":"/v1/exports"' not in served.said:
        assert time.monotonic() < deadline, "the request goes on"
        time.sleep(0.05)
    assert settled(place, others)


def test_a_failure_on_the_way_breaks_the_body_off(place: Place) -> None:
    """A column is taken away while it is read: the client can tell."""
    taken: list[int] = []

    def take() -> None:
        body = {"resource": "leads", "format": "csv"}
        with place.client.stream("POST", "/v1/exports", json=body, timeout=120) as answer:
            assert answer.status_code == 200
            for piece in answer.iter_bytes():
                if not taken:
                    place.ask("ALTER TABLE leads RENAME COLUMN description TO description_away")
                taken.append(len(piece))

    try:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            take()
    finally:
        place.ask("ALTER TABLE leads RENAME COLUMN description_away TO description")
    assert taken


def test_every_lead_arrives(place: Place) -> None:
    body = {"resource": "leads", "format": "ndjson", "columns": ["id"]}
    answer = place.client.post("/v1/exports", json=body)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert len({line["id"] for line in map(json.loads, answer.content.splitlines())}) == LEADS


def test_the_command_writes_a_file(place: Place, own_database: Shell) -> None:
    output = own_database.folder / "leads.csv"
    where = json.dumps({"field": "full_name", "op": "eq", "value": "ADA"})
    done = own_database.run(
        *("export", "leads", "--workspace", place.slug, "--output", str(output)),
        *("--columns", "id,full_name", "--where", where),
    )
    assert (done.returncode, done.stderr) == (0, f"{LEADS:,} leads exported\n")
    with output.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["id"] for row in rows}) == LEADS
    assert output.stat().st_mode & 0o777 == 0o600
    assert not output.with_name("leads.csv.part").exists()


def test_the_command_writes_to_stdout(place: Place, own_database: Shell) -> None:
    done = own_database.run(
        *("export", "touchpoints", "--workspace", place.slug, "--output", "-"),
        *("--format", "ndjson"),
    )
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    assert json.loads(line)["kind"] == "lead_captured"


def test_what_cannot_be_exported_is_one_line(place: Place, own_database: Shell) -> None:
    command = ("export", "leads", "--workspace", place.slug, "--output", "-")
    wrong = json.dumps({"all": [{"field": "shoe_size", "op": "eq", "value": 1}]})
    said = one_line(own_database.run(*command, "--where", wrong))
    assert "/condition/all/0/field: there is no such field" in said
    assert "no JSON" in one_line(own_database.run(*command, "--where", "{"))
    elsewhere = ("export", "leads", "--workspace", "nowhere", "--output", "-")
    assert "there is no workspace nowhere" in one_line(own_database.run(*elsewhere))
