"""Commands on a Postgres that the operator brings."""

import asyncio
import re
import socket
import threading
import time
from typing import Any

import asyncpg
import httpx
import pytest

from app.domain.leads.status import Status
from app.platform.config import with_user
from tests.cli.processes import Served, Shell, one_line
from tests.conftest import SECRET, Databases


@pytest.fixture(scope="module")
def workspace(own_database: Shell) -> str:
    """A new workspace's id."""
    slug = f"cli-{time.time_ns()}"[:31]
    done = own_database.run("workspaces", "create", slug, "--name", "From the command line")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def key(own_database: Shell, workspace: str) -> str:
    """A secret key with every scope."""
    done = own_database.run("keys", "create", "--workspace", workspace, "--name", "tests")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"tl_sk_\w{32}_[0-9a-f]{64}\n", done.stdout), done.stdout
    assert "tests" in done.stderr
    return done.stdout.strip()


class TestRefusals:
    """Exit code 1 and one line that says what to do."""

    def test_nobody_answers(self, shell: Shell) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        url = f"postgresql://touchline_app:secret@127.0.0.1:{port}/touchline"
        # On a disk that goes with its container there is no spool to take submissions instead.
        line = one_line(
            shell.run(
                "serve",
                "--port",
                "0",
                TOUCHLINE_DATABASE_URL=url,
                TOUCHLINE_SECRET=SECRET,
                TOUCHLINE_SPOOL_DIR="/dev/shm/touchline-tests-spool",
            )
        )
        assert f"cannot reach Postgres at 127.0.0.1:{port}" in line
        assert "check that it runs" in line
        assert "secret" not in line

    @pytest.mark.parametrize("command", ["serve", "worker"])
    def test_not_migrated(self, empty_database: Shell, command: str) -> None:
        port = ["--port", "0"] if command == "serve" else []
        line = one_line(empty_database.run(command, *port))
        assert "run `touchline migrate`" in line

    def test_no_secret(self, shell: Shell, databases: Databases) -> None:
        line = one_line(shell.run("serve", TOUCHLINE_DATABASE_URL=databases.app_url))
        assert "set TOUCHLINE_SECRET" in line

    def test_a_superuser(self, shell: Shell, databases: Databases) -> None:
        line = one_line(
            shell.run(
                "serve",
                "--port",
                "0",
                TOUCHLINE_DATABASE_URL=databases.owner_url,
                TOUCHLINE_SECRET=SECRET,
            )
        )
        assert "is a superuser" in line
        assert "connect as touchline_app" in line

    def test_roles_that_migrate_would_make(self, shell: Shell, databases: Databases) -> None:
        url = with_user(databases.app_url, "no_such_role")
        line = one_line(
            shell.run("serve", "--port", "0", TOUCHLINE_DATABASE_URL=url, TOUCHLINE_SECRET=SECRET)
        )
        assert "run `touchline migrate` first" in line

    def test_only_the_owner_is_named(self, shell: Shell, databases: Databases) -> None:
        line = one_line(
            shell.run("serve", "--port", "0", TOUCHLINE_DATABASE_OWNER_URL=databases.owner_url)
        )
        assert "set TOUCHLINE_DATABASE_URL" in line
        assert not (shell.folder / ".touchline").exists()

    def test_migrate_without_the_owner(self, shell: Shell, databases: Databases) -> None:
        line = one_line(shell.run("migrate", TOUCHLINE_DATABASE_URL=databases.app_url))
        assert "set TOUCHLINE_DATABASE_OWNER_URL" in line

    def test_a_setting_that_is_no_number(self, shell: Shell) -> None:
        assert "TOUCHLINE_PORT" in one_line(shell.run("serve", TOUCHLINE_PORT="eighty"))

    def test_no_such_workspace(self, own_database: Shell) -> None:
        line = one_line(own_database.run("keys", "create", "--workspace", "nowhere"))
        assert "there is no workspace nowhere" in line

    @pytest.mark.parametrize(
        "args",
        [
            ("serve", "--prot", "1"),
            ("keys", "create", "--workspace", "w", "--scopes", "leads:fly"),
            ("keys", "create", "--workspace", "w", "--kind", "publishable", "--scopes", "admin"),
            ("workspaces", "create", "Not A Slug"),
        ],
    )
    def test_wrong_usage_is_explained_without_a_traceback(
        self, shell: Shell, args: tuple[str, ...]
    ) -> None:
        done = shell.run(*args)
        assert done.returncode == 2
        assert "Usage:" in done.stderr
        assert "Traceback" not in done.stderr


class TestMigrate:
    def test_tells_from_where_to_where(self, empty_database: Shell) -> None:
        done = empty_database.run("migrate")
        assert done.returncode == 0, done.stderr
        assert re.search(r"empty → \d+", done.stdout)
        assert "the newest already" in empty_database.run("migrate").stdout
        examined = empty_database.run("doctor")
        assert examined.returncode == 0, examined.stdout


