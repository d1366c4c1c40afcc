"""API keys: what they look like, what they may do, and who is calling."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Protocol
from uuid import UUID

_SECRET_BYTES = 32


class KeyKind(StrEnum):
    """Secret keys stay on servers; publishable keys may stand in a web page."""

    SECRET = "secret"  # noqa: S105 - a kind of key, not a key
    PUBLISHABLE = "publishable"


class Scope(StrEnum):
    """What a key may do."""

    LEADS_READ = "leads:read"
    LEADS_WRITE = "leads:write"
    SALES_READ = "sales:read"
    SALES_WRITE = "sales:write"
    EVENTS_READ = "events:read"
    ADMIN = "admin"
    ACT_AS = "act_as"
    INTAKE_WRITE = "intake:write"


SECRET_SCOPES = frozenset(Scope)
PUBLISHABLE_SCOPES = frozenset({Scope.INTAKE_WRITE})

_PREFIXES = {KeyKind.SECRET: "tl_sk", KeyKind.PUBLISHABLE: "tl_pk"}
SECRET_PREFIX = f"{_PREFIXES[KeyKind.SECRET]}_"


@dataclass(eq=False, kw_only=True)
class ApiKey:
    """A key as stored: its hash, never the key itself."""

    workspace_id: UUID
    id: UUID
    name: str
    kind: str
    prefix: str
    key_hash: bytes
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def usable(self, now: datetime) -> bool:
        """True while the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who sends a request: a key of a workspace, perhaps on behalf of a user."""

    workspace_id: UUID
    api_key_id: UUID | None
    scopes: frozenset[str]
    user_id: UUID | None = None


class Signer(Protocol):
    """What signs; see `app.platform.secrets`."""

    def sign(self, purpose: str, *parts: bytes) -> bytes:
        """A MAC over the parts for one purpose."""


@dataclass(frozen=True)
class ParsedKey:
    """What a key says of itself before any lookup."""

    kind: KeyKind
    workspace_id: UUID
    key_hash: bytes
    secret: bytes

    def is_signed_by(self, signer: Signer) -> UUID | None:
        """The id of a publishable key that was made here; None for any other."""
        key_id, mac = self.secret[:16], self.secret[16:]
        expected = _signature(signer, self.workspace_id, key_id)
        return UUID(bytes=key_id) if hmac.compare_digest(mac, expected) else None


def make_secret_key(workspace_id: UUID) -> str:
    """A new secret key: kind, workspace and 256 random bits. It carries the workspace so that a
    look-up never has to search them all."""
    return _spelled(KeyKind.SECRET, workspace_id, secrets.token_bytes(_SECRET_BYTES))


def make_publishable_key(signer: Signer, workspace_id: UUID, key_id: UUID) -> str:
    """A new publishable key: kind, workspace, its own id and a signature over both, so that the
    intake knows it for genuine while the database is down."""
    signature = _signature(signer, workspace_id, key_id.bytes)
    return _spelled(KeyKind.PUBLISHABLE, workspace_id, key_id.bytes + signature)


def _signature(signer: Signer, workspace_id: UUID, key_id: bytes) -> bytes:
    return signer.sign("publishable key", workspace_id.bytes, key_id)[: _SECRET_BYTES - 16]


def _spelled(kind: KeyKind, workspace_id: UUID, secret: bytes) -> str:
    return f"{_PREFIXES[kind]}_{workspace_id.hex}_{secret.hex()}"


@lru_cache(maxsize=10_000)
def parse_key(key: str) -> ParsedKey | None:
    """The parts of a well-formed key; None for anything else, without asking the database."""
    for kind, prefix in _PREFIXES.items():
        head = f"{prefix}_"
        if (
            key.startswith(head)
            and len(key) == len(head) + 32 + 1 + 2 * _SECRET_BYTES
            and key.isascii()
        ):
            try:
                workspace_id = UUID(hex=key[len(head) : len(head) + 32])
                secret = bytes.fromhex(key[len(head) + 33 :])
            except ValueError:
                return None
            if len(secret) == _SECRET_BYTES:
                return ParsedKey(kind, workspace_id, hash_key(key), secret)
    return None


def hash_key(key: str) -> bytes:
    """SHA-256: enough for 256 random bits, and cheap enough for every request."""
    return hashlib.sha256(key.encode()).digest()


def display_prefix(key: str) -> str:
    """The part that may be shown later, to tell keys apart."""
    return f"{key[:10]}…{key[-4:]}"
