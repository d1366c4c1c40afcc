"""Forms: what they ask, where the answers go, and what happens after they are sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, Self
from uuid import UUID

FORM_SUBMITTED = "form_submitted"
# Names that a post may have besides its fields start with this.
RESERVED_PREFIX = "tl_"
RESERVED_NAMES = frozenset({"_charset_"})
CONFIRM_SUBJECT = "Please confirm your e-mail address"


_QUESTION = re.compile(r"qualification\.([a-z][a-z0-9_]{0,49})\.([a-z][a-z0-9_]{0,49})")


class Question(NamedTuple):
    """A criterion of a qualification framework, put to the lead itself."""

    framework: str
    criterion: str


class FieldType(StrEnum):
    """How a field is shown and read."""

    TEXT = "text"
    EMAIL = "email"
    TEL = "tel"
    URL = "url"
    NUMBER = "number"
    DATE = "date"
    TEXTAREA = "textarea"
    SELECT = "select"
    RADIO = "radio"
    CHECKBOX = "checkbox"
    HIDDEN = "hidden"


class DisposableRule(StrEnum):
    """What to do with throw-away e-mail addresses."""

    OFF = "off"
    FLAG = "flag"
    HOLD = "hold"


class _Part:
    """A part of a form that is stored as JSON; members it does not know are of a newer version."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The part a JSON object tells."""
        known = {f.name for f in fields(cls) if f.name in document}  # type: ignore[arg-type]
        return cls(**{name: document[name] for name in known})


@dataclass(frozen=True, kw_only=True)
class Choice(_Part):
    """One of the values to choose from."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class ShowWhen(_Part):
    """Show a field only when an earlier one has this value."""

    field: str
    equals: str


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One question; `to` is the field of a lead that gets the answer, or the criterion that it is
    an answer to: `qualification.<framework>.<criterion>`."""

    name: str
    label: str
    type: FieldType = FieldType.TEXT
    required: bool = False
    choices: tuple[Choice, ...] = ()
    placeholder: str | None = None
    help: str | None = None
    default: str | None = None
    autocomplete: str | None = None
    max_length: int | None = None
    show_when: ShowWhen | None = None
    progressive: bool = False
    to: str | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "FormField":
        """The field a JSON object tells."""
        told = {f.name: document[f.name] for f in fields(cls) if f.name in document}
        told["type"] = FieldType(told.get("type", FieldType.TEXT))
        told["choices"] = tuple(map(Choice.of, told.get("choices") or ()))
        told["show_when"] = ShowWhen.of(told["show_when"]) if told.get("show_when") else None
        return cls(**told)

    @property
    def question(self) -> Question | None:
        """The criterion that it asks for, if it does."""
        found = _QUESTION.fullmatch(self.to or "")
        return Question(*found.groups()) if found else None

    @property
    def takes_several(self) -> bool:
        """Whether several values can be chosen at once."""
        return self.type is FieldType.CHECKBOX and bool(self.choices)

    @property
    def is_a_tick(self) -> bool:
        """Whether the field is a lone box: ticked, or not sent at all."""
        return self.type is FieldType.CHECKBOX and not self.choices


@dataclass(frozen=True, kw_only=True)
class ConsentText(_Part):
    """A text to agree to. Other words are another version."""

    purpose: str
    version: str
    text: str
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Success(_Part):
    """What the visitor gets after sending: a message, or another page."""

    message: str | None = None
    redirect_url: str | None = None
    redirect_hosts: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class DoubleOptIn(_Part):
    """Whether an e-mail asks to confirm the address, and what it says."""

    enabled: bool = False
    lifetime_hours: int = 48
    subject: str | None = None
    message: str | None = None
    confirmed_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Protection(_Part):
    """What keeps robots out."""

    honeypot: str | None = None
    min_seconds: int = 2
    proof_of_work: bool = False
    block_disposable: DisposableRule = DisposableRule.FLAG

    def __post_init__(self) -> None:
        # Stored as text, compared as one of a few.
        object.__setattr__(self, "block_disposable", DisposableRule(self.block_disposable))


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The parts of a form, read."""

    fields: tuple[FormField, ...]
    consents: tuple[ConsentText, ...]
    success: Success
    double_opt_in: DoubleOptIn
    protection: Protection

    @cached_property
    def by_name(self) -> dict[str, FormField]:
        """The fields by name."""
        return {field.name: field for field in self.fields}

    def field_of(self, posted: str) -> FormField | None:
        """The field that a posted name means; some pages mark groups of boxes with `[]`."""
        return self.by_name.get(posted) or self.by_name.get(posted.removesuffix("[]"))


@dataclass(eq=False, kw_only=True)
class Form:
    """A form as stored: its parts as the JSON of the API. `definition` has them read."""

    workspace_id: UUID
    id: UUID
    name: str
    active: bool
    touch_kind: str
    source: str | None
    campaign_id: UUID | None
    default_country: str | None
    fields: list[dict[str, Any]]
    mapping: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    success: dict[str, Any]
    allowed_origins: list[str]
    double_opt_in: dict[str, Any]
    protection: dict[str, Any]
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @cached_property
    def definition(self) -> Definition:
        """The parts, read once."""
        return Definition(
            fields=tuple(map(FormField.of, self.fields)),
            consents=tuple(map(ConsentText.of, self.consents)),
            success=Success.of(self.success),
            double_opt_in=DoubleOptIn.of(self.double_opt_in),
            protection=Protection.of(self.protection),
        )

    def took(self, received_at: datetime) -> bool:
        """Whether the form was open when something was sent to it."""
        return self.archived_at is None or received_at < self.archived_at
