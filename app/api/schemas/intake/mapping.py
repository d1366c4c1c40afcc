"""Mapping rules over the wire: the same for forms and connectors."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.schemas.fields import Body, about, optional
from app.domain.intake.json_paths import LONGEST
from app.domain.intake.mapping import (
    LONGEST_SEPARATOR,
    LONGEST_TEXT,
    MOST_LISTED,
    MOST_RULES,
    MOST_SOURCES,
)

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Separator = Annotated[str, Field(max_length=LONGEST_SEPARATOR)]
Path = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Plain = Text | Annotated[bool, Field(strict=True)] | int | float
# A field of a lead, or custom.<key>.
Target = Annotated[str, Field(min_length=1, max_length=120)]


class MappingSplit(Body):
    """Take one part of the text."""

    separator: Separator | None = optional("What parts it; blanks when absent.", " ")
    part: Annotated[int, Field(strict=True, ge=-100, le=100)] | Literal["first", "last", "rest"] = (
        about(
            "Which part: its place from 0, or from the end with -1; `first`, `last`, or `rest` for "
            "all but the first.",
            "first",
        )
    )


class MappingRule(Body):
    """How a field of a lead is made: gathered, joined, split, looked up, else the default."""

    to: Target = about(
        "The field of a lead that is filled, such as `full_name`, or `custom.<key>`.", "full_name"
    )
    sources: Path | Annotated[list[Path], Field(min_length=1, max_length=MOST_SOURCES)] = about(
        "Where the value comes from: a name, or a path such as `$.a.b[0]` or `$.list[*].x`; "
        "or several of them, joined. Blanks are left out.",
        ["$.first", "$.last"],
        alias="from",
    )
    combine: Separator | None = optional("What stands between several values; `, ` if absent.", " ")
    split: MappingSplit | None = optional("Take a part of the text only.")
    lookup: (
        Annotated[dict[Text, Plain | None], Field(min_length=1, max_length=MOST_LISTED)] | None
    ) = optional(
        "What each value means. Case and blanks around it do not matter.",
        {"s": "1-50", "l": "51-500"},
    )
    unlisted: Literal["keep", "drop"] | None = optional(
        "What to do with a value that is not in `lookup`: keep it, or leave it out and note it.",
        "keep",
    )
    default: Plain | None = optional("The value when there is none.", "unknown")


Mapping = Annotated[list[MappingRule], Field(max_length=MOST_RULES)]


def rules_of(mapping: list[MappingRule]) -> list[dict[str, Any]]:
    """The rules as the domain reads them."""
    return [rule.model_dump(by_alias=True) for rule in mapping]
