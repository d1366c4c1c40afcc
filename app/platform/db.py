"""A pool of asyncpg connections, and the few checks on the server behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import orjson

from app.platform.plans import PlanAges
from app.platform.pool import ConnectionPool

MINIMUM_VERSION = 15
MAXIMUM_VERSION = 18
PATIENCE_SECONDS = 5.0

# What asyncpg raises when the server cannot be reached, refuses, or is lost on the way.
FAILURES = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

# What Postgres refuses when it lets nobody in, and what helps, by SQLSTATE.
_REFUSALS = {
    "28000": ("the role {role}", "run `touchline migrate` first, it makes the roles"),
    "28P01": (
        "the password of {role}",
        "`touchline migrate` makes the roles, with the password of TOUCHLINE_DATABASE_URL",
    ),
    "3D000": ("the database", "create the database, then run `touchline migrate`"),
}

StatementObserver = Callable[[str], None]


class DatabaseProblem(Exception):
    """Why this Postgres cannot be used; the message is one line that says what to do."""


class DatabaseUnreachable(DatabaseProblem):
    """It does not answer; it may later."""


class Database:
    """The connections of one process to Postgres as one role.

    `observe` is told every statement that is sent; tests set it, on one object or for all.
    """

    observe: StatementObserver | None = None

    def __init__(
        self,
        url: str,
        *,
        pool_size: int,
        statement_timeout_seconds: int = 15,
        pooler: str = "none",
    ) -> None:
        self.url = url
        self._statement_timeout = statement_timeout_seconds
        self._cache_size = 0 if pooler == "pgbouncer" else 400
        self._pool = ConnectionPool(self._connect, pool_size)
        self._plans = PlanAges()
        self._shut: str | None = None

    async def open(self) -> None:
        """Connect; raises DatabaseProblem when the server cannot be reached."""
        try:
            async with self.connection():
                pass
        except FAILURES as error:
            raise unreachable(self.url, error) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    def shut(self, reason: str) -> None:
        """Hand out no connection: the database has not been found fit yet."""
        self._shut = reason

    def admit(self) -> None:
        """Hand out connections again."""
        self._shut = None

    async def acquire(self) -> asyncpg.Connection:
        """A connection for the caller alone, to be given back; TimeoutError when all are busy."""
        if self._shut is not None:
            raise ConnectionRefusedError(self._shut)
        return await self._pool.acquire(PATIENCE_SECONDS)

    def release(self, connection: asyncpg.Connection) -> None:
        """Give a connection back, outside any transaction; else it is dropped."""
        self._pool.release(connection)

    def replan(self) -> None:
        """Have every connection plan anew: a table is growing fast."""
        self._plans.void()

    def has_old_plans(self, connection: asyncpg.Connection) -> bool:
        """Whether the connection is to DISCARD PLANS before it goes on; asked once each time."""
        return self._plans.are_old(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection for the length of a block."""
        connection = await self.acquire()
        try:
            yield connection
        except (asyncio.CancelledError, TimeoutError, asyncpg.InternalClientError):
            # A statement may still be under way on it.
            connection.terminate()
            raise
        finally:
            self.release(connection)

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """Run one statement outside any workspace, for checks and for resolving keys."""
        if self.observe:
            self.observe(sql)
        async with self.connection() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *args)
        return rows

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self.url,
            timeout=PATIENCE_SECONDS,
            command_timeout=self._statement_timeout + 5,
            statement_cache_size=self._cache_size,
            max_cacheable_statement_size=64 * 1024,
            server_settings={
                "application_name": "touchline",
                "timezone": "UTC",
                "statement_timeout": f"{self._statement_timeout}s",
                "idle_in_transaction_session_timeout": "60s",
                # Planning an insert of arrays anew each time takes longer than running it, and
                # every statement here is written for one plan.
                "plan_cache_mode": "force_generic_plan",
                "jit": "off",
                # Plain Postgres ignores both; Citus needs them to see the workspace.
                "citus.propagate_set_commands": "local",
                "citus.override_table_visibility": "off",
            },
        )
        try:
            await connection.set_type_codec(
                "jsonb",
                schema="pg_catalog",
                format="binary",
                encoder=_encode_jsonb,
                decoder=_decode_jsonb,
            )
        except BaseException:
            connection.terminate()
            raise
        return connection


def unreachable(url: str, error: BaseException) -> DatabaseProblem:
    """The one line for a server that does not answer, or does not let us in."""
    parts = urlsplit(url)
    where = parts.hostname or parts.query.removeprefix("host=")
    port = f":{parts.port}" if parts.port else ""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    refusal = _REFUSALS.get(getattr(error, "sqlstate", None) or "")
    if refusal:
        what, hint = refusal[0].format(role=parts.username), refusal[1]
        return DatabaseProblem(f"Postgres at {where}{port} refuses {what}: {reason}; {hint}")
    return DatabaseUnreachable(
        f"cannot reach Postgres at {where}{port} as {parts.username}: {reason}; "
        "check that it runs and that TOUCHLINE_DATABASE_URL is right"
    )


class Json:
    """A value for a jsonb array; bare lists in it would be taken for further dimensions."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _encode_jsonb(value: Any) -> bytes:
    if type(value) is Json:
        value = value.value
    # The leading byte is the version of jsonb's binary format.
    return b"\x01" + orjson.dumps(value, default=_uuid_text)


def _uuid_text(value: Any) -> str:
    # orjson knows UUID but not asyncpg's subclass of it.
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def _decode_jsonb(value: bytes) -> Any:
    return orjson.loads(value[1:])
