"""The answer that repeats of an Idempotency-Key get."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """The first answer to a key, and the fingerprint of the request that got it."""

    key: str
    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: bytes
