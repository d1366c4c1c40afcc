"""Tokens of public URLs: which workspace, which form or connector, and that we made them.

They carry the workspace, so that no look-up searches them all, and they are checked without the
database, so that a made-up one costs nothing.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from uuid import UUID

from app.domain.access.api_keys import Signer

_MAC_BYTES = 10
LENGTH = 56


@dataclass(frozen=True)
class PublicToken:
    """What a genuine token says."""

    workspace_id: UUID
    subject_id: UUID


def make_token(signer: Signer, workspace_id: UUID, subject_id: UUID, purpose: str = "form") -> str:
    """The token of a form, or of what else `purpose` names: 56 letters, digits, `-` and `_`."""
    said = workspace_id.bytes + subject_id.bytes
    mac = signer.sign(f"token {purpose}", said)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(said + mac).decode()


def parse_token(signer: Signer, token: str, purpose: str = "form") -> PublicToken | None:
    """What a token says; None unless it was made here for this purpose."""
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        data = base64.b64decode(token, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    said, mac = data[:32], data[32:]
    if not hmac.compare_digest(mac, signer.sign(f"token {purpose}", said)[:_MAC_BYTES]):
        return None
    return PublicToken(UUID(bytes=said[:16]), UUID(bytes=said[16:]))
