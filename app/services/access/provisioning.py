"""A new workspace with everything it needs from the first request on."""

from uuid import UUID

from app.domain.access.api_keys import (
    PUBLISHABLE_SCOPES,
    SECRET_SCOPES,
    ApiKey,
    Caller,
    KeyKind,
    Scope,
    Signer,
    display_prefix,
    hash_key,
    make_publishable_key,
    make_secret_key,
)
from app.domain.access.workspaces import DEFAULT_DISQUALIFY_REASONS, WorkspaceSettings
from app.domain.reach.events import EventType
from app.domain.sales.pipelines import DEFAULT_PIPELINE, DEFAULT_STAGES, Pipeline, Stage
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork


async def create_workspace(
    owner_database: Database,
    slug: str,
    name: str,
    *,
    default_country: str | None = None,
    default_currency: str = "EUR",
    time_zone: str = "UTC",
) -> UUID:
    """The id of a new workspace with default settings and the default pipeline."""
    workspace_id = new_id()
    async with UnitOfWork(owner_database, system_caller(workspace_id)) as uow:
        await uow.workspaces.add(slug)
        await uow.workspace_settings.add(
            WorkspaceSettings(
                workspace_id=workspace_id,
                id=workspace_id,
                name=name,
                default_country=default_country,
                default_currency=default_currency,
                time_zone=time_zone,
                qualification_policy={},
                disqualify_reasons=list(DEFAULT_DISQUALIFY_REASONS),
                created_at=uow.now,
                updated_at=uow.now,
                version=1,
            )
        )
        await uow.pipelines.add(_default_pipeline(uow))
    return workspace_id


async def find_workspace(database: Database, name: str) -> UUID | None:
    """A workspace by its slug or its id."""
    try:
        wanted = UUID(name)
    except ValueError:
        wanted = None
    async with UnitOfWork(database, system_caller(UUID(int=0))) as uow:
        if wanted is not None:
            return wanted if wanted in await uow.workspaces.ids() else None
        return await uow.workspaces.by_slug(name)


def new_api_key(
    uow: UnitOfWork,
    signer: Signer,
    name: str,
    kind: KeyKind,
    scopes: frozenset[Scope] | None = None,
) -> tuple[ApiKey, str]:
    """A key to store and its text, which is shown this once."""
    allowed = SECRET_SCOPES if kind is KeyKind.SECRET else PUBLISHABLE_SCOPES
    key_id = new_id()
    text = (
        make_secret_key(uow.workspace_id)
        if kind is KeyKind.SECRET
        else make_publishable_key(signer, uow.workspace_id, key_id)
    )
    key = ApiKey(
        workspace_id=uow.workspace_id,
        id=key_id,
        name=name,
        kind=kind.value,
        prefix=display_prefix(text),
        key_hash=hash_key(text),
        scopes=sorted(scopes if scopes is not None else allowed),
        created_at=uow.now,
        expires_at=None,
        revoked_at=None,
        last_used_at=None,
    )
    return key, text


async def add_api_key(
    database: Database,
    signer: Signer,
    workspace_id: UUID,
    name: str,
    kind: KeyKind,
    scopes: frozenset[Scope] | None = None,
) -> str:
    """Store a new key outside any request; returns its text."""
    async with UnitOfWork(database, system_caller(workspace_id)) as uow:
        key, text = new_api_key(uow, signer, name, kind, scopes)
        await uow.api_keys.add(key)
        uow.record(
            EventType.API_KEY_CREATED,
            "api_key",
            key.id,
            {"name": key.name, "kind": key.kind, "scopes": key.scopes},
        )
    return text


def system_caller(workspace_id: UUID) -> Caller:
    """The caller of work that no request asked for."""
    return Caller(workspace_id=workspace_id, api_key_id=None, scopes=frozenset())


def _default_pipeline(uow: UnitOfWork) -> Pipeline:
    pipeline = Pipeline(
        workspace_id=uow.workspace_id,
        id=new_id(),
        name=DEFAULT_PIPELINE,
        is_default=True,
        created_at=uow.now,
        updated_at=uow.now,
        version=1,
    )
    pipeline.stages = [
        Stage(
            workspace_id=uow.workspace_id,
            id=new_id(),
            pipeline_id=pipeline.id,
            name=name,
            kind=kind.value,
            rank=rank,
            probability=probability,
        )
        for rank, (name, kind, probability) in enumerate(DEFAULT_STAGES, start=1)
    ]
    return pipeline
