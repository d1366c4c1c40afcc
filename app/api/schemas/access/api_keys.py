"""API keys over the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.api.schemas.fields import Body, Instant, Label, Read, about, optional
from app.domain.access.api_keys import KeyKind, Scope


class ApiKeyCreate(Body):
    """A new API key."""

    name: Label = about("What it is for.", "Website, contact form")
    kind: KeyKind = about(
        "A secret key stays on servers; a publishable one may stand in a web page and can only "
        "send to the intake.",
        "secret",
        default=KeyKind.SECRET,
    )
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20)] = about(
        "What it may do: nothing that the calling key may not do itself.",
        ["leads:read", "leads:write"],
    )
    expires_at: Instant | None = optional(
        "When it ends by itself; never when absent.", "2027-01-01T00:00:00Z"
    )


class ApiKeyRead(Read):
    """An API key, without the key itself."""

    id: UUID = about("Id, a UUIDv7.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    name: str = about("What it is for.", "Website, contact form")
    kind: KeyKind = about("Secret or publishable.", "secret")
    prefix: str = about("Beginning and end of the key, to tell it from others.", "tl_sk_0192…x7Qa")
    scopes: list[str] = about("What it may do.", ["leads:read", "leads:write"])
    created_at: datetime = about("When it was made.", "2026-03-02T09:30:00Z")
    expires_at: datetime | None = about("When it ends by itself.", "2027-01-01T00:00:00Z")
    revoked_at: datetime | None = about("When it was revoked.", "2026-04-01T08:00:00Z")
    last_used_at: datetime | None = about(
        "When it was last used, to the minute or so.", "2026-03-31T17:05:00Z"
    )


class ApiKeyCreated(ApiKeyRead):
    """A new API key, with the key itself: this is the only time it is shown."""

    key: str = about(
        "The key. Only its hash is stored, so keep it now.",
        "tl_sk_01927d5e0b1c7c3a9b1e5d4f6a7b8c9d_…",
    )
