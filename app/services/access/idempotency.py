"""One effect for one Idempotency-Key, and the first answer for every repeat."""

import hashlib
from datetime import timedelta

from app.domain.access.idempotency import StoredAnswer
from app.domain.errors import Busy, FieldError, Invalid
from app.repositories.unit_of_work import UnitOfWork

RETENTION = timedelta(days=30)
LONGEST_KEY = 255


class IdempotencyService:
    """Answers are stored in the transaction of their effect, so neither exists without the other.

    Only successes are kept: a refused request has changed nothing and may be sent again.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def earlier_answer(self, key: str, fingerprint: bytes) -> StoredAnswer | None:
        """The stored answer for the same request; None when this one is the first.

        Raises Busy while the first is still running and Invalid for another request.
        """
        if not await self._uow.idempotency.claim(_lock_number(self._uow.workspace_id.bytes, key)):
            raise Busy("the first request with this Idempotency-Key is still running; try again")
        answer = await self._uow.idempotency.find(key, self._uow.now - RETENTION)
        if answer is not None and answer.fingerprint != fingerprint:
            detail = "this Idempotency-Key was used for another request"
            raise Invalid(
                detail,
                code="idempotency_key_reused",
                errors=[
                    FieldError(
                        parameter="Idempotency-Key", code="idempotency_key_reused", detail=detail
                    )
                ],
            )
        return answer

    async def keep(self, answer: StoredAnswer) -> None:
        """Store the first answer."""
        await self._uow.idempotency.keep(answer)


def is_key(text: str) -> bool:
    """Whether a text can be a key."""
    return 0 < len(text) <= LONGEST_KEY and text.isascii() and text.isprintable()


def checked_key(header: str) -> str:
    """The key of the header, with or without the quotes of a structured field."""
    key = header.strip()
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not is_key(key):
        raise Invalid.parameter(
            "Idempotency-Key", f"must be 1 to {LONGEST_KEY} printable ASCII characters"
        )
    return key


def fingerprint_of(method: str, path_and_query: str, actor: str, body: bytes) -> bytes:
    """What makes two requests the same request."""
    head = f"{method} {path_and_query}\n{actor}\n".encode()
    return hashlib.sha256(head + body).digest()


def _lock_number(workspace: bytes, key: str) -> int:
    digest = hashlib.blake2b(workspace + key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
