"""What `serve` prepares in an embedded database: a demo workspace and the keys to try it."""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from app.cli.databases import ensure_migrated, opened
from app.domain.access.api_keys import KeyKind, parse_key
from app.platform import clock
from app.platform.config import Settings
from app.platform.db import Database
from app.repositories.access.api_keys import resolve_key
from app.services.access.provisioning import add_api_key, create_workspace, find_workspace

SLUG = "demo"


@dataclass(frozen=True)
class Credentials:
    """What `credentials.json` holds, for scripts that want to start."""

    base_url: str
    workspace_id: str
    secret_key: str
    publishable_key: str


async def prepare(
    settings: Settings, credentials_file: Path, base_url: str
) -> tuple[Credentials, bool]:
    """Working credentials, those of the file while they work, and whether they are the first."""
    await ensure_migrated(settings.owner_url)
    kept = _read(credentials_file)
    async with opened(settings.app_url) as database:
        workspace_id = await find_workspace(database, SLUG)
        first = workspace_id is None
        if workspace_id is None:
            workspace_id = await _make_workspace(settings)
        if kept is None or not await _still_good(settings, kept, workspace_id):
            kept = await _new_keys(database, workspace_id, base_url)
    credentials = Credentials(base_url, kept.workspace_id, kept.secret_key, kept.publishable_key)
    _write(credentials_file, credentials)
    return credentials, first


async def _make_workspace(settings: Settings) -> UUID:
    async with opened(settings.owner_url) as owner_database:
        return await create_workspace(
            owner_database,
            SLUG,
            "Demo",
            default_country="DE",
            default_currency="EUR",
            time_zone="Europe/Berlin",
        )


async def _new_keys(database: Database, workspace_id: UUID, base_url: str) -> Credentials:
    return Credentials(
        base_url=base_url,
        workspace_id=str(workspace_id),
        secret_key=await add_api_key(database, workspace_id, "demo", KeyKind.SECRET),
        publishable_key=await add_api_key(
            database, workspace_id, "demo web site", KeyKind.PUBLISHABLE
        ),
    )


async def _still_good(settings: Settings, kept: Credentials, workspace_id: UUID) -> bool:
    """False after the database was made anew beside an old file, or a key was revoked."""
    async with opened(settings.auth_url) as auth_database:
        for text in (kept.secret_key, kept.publishable_key):
            parsed = parse_key(text)
            key = await resolve_key(auth_database, parsed) if parsed else None
            if key is None or key.workspace_id != workspace_id or not key.usable(clock.now()):
                return False
    return kept.workspace_id == str(workspace_id)


def _read(file: Path) -> Credentials | None:
    with suppress(OSError, ValueError, TypeError):
        return Credentials(**json.loads(file.read_text("utf-8")))
    return None


def _write(file: Path, credentials: Credentials) -> None:
    """All or nothing, and readable by its owner alone from the first byte on."""
    if credentials == _read(file) and file.stat().st_mode & 0o777 == 0o600:
        return
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(asdict(credentials), stream, indent=2)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
