"""From a Postgres error to a domain error, by SQLSTATE and constraint name, in one place."""

import re
from collections.abc import Callable

import asyncpg

from app.domain.errors import (
    AlreadyExists,
    Conflict,
    DomainError,
    FieldError,
    Invalid,
    Unavailable,
)

# Citus gives no constraint name, only the message, and appends the shard's number to the name.
_CONSTRAINT = re.compile(r'constraint "(?P<name>.+?)(?:_\d+)?"')

RETRYABLE = ("40001", "40P01")
CONNECTION_LOST = ("08", "57P0")
POISON = ("22", "54")

# asyncpg's words for an argument of the wrong type, which no request can bring about.
_OUR_FAULT = re.compile(
    r"invalid input for query argument .*"
    r"(expected .+, got .+|Dict key must be str|JSON serializable|cannot be stored as JSON)",
    re.DOTALL,
)


def _taken(pointer: str, detail: str) -> Callable[[], DomainError]:
    return lambda: AlreadyExists(
        detail, errors=[FieldError(pointer=pointer, code="already_exists", detail=detail)]
    )


_BY_CONSTRAINT: dict[str, Callable[[], DomainError]] = {
    "users_email_key": _taken("/email", "another user has this e-mail address"),
    "teams_name_key": _taken("/name", "another team has this name"),
    "custom_fields_key_key": _taken("/key", "this entity has a custom field with this key"),
    "campaigns_external_idx": _taken("/external_id", "another campaign has this reference"),
    "touchpoints_supersedes_idx": _taken(
        "/supersedes_id", "this touchpoint was superseded already; correct the newest one"
    ),
    "jobs_dedupe_idx": _taken("/", "a job that does the same is still to be done"),
}

_REFERENCES: dict[str, str] = {
    "owner_fk": "/owner_id",
    "team_fk": "/team_id",
    "campaign_fk": "/campaign_id",
    "parent_fk": "/parent_id",
    "account_fk": "/account_id",
    "contact_fk": "/contact_id",
    "stage_fk": "/stage_id",
    "supersedes_fk": "/supersedes_id",
    "evidence_fk": "/evidence/touchpoint_id",
}


class Collision(Exception):
    """Two requests met on a unique key; running the request again sees the other's row."""


def sqlstate_of(error: BaseException) -> str:
    """The SQLSTATE of a server's error, or the class for a lost connection."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "")
    if isinstance(error, TimeoutError):
        # No connection was free, or the server did not answer: waiting again would double it.
        return "57014"
    # The last is what asyncpg says when the server goes amid several messages.
    if isinstance(error, (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        return "08000"
    return ""


def translate(error: BaseException) -> Exception | None:
    """The domain error for a database error; None when it is a fault of ours."""
    state = sqlstate_of(error)
    found = _CONSTRAINT.search(str(error))
    name = found["name"] if found else ""
    if state == "23505":
        known = _BY_CONSTRAINT.get(name)
        return known() if known else Collision(name)
    if state == "23503":
        pointer = next((p for suffix, p in _REFERENCES.items() if name.endswith(suffix)), None)
        if pointer:
            return Invalid.field(pointer, "no such record in this workspace", code="not_found")
        return Conflict("something this request refers to was removed meanwhile")
    if state == "23514":
        return Invalid(f"the database refused a value (rule {name})")
    if _OUR_FAULT.match(str(error)):
        return None
    if state.startswith(POISON):
        return Invalid("a value in this request cannot be stored", code="not_storable")
    if state.startswith((*CONNECTION_LOST, "53", "55P03", "57014", "25006")) or state in RETRYABLE:
        return Unavailable("the database did not answer in time; try again")
    return None
