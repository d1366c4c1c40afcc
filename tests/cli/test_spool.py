"""`touchline spool`: no database is needed to see what waits for one."""

import json
import stat
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.adapters.spool import Spool
from app.platform.secrets import Secrets
from app.services.intake.opening import SPOOL_PURPOSE
from tests.cli.processes import Shell, one_line

SECRET = "a secret for these tests, long enough to be taken"


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """Two records, the first of them in Postgres, in the folder where the command looks."""
    key = Secrets(SECRET).key(SPOOL_PURPOSE)
    spool = Spool.open(tmp_path / "spool", key, max_bytes=1 << 24)
    entries = spool.append([b"one", b"two"])
    spool.settle(entries[:1])
    spool.trim()
    yield spool
    spool.close()


@pytest.fixture
def operator(shell: Shell, spool: Spool) -> Shell:
    env = {"TOUCHLINE_SECRET": SECRET, "TOUCHLINE_SPOOL_DIR": str(spool.directory.parent)}
    return Shell(shell.folder, {**shell.env, **env})


def test_inspect_shows_a_line_for_each_directory(operator: Shell, spool: Spool) -> None:
    done = operator.run("spool", "inspect")
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = done.stdout.splitlines()
    assert head.split()[:2] == ["directory", "process"]
    [line] = lines
    assert line.split()[:3] == [spool.directory.name, "live", "1"]
    assert line.split()[4:6] == ["2", "1"]
    spool.close()
    for path in (f"spool/{spool.directory.name}", str(spool.directory.parent)):
        done = operator.run("spool", "inspect", path)
        assert "ended" in done.stdout


def test_inspect_tells_of_damage(operator: Shell, spool: Spool) -> None:
    spool.close()
    [path] = spool.directory.glob("*.segment")
    with path.open("ab") as file:
        file.write(b"rot")
    done = operator.run("spool", "inspect")
    assert done.returncode == 1
    assert path.name in done.stdout.replace("\n", "")


def test_another_secret_sees_that_it_is_another(operator: Shell, spool: Spool) -> None:
    done = operator.run("spool", "inspect", TOUCHLINE_SECRET="x" * 40)
    assert done.returncode == 1
    assert "sealed with another key" in done.stdout.replace("\n", "")


def test_inspect_of_nothing(shell: Shell) -> None:
    (shell.folder / "empty").mkdir()
    done = shell.run("spool", "inspect", "empty", TOUCHLINE_SECRET=SECRET)
    assert done.returncode == 0
    assert "no spool" in done.stdout
    missing = shell.run("spool", "inspect", "missing", TOUCHLINE_SECRET=SECRET)
    assert "missing is no directory" in one_line(missing)


def test_without_a_secret_it_says_what_to_set(shell: Shell) -> None:
    assert "TOUCHLINE_SECRET" in one_line(shell.run("spool", "inspect", "."))


def test_the_secret_of_the_data_folder_is_used(shell: Shell, spool: Spool) -> None:
    (shell.folder / ".touchline").mkdir()
    (shell.folder / ".touchline" / "secret").write_text(SECRET)
    done = shell.run("spool", "inspect", "spool")
    assert (done.returncode, done.stderr) == (0, "")


def test_export_writes_every_record_for_its_owner_alone(operator: Shell, spool: Spool) -> None:
    out = operator.folder / "out.ndjson"
    done = operator.run("spool", "export", str(spool.directory), str(out))
    assert done.returncode == 0, done.stderr
    assert "2 records, 1 of them not in Postgres" in done.stdout
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [b64decode(line["raw"]) for line in lines] == [b"one", b"two"]
    assert [line["settled"] for line in lines] == [True, False]
    assert {line["directory"] for line in lines} == {spool.directory.name}
    assert all("unreadable" in line["about"] for line in lines)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    again = operator.run("spool", "export", str(spool.directory), str(out))
    assert "there already" in one_line(again)
