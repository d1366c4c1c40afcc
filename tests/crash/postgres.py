"""A Postgres that can be killed like by a power cut: our direct child, on loopback, fsync on."""

import asyncio
import random
import secrets
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import asyncpg

from app.adapters.embedded_postgres import DATABASE, OWNER, EmbeddedPostgres
from app.adapters.postgres_runner import Runner, find_bin_dir
from app.repositories.schema import migrate
from tests.crash.polling import until
from tests.crash.processes import adopt_orphans, die_with_parent, kill_wholly, pause_wholly, resume

START_SECONDS = 60.0
# Outside the range from which the kernel takes ports for outgoing connections: while the server is
# down, nobody must get its port by chance.
PORTS = range(20_000, 32_000)
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "log_checkpoints": "off",
}
# The owner comes by the socket, which only this user can open; the service comes by TCP.
ACCESS = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class CrashablePostgres:
    """One cluster below `folder` with a migrated database."""

    def __init__(self, folder: Path, bin_dir: Path | None = None) -> None:
        self.port = free_port()
        self._password = secrets.token_hex(12)
        self._made = EmbeddedPostgres(folder, bin_dir=bin_dir, settings={"fsync": "off"})
        self._wanted_bin_dir = bin_dir
        self._process: subprocess.Popen[bytes] | None = None
        self._paused: list[int] | None = None
        self._socket_dir = ""

    async def make(self) -> None:
        """The cluster, its database and its schema; then on disk, once, before the first crash."""
        await asyncio.to_thread(self._made.start)
        try:
            owner = self._made.url()
            self._socket_dir = unquote(parse_qs(urlsplit(owner).query)["host"][0])
            await migrate(owner, self.app_url())
        finally:
            await asyncio.to_thread(self._made.stop)
        (self._made.cluster / "pg_hba.conf").write_text(ACCESS, "ascii")
        self._run("initdb", "--sync-only", "-D", str(self._made.cluster))

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The postmaster, while there is one."""
        assert self._process is not None, "Postgres does not run"
        return self._process

    @property
    def log(self) -> str:
        """What the server wrote."""
        return self._made.log.read_text("utf-8", "replace")

    @property
    def owner_url(self) -> str:
        """As the superuser, by the socket."""
        socket_dir = quote(self._socket_dir, safe="")
        return f"postgresql://{OWNER}@/{DATABASE}?host={socket_dir}&port={self.port}"

    def app_url(self, port: int | None = None) -> str:
        """As the service, by TCP: to the server, or to a proxy before it."""
        role = f"touchline_app:{self._password}"
        return f"postgresql://{role}@127.0.0.1:{port or self.port}/{DATABASE}"

    async def start(self) -> float:
        """Start, recover, and wait until it takes connections; returns the seconds that took."""
        self._launch()
        return await until(self._answers, START_SECONDS)

    def _launch(self) -> None:
        adopt_orphans()
        runner = Runner.of_cluster(self._made.cluster)
        bin_dir = find_bin_dir(runner, self._wanted_bin_dir)
        options = {**SETTINGS, "port": str(self.port), "unix_socket_directories": self._socket_dir}
        command = [str(bin_dir / "postgres"), "-D", str(self._made.cluster)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with self._made.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=0o077,
                user=runner.uid if runner.is_lesser else None,
                group=runner.gid if runner.is_lesser else None,
                extra_groups=[] if runner.is_lesser else None,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call
            )

    def kill(self) -> int:
        """SIGKILL every process of the server at once; returns how many there were."""
        self._paused = None
        return kill_wholly(self.process)

    def stop(self) -> None:
        """Shut down in an orderly way, if it runs."""
        if self._process is None or self._process.poll() is not None:
            return
        self.thaw()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def freeze(self) -> None:
        """SIGSTOP the server with all its processes: connections stay, nothing answers."""
        self._paused = pause_wholly(self.process)

    def thaw(self) -> None:
        """Go on as if nothing had been."""
        if self._paused is not None:
            resume(self.process, self._paused)
            self._paused = None

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """One statement as the superuser, whom row-level security does not hold."""
        connection = await asyncpg.connect(self.owner_url, timeout=10)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *values)
        finally:
            await connection.close()
        return rows

    async def _answers(self) -> bool:
        assert self.process.poll() is None, self.log[-2000:]
        try:
            await self.fetch("SELECT 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        runner = Runner.of_cluster(self._made.cluster)
        done = runner.run([find_bin_dir(runner, self._wanted_bin_dir) / program, *arguments])
        assert done.returncode == 0, done.stderr


def free_port() -> int:
    """A port that nobody holds, and that the kernel will not give to anybody."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
