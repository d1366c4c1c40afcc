"""Double opt-in: a submission waits until the person at its e-mail address has said yes."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.domain.access.api_keys import Signer

AWAITING = "awaiting_confirmation"
# Who sends a form again gets no second mail so soon; the first one's link is good for all.
QUIET = timedelta(minutes=10)

_PURPOSE = "confirmation"
_MAC_BYTES = 12
_TOKEN_LENGTH = 64


@dataclass(eq=False, kw_only=True)
class Confirmation:
    """What is asked for one submission. `asked_at` is empty where an earlier mail asks for it."""

    workspace_id: UUID
    id: UUID
    submission_id: UUID
    form_id: UUID
    address_key: bytes
    created_at: datetime
    expires_at: datetime
    asked_at: datetime | None
    confirmed_at: datetime | None
    confirmed_from: str | None


@dataclass(frozen=True, kw_only=True)
class ConfirmationLink:
    """What a genuine link says."""

    workspace_id: UUID
    confirmation_id: UUID
    expires_at: datetime


def address_key(form_id: UUID, email_norm: str) -> bytes:
    """Tells equal addresses of a form, without naming them."""
    return hashlib.blake2b(email_norm.encode(), key=form_id.bytes, digest_size=16).digest()


def make_link_token(signer: Signer, link: ConfirmationLink) -> str:
    """The part of the link that says what it confirms: 64 letters, digits, `-` and `_`."""
    until = int(link.expires_at.timestamp())
    said = link.workspace_id.bytes + link.confirmation_id.bytes + until.to_bytes(4)
    mac = signer.sign(_PURPOSE, said)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(said + mac).decode()


def parse_link_token(signer: Signer, token: str, now: datetime) -> ConfirmationLink | None:
    """What a token says; None unless it was made here and is still good."""
    if len(token) != _TOKEN_LENGTH or not token.isascii():
        return None
    try:
        data = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        return None
    said, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
    if not hmac.compare_digest(mac, signer.sign(_PURPOSE, said)[:_MAC_BYTES]):
        return None
    until = datetime.fromtimestamp(int.from_bytes(said[32:]), UTC)
    if until < now:
        return None
    return ConfirmationLink(
        workspace_id=UUID(bytes=said[:16]),
        confirmation_id=UUID(bytes=said[16:32]),
        expires_at=until,
    )
