"""Field types that mean the same in every schema."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


_NONE_SET: set[str] = set()


class Body(BaseModel):
    """What clients send: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Read(BaseModel):
    """What clients get, read straight off the entity."""

    model_config = ConfigDict(
        from_attributes=True, extra="ignore", json_schema_serialization_defaults_required=True
    )

    @classmethod
    def of(cls, entity: Any) -> Self:
        """The entity seen as this schema, unchecked, for lists: the database has checked it, and
        to check fifty rows again takes as long as to read them.

        Every field of the schema must be an attribute of the entity, of the very type.
        """
        seen = cls.__new__(cls)
        for slot, value in (
            ("__dict__", vars(entity)),
            ("__pydantic_fields_set__", _NONE_SET),
            ("__pydantic_extra__", None),
            ("__pydantic_private__", None),
        ):
            object.__setattr__(seen, slot, value)
        return seen


def about(description: str, example: Any = None, **constraints: Any) -> Any:
    """A field with its description and an example, which become the manual of the clients."""
    examples = None if example is None else [example]
    return Field(description=description, examples=examples, **constraints)


def optional(description: str, example: Any = None, **constraints: Any) -> Any:
    """The same, null when absent."""
    return about(description, example, default=None, **constraints)


def kept(description: str, example: Any = None, **constraints: Any) -> Any:
    """A field of a merge patch that may be absent, and then stays as it is, but never null."""
    return about(
        description, example, default=None, json_schema_extra=_without_default, **constraints
    )


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _text_only(value: Any) -> Any:
    # Pydantic would take a number for a Unix time; RFC 3339 is the one spelling here.
    if not isinstance(value, str | datetime | date):
        # Pydantic turns a ValueError, and no TypeError, into an answer.
        raise ValueError("must be text in the form of RFC 3339")  # noqa: TRY004
    return value


def _in_range(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("must have a time zone, such as a final Z")
    if not EARLIEST <= value < LATEST:
        raise ValueError("must lie between the years 1900 and 2200")
    return value.astimezone(UTC)


def _day_in_range(value: date) -> date:
    if not EARLIEST.date() <= value < LATEST.date():
        raise ValueError("must lie between the years 1900 and 2200")
    return value


Instant = Annotated[datetime, BeforeValidator(_text_only), AfterValidator(_in_range)]
Day = Annotated[date, BeforeValidator(_text_only), AfterValidator(_day_in_range)]

Label = Annotated[str, Field(min_length=1, max_length=200)]
Line = Annotated[str, Field(max_length=500)]
Paragraph = Annotated[str, Field(max_length=20_000)]
Url = Annotated[str, Field(max_length=4_000)]
Token = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
System = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")]
ExternalId = Annotated[str, Field(min_length=1, max_length=255)]
Count = Annotated[int, Field(strict=True, ge=0, le=2_000_000_000)]
Minor = Annotated[int, Field(strict=True, ge=0, le=10**15)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Flag = Annotated[bool, Field(strict=True)]
