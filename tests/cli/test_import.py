"""`touchline import`: the same as the API does, in this process."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import COMMAND
from tests.conftest import SECRET, Client, Databases

pytestmark = pytest.mark.anyio


def run(databases: Databases, client: Client, *args: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {
        "TOUCHLINE_DATABASE_URL": databases.app_url,
        "TOUCHLINE_SECRET": SECRET,
    }
    command = [*COMMAND, "import", *args, "--workspace", str(client.workspace_id)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


async def test_a_file_from_the_command_line(
    databases: Databases, client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Wer,Adresse\nAda Lovelace,ada@example.com\nBo,no address\n")
    told = ("--map", "Wer=full_name", "--map", "Adresse=email", "--source", "fair")
    rehearsed = run(databases, client, str(file), *told, "--dry-run")
    assert rehearsed.stdout.split("\n")[:2] == ["created: 1", "invalid: 1"]
    assert rehearsed.returncode == 1
    assert (await client.get("/v1/leads")).json()["data"] == []
    assert (await client.get("/v1/jobs")).json()["data"] == []
    done = run(databases, client, str(file), *told, "--rejects")
    assert done.returncode == 1, done.stderr
    [lead] = (await client.get("/v1/leads")).json()["data"]
    assert (lead["first_name"], lead["source"]) == ("Ada", "fair")
    rejects = (tmp_path / "people.csv.rejects.csv").read_text()
    assert "Bo,no address,3,invalid,Adresse: is no e-mail address" in rejects
    again = run(databases, client, str(file), *told)
    assert again.returncode == 1
    assert "imported already" in again.stderr
    once_more = run(databases, client, str(file), *told, "--again")
    assert "unchanged: 1" in once_more.stdout


async def test_what_cannot_be_is_one_line(
    databases: Databases, client: Client, tmp_path: Path
) -> None:
    missing = run(databases, client, str(tmp_path / "none.csv"))
    assert missing.returncode == 1
    assert missing.stderr.startswith("touchline: there is no file")
    file = tmp_path / "dates.csv"
    file.write_text("email,Created\nada@example.com,03/04/2024\n")
    asked = run(databases, client, str(file))
    assert "day or the month first" in asked.stderr
    assert run(databases, client, str(file), "--date-order", "dmy").returncode == 0