class TestDoctor:
    def test_all_is_well(self, own_database: Shell) -> None:
        done = own_database.run("doctor")
        assert done.returncode == 0, done.stdout
        assert "forced on all" in done.stdout
        assert "WRONG" not in done.stdout

    def test_says_what_to_do(self, empty_database: Shell) -> None:
        done = empty_database.run("doctor", TOUCHLINE_DATABSE_URL="typo")
        assert done.returncode == 1
        wrong = [line for line in done.stdout.splitlines() if line.startswith("WRONG")]
        assert any("schema" in line and "touchline migrate" in line for line in wrong)
        assert any("TOUCHLINE_DATABSE_URL" in line for line in wrong)

    def test_masks_passwords(self, shell: Shell) -> None:
        url = "postgresql://me:hunter2@127.0.0.1:1/db"
        done = shell.run("doctor", TOUCHLINE_DATABASE_URL=url, TOUCHLINE_SECRET=SECRET)
        assert done.returncode == 1
        assert "hunter2" not in done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert "me:***@127.0.0.1:1" in done.stdout

    def test_leaves_a_fresh_folder_alone(self, shell: Shell) -> None:
        done = shell.run("doctor")
        assert done.returncode == 0, done.stdout
        assert not (shell.folder / ".touchline").exists()


class TestKeys:
    def test_a_publishable_key_only_reaches_the_intake(
        self, own_database: Shell, workspace: str, served: Served
    ) -> None:
        args = ("--workspace", workspace, "--kind", "publishable", "--expires-in-days", "30")
        text = own_database.run("keys", "create", *args).stdout.strip()
        assert text.startswith("tl_pk_")
        headers = {"Authorization": f"Bearer {text}"}
        assert httpx.get(f"{served.base_url}/v1/leads", headers=headers).status_code == 403


class TestSeed:
    def test_the_demo_history_is_written_once(self, own_database: Shell, served: Served) -> None:
        slug = f"story-{time.time_ns()}"[:31]
        first = own_database.run("seed", "--workspace", slug)
        assert first.returncode == 0, first.stderr
        assert re.search(r"300 leads, \d{4} touchpoints", first.stdout)
        again = own_database.run("seed", "--workspace", slug)
        assert again.returncode == 0
        assert "already" in again.stdout

        made = own_database.run("keys", "create", "--workspace", slug)
        headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
        with httpx.Client(base_url=f"{served.base_url}/v1", headers=headers) as client:
            by_status = {status: _leads_that_are(client, status) for status in Status}
            assert all(by_status.values()), {k: len(v) for k, v in by_status.items()}
            assert sum(map(len, by_status.values())) == 300
            converted = by_status[Status.CONVERTED][0]["id"]
            timeline = client.get(f"/leads/{converted}/timeline", params={"limit": 200}).json()
        kinds = {entry["kind"] for entry in timeline["data"]}
        assert {"lead.created", "lead.assessed", "lead.qualified", "lead.converted"} <= kinds
        assert any(entry["user_id"] for entry in timeline["data"])
        days = {entry["occurred_at"][:10] for entry in timeline["data"]}
        assert len(days) > 5


def _leads_that_are(client: httpx.Client, status: Status) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(
        "/leads", params={"status": status, "limit": 200}
    ).json()["data"]
    return found


class TestWorker:
    def test_works_until_it_is_told_to_stop(
        self, own_database: Shell, workspace: str, databases: Databases, key: str, served: Served
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        lead = {"email": f"{time.time_ns()}@example.com"}
        httpx.post(f"{served.base_url}/v1/leads", headers=headers, json=lead).raise_for_status()
        with own_database.start("worker") as worker:
            worker.wait_for("the worker runs")
            asyncio.run(_until_no_event_waits(databases.owner_url, workspace))
            assert worker.stop() == 0
        assert "Traceback" not in worker.said


async def _until_no_event_waits(owner_url: str, workspace: str) -> None:
    connection = await asyncpg.connect(owner_url)
    sql = "SELECT NOT EXISTS (SELECT FROM events WHERE workspace_id = $1 AND position IS NULL)"
    try:
        await _until(connection, sql, workspace)
    finally:
        await connection.close()


class TestStopping:
    def test_a_request_in_flight_is_answered_first(
        self, own_database: Shell, databases: Databases, key: str
    ) -> None:
        with own_database.serve() as served:
            answers: list[int] = []
            asyncio.run(_stop_amid_a_request(served, databases.owner_url, key, answers))
            assert answers == [201]
            assert served.process.wait(30) == 0
            assert "Traceback" not in served.said


async def _stop_amid_a_request(
    served: Served, owner_url: str, key: str, answers: list[int]
) -> None:
    """The request waits for a lock of ours; meanwhile the service is told to stop."""
    url, headers = f"{served.base_url}/v1/leads", {"Authorization": f"Bearer {key}"}
    connection = await asyncpg.connect(owner_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE leads IN SHARE MODE")
            body = {"email": "patient@example.com"}
            sending = threading.Thread(
                target=lambda: answers.append(
                    httpx.post(url, headers=headers, json=body, timeout=30).status_code
                )
            )
            sending.start()
            await _until(connection, "SELECT count(*) FROM pg_locks WHERE NOT granted")
            served.process.terminate()
            await asyncio.to_thread(_until_refused, served)
            # Longer than a server that does not wait for requests would take to end.
            await asyncio.sleep(1)
            assert answers == []
    finally:
        await connection.close()
    await asyncio.to_thread(sending.join, 30)


async def _until(connection: asyncpg.Connection, sql: str, *args: str) -> None:
    async with asyncio.timeout(30):
        while not await connection.fetchval(sql, *args):  # noqa: ASYNC110 - it happens in the database
            await asyncio.sleep(0.05)


def _until_refused(served: Served) -> None:
    deadline = time.monotonic() + 30
    port = int(served.base_url.rpartition(":")[2])
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.05)
    raise AssertionError("it still takes connections")
