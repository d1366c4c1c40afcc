"""The JSON that the intake takes: strictly, for what does not fit is named and not guessed at."""

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

T = TypeVar("T")

_PATH = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)

Line = Annotated[str, Meta(max_length=500)]
Url = Annotated[str, Meta(max_length=4_000)]
Texts = Annotated[dict[Annotated[str, Meta(max_length=100)], Line], Meta(max_length=30)]
Token = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
System = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")]
ExternalId = Annotated[str, Meta(min_length=1, max_length=255)]
VisitorId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class Context(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where the sender was when it was sent."""

    visitor_id: VisitorId | None = None
    page_url: Url | None = None
    referrer: Url | None = None
    utm: Texts = field(default_factory=dict)
    click_ids: Texts = field(default_factory=dict)
    rendered_at: int | None = None
    submitted_at: datetime | None = None


class Reference(Struct, forbid_unknown_fields=True, kw_only=True):
    """The lead's id in another system."""

    system: System
    external_id: ExternalId


class Consent(Struct, forbid_unknown_fields=True, kw_only=True):
    """A text that the person agreed to, or did not."""

    purpose: Token
    granted: bool
    version: Annotated[str, Meta(max_length=100)] = ""
    text: Annotated[str, Meta(max_length=20_000)] = ""


class Touch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Something that happened."""

    kind: Token
    occurred_at: datetime | None = None
    campaign_id: UUID | None = None
    utm: Texts | None = None
    click_ids: Texts | None = None
    page_url: Url | None = None
    referrer: Url | None = None
    products: Annotated[list[Line], Meta(max_length=100)] | None = None
    summary: Annotated[str, Meta(max_length=2_000)] | None = None
    payload: dict[str, Any] | None = None
    source_system: System | None = None
    external_id: ExternalId | None = None


class SubmissionBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A submission as JSON. With `form_id` the form says what the fields mean."""

    fields: Annotated[dict[str, Any], Meta(max_length=500)]
    form_id: UUID | None = None
    consents: Annotated[list[Consent], Meta(max_length=50)] | dict[str, bool] = field(
        default_factory=list
    )
    context: Context = field(default_factory=Context)
    external_references: Annotated[list[Reference], Meta(max_length=20)] = field(
        default_factory=list
    )
    touchpoint: Touch | None = None
    campaign_id: UUID | None = None
    is_test: bool = False
    pow: Annotated[str, Meta(max_length=4_000)] | None = None


class VisitBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a visitor did."""

    touchpoints: Annotated[list[Touch], Meta(min_length=1, max_length=100)]
    is_test: bool = False


class Misfit(ValueError):
    """A body of another shape: the JSON pointer and what is wrong there."""

    def __init__(self, pointer: str, detail: str, code: str = "invalid") -> None:
        super().__init__(detail)
        self.code = code
        self.pointer = pointer
        self.detail = detail


def shaped(value: Any, shape: type[T]) -> T:
    """Parsed JSON in this shape; Misfit names the first member that does not fit."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _PATH.search(text)
        pointer = _pointer(found["path"] if found else "")
        detail = _PATH.sub("", text)
        if unknown := _UNKNOWN.fullmatch(detail):
            raise Misfit(
                f"{pointer.rstrip('/')}/{_escaped(unknown['name'])}",
                "there is no such member",
                code="unknown_field",
            ) from None
        raise Misfit(pointer, detail) from None


def _pointer(path: str) -> str:
    steps = re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", path)
    return "".join(f"/{name or index}" for name, index in steps) or "/"


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
