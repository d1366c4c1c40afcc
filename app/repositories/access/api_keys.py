"""API keys: managed inside a workspace, resolved outside of any."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from app.domain.access.api_keys import ApiKey, KeyKind, ParsedKey
from app.platform.db import Database
from app.repositories.database_errors import translate
from app.repositories.resources import Resources
from app.repositories.statements import Statement, array_param, own, param
from app.repositories.tables.access import api_keys


class ApiKeyRepository(Resources[ApiKey]):
    """Keys by id and by page."""

    table = api_keys
    entity = ApiKey
    noun = "API key"

    async def mark_used(self, last_used: Mapping[UUID, datetime]) -> None:
        """Note when keys were last used, in one statement for all of them."""
        await self._transaction.rows(
            _MARK_USED, ids=sorted(last_used), instants=[last_used[k] for k in sorted(last_used)]
        )


async def resolve_key(auth_database: Database, parsed: ParsedKey) -> ApiKey | None:
    """The stored key, read as the role that may do nothing else; Unavailable without a database."""
    wanted = {"workspace_id": parsed.workspace_id, "key_hash": parsed.key_hash}
    try:
        rows = await auth_database.fetch(_RESOLVE.sql, *_RESOLVE.arguments(wanted))
    except Exception as error:
        raise translate(error) or error from error
    return ApiKey(**rows[0]) if rows else None


async def ended_keys(auth_database: Database) -> dict[UUID, datetime]:
    """When publishable keys of any workspace were revoked, or expire."""
    rows = await auth_database.fetch(_ENDED.sql, *_ENDED.arguments({}))
    return {row["id"]: row["ends_at"] for row in rows}


_RESOLVE = Statement(
    select(api_keys).where(
        own(api_keys), api_keys.c.key_hash == param("key_hash", api_keys.c.key_hash)
    )
)


# Read as touchline_auth: a web page's key proves its workspace by itself, so all are one list.
_ENDED = Statement(
    select(
        api_keys.c.id,
        func.coalesce(
            func.least(api_keys.c.revoked_at, api_keys.c.expires_at), api_keys.c.expires_at
        ).label("ends_at"),
    ).where(
        api_keys.c.kind == KeyKind.PUBLISHABLE.value,
        api_keys.c.revoked_at.is_not(None) | api_keys.c.expires_at.is_not(None),
    )
)
ACROSS_WORKSPACES = (_ENDED.sql,)


def _mark_used() -> Statement:
    used = (
        func.unnest(
            array_param("ids", api_keys.c.id), array_param("instants", api_keys.c.last_used_at)
        )
        .table_valued("id", "instant", name="used")
        .render_derived()
    )
    return Statement(
        update(api_keys)
        .where(own(api_keys), api_keys.c.id == used.c.id)
        .values(last_used_at=used.c.instant)
    )


_MARK_USED = _mark_used()
