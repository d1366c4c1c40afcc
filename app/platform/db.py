"""A pool of asyncpg connections, and the few checks on the server behind it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import orjson

MINIMUM_VERSION = 15
MAXIMUM_VERSION = 18

StatementObserver = Callable[[str], None]


class DatabaseProblem(Exception):
    """Why this Postgres cannot be used; the message is one line that says what to do."""


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
        self._pool_size = pool_size
        self._statement_timeout = statement_timeout_seconds
        self._cache_size = 0 if pooler == "pgbouncer" else 400
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Connect; raises DatabaseProblem when the server cannot be reached or used."""
        try:
            self._pool = await asyncpg.create_pool(
                self.url,
                min_size=min(2, self._pool_size),
                max_size=self._pool_size,
                max_queries=1_000_000,
                timeout=5,
                command_timeout=self._statement_timeout + 5,
                statement_cache_size=self._cache_size,
                max_cacheable_statement_size=64 * 1024,
                reset=_nothing_to_reset,
                init=_prepare_connection,
                server_settings={
                    "application_name": "touchline",
                    "timezone": "UTC",
                    "statement_timeout": f"{self._statement_timeout}s",
                    "idle_in_transaction_session_timeout": "60s",
                    # Plain Postgres ignores both; Citus needs them to see the workspace.
                    "citus.propagate_set_commands": "local",
                    "citus.override_table_visibility": "off",
                },
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise unreachable(self.url, error) from error

    async def close(self) -> None:
        """Close every connection, waiting a few seconds for the busy ones."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    @property
    def pool(self) -> asyncpg.Pool:
        """The open pool."""
        if self._pool is None:
            raise RuntimeError("the database is not open")
        return self._pool

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """Run one statement outside any workspace, for checks and for resolving keys."""
        if self.observe:
            self.observe(sql)
        rows: list[asyncpg.Record] = await self.pool.fetch(sql, *args)
        return rows


def unreachable(url: str, error: BaseException) -> DatabaseProblem:
    """The one line for a server that does not answer."""
    parts = urlsplit(url)
    where = parts.hostname or parts.query.removeprefix("host=")
    port = f":{parts.port}" if parts.port else ""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return DatabaseProblem(
        f"cannot reach Postgres at {where}{port} as {parts.username}: {reason}; "
        "check that it runs and that TOUCHLINE_DATABASE_URL is right"
    )


async def _nothing_to_reset(_: asyncpg.Connection) -> None:
    # All state is transaction-local (SET LOCAL), and the unit of work ends every transaction,
    # so the default reset query would be a round trip that changes nothing.
    return None


async def _prepare_connection(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=_encode_jsonb,
        decoder=_decode_jsonb,
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
