"""Every constraint that the translation of errors knows exists; every SQLSTATE has its meaning."""

import asyncpg
import pytest
from asyncpg import exceptions
from sqlalchemy import ForeignKeyConstraint, UniqueConstraint

from app.domain.errors import AlreadyExists, Conflict, Invalid, Unavailable
from app.platform.db import Database
from app.repositories import database_errors
from app.repositories.database_errors import Collision, sqlstate_of, translate
from app.repositories.tables import metadata
from app.repositories.unit_of_work import UnitOfWork  # noqa: F401 - declares every table

TABLES = metadata.tables.values()
UNIQUE = {
    str(constraint.name)
    for table in TABLES
    for constraint in table.constraints
    if isinstance(constraint, UniqueConstraint)
} | {str(index.name) for table in TABLES for index in table.indexes if index.unique}

FOREIGN_KEYS = {
    str(constraint.name)
    for table in metadata.tables.values()
    for constraint in table.constraints
    if isinstance(constraint, ForeignKeyConstraint)
}


def test_every_known_constraint_exists() -> None:
    assert database_errors._BY_CONSTRAINT.keys() <= UNIQUE


@pytest.mark.parametrize("suffix", database_errors._REFERENCES)
def test_every_known_reference_exists(suffix: str) -> None:
    assert [name for name in FOREIGN_KEYS if name.endswith(suffix)]


@pytest.mark.parametrize("name", sorted(database_errors._BY_CONSTRAINT))
@pytest.mark.parametrize("shard", ["", "_102279"])
def test_a_taken_name_names_its_field(name: str, shard: str) -> None:
    error = exceptions.UniqueViolationError(
        f'duplicate key value violates unique constraint "{name}{shard}"'
    )
    meant = translate(error)
    assert isinstance(meant, AlreadyExists)
    assert [e.pointer for e in meant.errors]


def test_an_unknown_unique_key_is_a_race() -> None:
    error = exceptions.UniqueViolationError(
        'violates unique constraint "lead_identities_value_key"'
    )
    assert isinstance(translate(error), Collision)


@pytest.mark.parametrize("shard", ["", "_102279"])
def test_a_missing_reference_names_its_field(shard: str) -> None:
    error = exceptions.ForeignKeyViolationError(
        f'insert or update on table "leads" violates foreign key constraint "leads_owner_fk{shard}"'
    )
    meant = translate(error)
    assert isinstance(meant, Invalid)
    assert [(e.pointer, e.code) for e in meant.errors] == [("/owner_id", "not_found")]


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (exceptions.ForeignKeyViolationError('violates foreign key constraint "x_y_fk"'), Conflict),
        (exceptions.CheckViolationError('violates check constraint "leads_status_check"'), Invalid),
        (exceptions.CharacterNotInRepertoireError("invalid byte sequence: 0x00"), Invalid),
        (exceptions.UntranslatableCharacterError("unsupported Unicode escape sequence"), Invalid),
        (exceptions.NumericValueOutOfRangeError("integer out of range"), Invalid),
        (exceptions.ProgramLimitExceededError("index row size exceeds maximum"), Invalid),
        (exceptions.StatementTooComplexError("stack depth limit exceeded"), Invalid),
        (
            exceptions.QueryCanceledError("canceling statement due to statement timeout"),
            Unavailable,
        ),
        (exceptions.LockNotAvailableError("lock timeout"), Unavailable),
        (exceptions.TooManyConnectionsError("sorry, too many clients already"), Unavailable),
        (exceptions.DiskFullError("no space left on device"), Unavailable),
        (exceptions.ReadOnlySQLTransactionError("cannot execute INSERT"), Unavailable),
        (exceptions.DeadlockDetectedError("deadlock detected"), Unavailable),
        (exceptions.SerializationError("could not serialize access"), Unavailable),
        (exceptions.AdminShutdownError("terminating connection"), Unavailable),
        (exceptions.ConnectionDoesNotExistError("connection was closed"), Unavailable),
        (ConnectionRefusedError("refused"), Unavailable),
        (TimeoutError(), Unavailable),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_every_error_has_its_meaning(error: BaseException, meaning: type[Exception]) -> None:
    assert type(translate(error)) is meaning


@pytest.mark.parametrize(
    "error",
    [
        exceptions.UndefinedColumnError('column "x" does not exist'),
        exceptions.PostgresSyntaxError("syntax error"),
        exceptions.InsufficientPrivilegeError("permission denied for table leads"),
        exceptions.NotNullViolationError("null value in column"),
        exceptions.DataError("invalid input for query argument $1: 7 (expected str, got int)"),
        exceptions.DataError("invalid input for query argument $9: [{}] (Dict key must be str)"),
        KeyError("x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fault_of_ours_is_not_blamed_on_the_caller(error: BaseException) -> None:
    assert translate(error) is None


def test_a_value_out_of_range_is_the_callers_fault() -> None:
    text = "invalid input for query argument $1: 99999999999 (value out of int32 range)"
    assert isinstance(translate(exceptions.DataError(text)), Invalid)


def test_waiting_in_vain_is_not_tried_again() -> None:
    """Each further attempt would wait as long as the first."""
    state = sqlstate_of(TimeoutError())
    assert state not in database_errors.RETRYABLE
    assert not state.startswith(database_errors.CONNECTION_LOST)


@pytest.mark.anyio
async def test_asyncpg_still_has_these_words(owner_database: Database) -> None:
    with pytest.raises(asyncpg.PostgresError) as fault:
        await owner_database.fetch("SELECT $1::text", 7)
    assert translate(fault.value) is None
    with pytest.raises(asyncpg.PostgresError) as fault:
        await owner_database.fetch("SELECT $1::jsonb", {7: object()})
    assert translate(fault.value) is None
    with pytest.raises(asyncpg.PostgresError) as fault:
        await owner_database.fetch("SELECT $1::integer", 2**40)
    assert isinstance(translate(fault.value), Invalid)
