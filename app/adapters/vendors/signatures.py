"""Proofs of who sends: each compares in constant time, and says in words what is wrong."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote_to_bytes

# How far a sender's clock and a replayed call may be from ours.
TOLERANCE_SECONDS = 300

NO_SECRET = "the connector has no secret to check the call with"  # noqa: S105 - a sentence
MISSING = "the call carries no signature"
WRONG = "the signature does not fit the body"
STALE = f"the signature is more than {TOLERANCE_SECONDS // 60} minutes away from now"
NOT_SAID = "the shared secret is missing or wrong"

_SECRET_HEADERS = ("x-webhook-secret", "x-touchline-secret", "x-api-key")
_SECRET_PARAMETERS = ("secret", "key", "token")
_IN_QUERY = re.compile(r"(?i)((?:^|[?&])(?:secret|key|token)=)([^&#]*)")


def mac(secret: bytes, *pieces: bytes) -> bytes:
    """HMAC-SHA256 over the pieces in a row."""
    return hmac.digest(secret, b"".join(pieces), hashlib.sha256)


def same(given: str | bytes, expected: str | bytes) -> bool:
    """Whether both are equal, in a time that tells nothing."""
    return hmac.compare_digest(_bytes(given), _bytes(expected))


def fits_hex(given: str, secret: bytes, *pieces: bytes) -> bool:
    """Whether this is the HMAC in hexadecimal digits."""
    return same(given.strip().lower(), mac(secret, *pieces).hex())


def fits_base64(given: str, secret: bytes, *pieces: bytes) -> bool:
    """Whether this is the HMAC in base64."""
    return same(given.strip(), base64.b64encode(mac(secret, *pieces)))


def is_fresh(seconds: str, now: datetime, *, per_second: int = 1) -> bool:
    """Whether a timestamp of digits lies within the tolerance."""
    if not re.fullmatch(r"[0-9]{1,16}", seconds):
        return False
    return abs(int(seconds) / per_second - now.timestamp()) <= TOLERANCE_SECONDS


def check_shared(headers: Mapping[str, str], query: str, secret: bytes | None) -> str | None:
    """A secret agreed upon, in a header, as a bearer token, or in the URL."""
    if secret is None:
        return None
    scheme, _, token = headers.get("authorization", "").partition(" ")
    said: list[str | bytes] = [headers[name] for name in _SECRET_HEADERS if name in headers]
    if scheme.lower() == "bearer":
        said.append(token.strip())
    if scheme.lower() == "basic":
        said.append(_password(token))
    said += _in_query(query)
    return None if any(same(given, secret) for given in said) else NOT_SAID


def check_standard(
    headers: Mapping[str, str], raw: bytes, secret: bytes | None, now: datetime
) -> str | None:
    """Standard Webhooks: base64 of the HMAC over `id.timestamp.body`, one or more of them."""
    if secret is None:
        return NO_SECRET
    said, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not is_fresh(sent, now):
        return STALE
    key = _standard_key(secret)
    signed = f"{said}.{sent}.".encode("latin-1", "replace")
    given = [one.removeprefix("v1,") for one in headers.get("webhook-signature", "").split(" ")]
    return None if any(fits_base64(one, key, signed, raw) for one in given) else WRONG


def covered(query: str) -> str:
    """The query with a secret in it covered by as many asterisks."""
    return _IN_QUERY.sub(lambda found: found[1] + "*" * len(found[2]), query)


def _in_query(query: str) -> list[bytes]:
    return [
        unquote_to_bytes(value.replace("+", " "))
        for name, _, value in (piece.partition("=") for piece in query.split("&"))
        if name.lower() in _SECRET_PARAMETERS
    ]


def _password(token: str) -> bytes:
    try:
        return base64.b64decode(token.strip(), validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _standard_key(secret: bytes) -> bytes:
    if not secret.startswith(b"whsec_"):
        return secret
    try:
        return base64.b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except ValueError:
        return secret


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
