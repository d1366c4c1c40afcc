"""`touchline serve` on the Postgres of its data folder: from the first run to `kill -9`."""

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from app.adapters.postgres_runner import Postmaster
from tests.cli.processes import Served, Shell, one_line


@dataclass(frozen=True)
class Folder(Shell):
    """A shell whose folder holds a data folder, and what the first run told people."""

    first_words: str = ""

    @property
    def data(self) -> Path:
        return self.folder / ".touchline"

    @property
    def postmaster(self) -> Postmaster | None:
        return Postmaster.of(self.data / "postgres" / "cluster")

    def postgres_pid(self) -> int | None:
        found = self.postmaster
        return found.pid if found else None

    @property
    def credentials(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.data / "credentials.json").read_text())
        return read


@pytest.fixture(scope="module")
def folder(plain_env: dict[str, str]) -> Iterator[Folder]:
    """Served once, without demo data, and stopped; each test leaves it stopped."""
    # Not below pytest's folder, which is closed to the lesser user that root's Postgres runs as.
    with TemporaryDirectory(prefix="touchline-cli-") as home:
        Path(home).chmod(0o755)
        folder = Folder(Path(home), plain_env)
        with folder.serve("--no-demo-data") as served:
            assert served.stop() == 0
        yield replace(folder, first_words=served.said)


def leads(served: Served, key: str, **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{served.base_url}/v1/leads", headers=headers, params=query)


def new_lead(served: Served, key: str, email: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{served.base_url}/v1/leads", headers=headers, json={"email": email})


class TestFirstRun:
    def test_says_where_the_docs_are_and_gives_keys_and_a_first_curl(self, folder: Folder) -> None:
        said, kept = folder.first_words, folder.credentials
        assert re.search(r"http://127\.0\.0\.1:\d+/docs", said)
        assert kept["secret_key"] in said
        assert kept["publishable_key"] in said
        assert f"curl {kept['base_url']}/v1/leads" in said

    def test_credentials_are_for_their_owner_alone(self, folder: Folder) -> None:
        assert set(folder.credentials) == {
            "base_url",
            "workspace_id",
            "secret_key",
            "publishable_key",
        }
        assert (folder.data / "credentials.json").stat().st_mode & 0o777 == 0o600
        assert not list(folder.data.glob("credentials.json.*"))

    def test_stopping_stops_the_postgres_it_started(self, folder: Folder) -> None:
        assert folder.postgres_pid() is None


class TestSecondRun:
    def test_takes_up_data_and_keys(self, folder: Folder) -> None:
        kept = folder.credentials
        with folder.serve() as served:
            assert new_lead(served, kept["secret_key"], "kept@example.com").status_code == 201
            assert served.stop() == 0
        with folder.serve() as served:
            found = leads(served, kept["secret_key"], email="kept@example.com").json()["data"]
            assert [lead["email"] for lead in found] == ["kept@example.com"]
            assert leads(served, kept["publishable_key"]).status_code == 403
            assert folder.credentials == kept | {"base_url": served.base_url}

    def test_a_lost_file_means_new_keys_for_the_same_workspace(self, folder: Folder) -> None:
        before = folder.credentials
        (folder.data / "credentials.json").unlink()
        with folder.serve("--no-demo-data") as served:
            after = folder.credentials
            assert after["workspace_id"] == before["workspace_id"]
            assert after["secret_key"] != before["secret_key"]
            assert leads(served, after["secret_key"]).status_code == 200
            assert leads(served, before["secret_key"]).status_code == 200

    def test_keys_of_another_database_are_replaced(self, folder: Folder) -> None:
        strange = folder.credentials | {"secret_key": "tl_sk_" + "0" * 32 + "_" + "a" * 64}
        (folder.data / "credentials.json").write_text(json.dumps(strange))
        with folder.serve() as served:
            assert leads(served, folder.credentials["secret_key"]).status_code == 200
        assert (folder.data / "credentials.json").stat().st_mode & 0o777 == 0o600


class TestEnding:
    def test_after_kill_9_the_next_serve_takes_up_the_running_postgres(
        self, folder: Folder
    ) -> None:
        key = folder.credentials["secret_key"]
        with folder.serve() as served:
            assert new_lead(served, key, "survivor@example.com").status_code == 201
            orphan = folder.postmaster
            served.stop(signal.SIGKILL)
        assert orphan is not None
        assert orphan.answers
        with folder.serve() as served:
            assert folder.postgres_pid() == orphan.pid
            assert len(leads(served, key, email="survivor@example.com").json()["data"]) == 1
            assert served.stop() == 0
        assert folder.postgres_pid() is None
        assert not orphan.answers

    @pytest.mark.parametrize("moment", [0.2, 0.6, 1.2])
    def test_a_signal_during_the_start_leaves_nothing_running(
        self, folder: Folder, moment: float
    ) -> None:
        with folder.start("serve", "--port", "0") as started:
            time.sleep(moment)
            # Before Python heeds signals, SIGTERM simply ends it.
            assert started.stop() in (0, 143, -signal.SIGTERM)
        assert "Traceback" not in started.said
        assert folder.postgres_pid() is None

    def test_another_process_keeps_the_postgres_alive(self, folder: Folder) -> None:
        """The last one out stops it, not the one that started it."""
        with folder.serve() as first, folder.serve() as second:
            assert first.stop() == 0
            key = folder.credentials["secret_key"]
            assert leads(second, key).status_code == 200
            assert second.stop() == 0
        assert folder.postgres_pid() is None


class TestBeside:
    """Other commands on the folder that is being served."""

    def test_commands_use_the_running_postgres(self, folder: Folder) -> None:
        with folder.serve() as served:
            made = folder.run("keys", "create", "--workspace", "demo", "--scopes", "leads:read")
            assert made.returncode == 0, made.stderr
            assert leads(served, made.stdout.strip()).status_code == 200
            assert new_lead(served, made.stdout.strip(), "x@example.com").status_code == 403

            idle = folder.run("worker")
            assert idle.returncode == 0
            assert "already" in idle.stderr

            assert "the newest already" in folder.run("migrate").stdout
            examined = folder.run("doctor")
            assert examined.returncode == 0, examined.stdout
            assert "WRONG" not in examined.stdout
            # None of them has taken the database away.
            assert leads(served, folder.credentials["secret_key"]).status_code == 200

    def test_commands_start_and_stop_the_postgres_themselves(self, folder: Folder) -> None:
        made = folder.run("workspaces", "create", "second", "--name", "Second", "--country", "AT")
        assert made.returncode == 0, made.stderr
        refused = folder.run("workspaces", "create", "second")
        assert "second" in one_line(refused)
        key = folder.run("keys", "create", "--workspace", made.stdout.strip())
        assert key.returncode == 0, key.stderr
        assert folder.postgres_pid() is None


def test_a_taken_port_is_one_line_and_starts_nothing(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = shell.run("serve", "--port", str(port))
    assert f"port {port} on 127.0.0.1 is taken" in one_line(done)
    assert not (shell.folder / ".touchline").exists()


def test_an_impossible_data_folder_is_one_line(shell: Shell) -> None:
    (shell.folder / "file").touch()
    line = one_line(shell.run("serve", "--port", "0", "--data-dir", "file/data"))
    assert "give another one with --data-dir" in line


def test_logs_are_json_on_stdout(folder: Folder) -> None:
    with folder.serve() as served:
        httpx.get(f"{served.base_url}/health/live")
        served.stop()
        lines = [json.loads(line) for line in served.out.read_text().splitlines()]
    assert [line["route"] for line in lines if line["event"] == "request"] == ["/health/live"]
