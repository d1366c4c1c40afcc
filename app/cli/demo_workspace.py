"""What `serve` prepares in an embedded database: a demo workspace and the keys to try it."""

import json
import os
import secrets
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import UUID

from app.cli.databases import ensure_migrated, opened
from app.cli.settings import secrets_of
from app.domain.access.api_keys import KeyKind, parse_key
from app.domain.leads.leads import LeadFilter
from app.domain.paging import PageRequest
from app.platform import clock
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.repositories.access.api_keys import resolve_key
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import (
    add_api_key,
    create_workspace,
    find_workspace,
    system_caller,
)

SLUG = "demo"


@dataclass(frozen=True)
class Credentials:
    """What `credentials.json` holds, for scripts that want to start."""

    base_url: str
    workspace_id: str
    secret_key: str
    publishable_key: str


async def prepare(
    settings: Settings, credentials_file: Path, base_url: str, *, demo_data: bool
) -> Credentials:
    """Credentials that work, in the file as well: those it holds, as long as they do.

    The file is written last, so that a first run which was interrupted is taken up again.
    """
    await ensure_migrated(settings.owner_url)
    kept = _read(credentials_file)
    async with opened(settings.app_url) as database:
        workspace_id = await find_workspace(database, SLUG) or await _make_workspace(settings)
        if kept is None and demo_data and await _is_empty(database, workspace_id):
            await _write_history(database, workspace_id)
        if kept is None or not await _still_good(settings, kept, workspace_id):
            kept = await _new_keys(database, secrets_of(settings), workspace_id)
    credentials = replace(kept, base_url=base_url)
    _write(credentials_file, credentials)
    return credentials


async def _is_empty(database: Database, workspace_id: UUID) -> bool:
    async with UnitOfWork(database, system_caller(workspace_id)) as uow:
        page = await uow.lead_search.page(LeadFilter(), PageRequest(limit=1))
    return not page.data


async def _write_history(database: Database, workspace_id: UUID) -> None:
    from app.services.demo.seeding import seed_demo  # noqa: PLC0415 - once in a lifetime

    sys.stderr.write("First run: writing a demo history, which takes some seconds …\n")
    await seed_demo(database, workspace_id)


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


async def _new_keys(database: Database, signer: Secrets, workspace_id: UUID) -> Credentials:
    return Credentials(
        base_url="",
        workspace_id=str(workspace_id),
        secret_key=await add_api_key(database, signer, workspace_id, "demo", KeyKind.SECRET),
        publishable_key=await add_api_key(
            database, signer, workspace_id, "demo web site", KeyKind.PUBLISHABLE
        ),
    )


async def _still_good(settings: Settings, kept: Credentials, workspace_id: UUID) -> bool:
    """False after the database was made anew beside an old file, or a key was revoked."""
    signer = secrets_of(settings)
    async with opened(settings.auth_url) as auth_database:
        for text in (kept.secret_key, kept.publishable_key):
            parsed = parse_key(text)
            key = await resolve_key(auth_database, parsed) if parsed else None
            if key is None or key.workspace_id != workspace_id or not key.usable(clock.now()):
                return False
            # The folder's secret may have been made anew beside an old database.
            if parsed and parsed.kind is KeyKind.PUBLISHABLE and not parsed.is_signed_by(signer):
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
