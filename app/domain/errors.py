"""Everything that can go wrong, as one tree; `app/api/errors.py` alone gives it an HTTP status.

DomainError
├── Invalid            the request says something it may not say; names the fields
├── Unauthenticated    no key, or one that is unknown, revoked or expired
├── Forbidden          the key is known, and may not do this
├── NotFound           no such thing in this workspace
│   └── Merged         the lead was merged into another, which stands for it now
├── Conflict           the request is sound, the present state speaks against it
│   ├── AlreadyExists  somebody holds this name, address or reference
│   ├── IllegalMove    a status change the state machine does not know
│   └── Busy           the same Idempotency-Key is still at work
├── Stale              If-Match names a version that is not the present one
├── TooLarge           the body is over the limit
├── UnsupportedMedia   the body is not JSON
├── TooMany            a rate limit; says when to come back
├── NotInstalled       it needs an extra that this installation does not have
└── Unavailable        the database cannot be reached or is overloaded; try again
    ├── LostRace       another transaction was faster; the request can be run again
    └── OutcomeUnknown the connection broke during the commit
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """What is wrong with one field: a JSON pointer into the body, or a parameter's name."""

    detail: str
    code: str = "invalid"
    pointer: str | None = None
    parameter: str | None = None


class DomainError(Exception):
    """An error with a stable code, a sentence for people, and what a program needs to react."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request failed"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.specific_code = code or self.code
        self.errors = list(errors)
        self.extra = dict(extra or {})


class Invalid(DomainError):
    code = "invalid"
    title = "The request is not valid"

    @classmethod
    def field(cls, pointer: str, detail: str, *, code: str = "invalid") -> "Invalid":
        """One wrong field of the body."""
        return cls(detail, errors=[FieldError(pointer=pointer, code=code, detail=detail)])

    @classmethod
    def parameter(cls, name: str, detail: str, *, code: str = "invalid") -> "Invalid":
        """One wrong query, path or header parameter."""
        return cls(detail, errors=[FieldError(parameter=name, code=code, detail=detail)])


class Unauthenticated(DomainError):
    code = "unauthenticated"
    title = "A valid API key is needed"


class Forbidden(DomainError):
    code = "forbidden"
    title = "This API key may not do this"


class NotFound(DomainError):
    code = "not_found"
    title = "Not found"


class Merged(NotFound):
    """`lead_id` is the lead that stands for `merged_id` now."""

    code = "merged"
    title = "The lead was merged into another"

    def __init__(
        self, detail: str, *, merged_id: UUID | None = None, lead_id: UUID | None = None
    ) -> None:
        super().__init__(detail, extra={"lead_id": str(lead_id)} if lead_id else None)
        self.merged_id = merged_id
        self.lead_id = lead_id

    @classmethod
    def into(cls, merged_id: UUID, lead_id: UUID) -> "Merged":
        """The lead `merged_id` is a part of `lead_id`."""
        detail = "this lead was merged into another, which has all of it"
        return cls(detail, merged_id=merged_id, lead_id=lead_id)


class Conflict(DomainError):
    code = "conflict"
    title = "The present state does not allow this"


class AlreadyExists(Conflict):
    code = "already_exists"
    title = "It exists already"


class IllegalMove(Conflict):
    code = "illegal_move"
    title = "This move is not legal from the present status"


class Busy(Conflict):
    code = "idempotency_key_in_use"
    title = "A request with this Idempotency-Key is still running"


class Stale(DomainError):
    code = "stale_version"
    title = "The resource has changed since it was read"


class TooLarge(DomainError):
    code = "too_large"
    title = "The request body is too large"


class UnsupportedMedia(DomainError):
    code = "unsupported_media_type"
    title = "The request body must be JSON"


class TooMany(DomainError):
    """`policy` allows `quota` requests in `window` seconds."""

    code = "too_many_requests"
    title = "Too many requests"

    def __init__(
        self,
        detail: str,
        *,
        retry_after: int = 1,
        policy: str | None = None,
        quota: int = 0,
        window: int = 60,
    ) -> None:
        policies = [policy] if policy else []
        super().__init__(detail, extra={"retry_after": retry_after, "violated_policies": policies})
        self.retry_after = retry_after
        self.policy = policy
        self.quota = quota
        self.window = window


class NotInstalled(DomainError):
    code = "not_installed"
    title = "This installation lacks what this needs"


class Unavailable(DomainError):
    code = "unavailable"
    title = "The service cannot answer just now"


class LostRace(Unavailable):
    code = "lost_race"
    title = "Other requests were faster; try again"


class OutcomeUnknown(Unavailable):
    code = "outcome_unknown"
    title = "The connection broke while the change was being committed"
