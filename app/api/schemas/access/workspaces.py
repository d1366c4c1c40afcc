"""The workspace over the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from app.api.schemas.fields import (
    Body,
    CurrencyCode,
    Label,
    Percent,
    Read,
    Token,
    about,
    kept,
    optional,
)
from app.api.schemas.leads.merges import MergeRules

Weight = Annotated[int, Field(strict=True, ge=0, le=1_000)]
WEIGHTS = {"budget": 25, "authority": 25, "need": 40, "timeline": 10}
KNOCK_OUTS = {"budget": ["none"], "authority": [], "need": ["none"], "timeline": []}


class DisqualifyReason(Body):
    """A reason for which a lead may be disqualified."""

    code: Token = about("What programs send.", "no_budget")
    label: Label = about("What people read.", "No budget")


def _unique_codes(reasons: list[DisqualifyReason]) -> list[DisqualifyReason]:
    if len({reason.code for reason in reasons}) < len(reasons):
        raise ValueError("each code comes once")
    return reasons


Reasons = Annotated[
    list[DisqualifyReason], Field(min_length=1, max_length=50), AfterValidator(_unique_codes)
]


class QualificationPolicyUpdate(Body):
    """A merge patch of the policy: what is absent stays, a null goes back to the standard."""

    weights: dict[str, Weight | None] | None = optional(
        "How much each criterion counts, relative to the others.", WEIGHTS
    )
    qualified_at: Percent | None = optional("The score that qualifies.", 70)
    disqualified_below: Percent | None = optional(
        "A lower score disqualifies, once everything is known.", 20
    )
    required: Annotated[list[Token], Field(max_length=20)] | None = optional(
        "The criteria that have to be known.", ["budget", "need"]
    )
    points: dict[str, dict[str, Percent | None] | None] | None = optional(
        "Points of single answers where they differ from the standard.",
        {"budget": {"planned": 60}},
    )
    knock_outs: dict[str, Annotated[list[Token], Field(max_length=20)] | None] | None = optional(
        "The answers that disqualify, whatever the score.", KNOCK_OUTS
    )


class QualificationPolicyRead(Read):
    """How the answers of a lead become a verdict."""

    weights: dict[str, int] = about("How much each criterion counts.", WEIGHTS)
    qualified_at: int = about("The score that qualifies.", 70)
    disqualified_below: int = about("A lower score disqualifies, once everything is known.", 20)
    required: list[str] = about("The criteria that have to be known.", ["budget", "need"])
    points: dict[str, dict[str, int]] = about(
        "Points of single answers where they differ from the standard.",
        {"budget": {"planned": 60}},
    )
    knock_outs: dict[str, list[str]] = about("The answers that disqualify.", KNOCK_OUTS)


class WorkspaceUpdate(Body):
    """A JSON merge patch: absent fields stay."""

    name: Label = kept("What the workspace is called.", "Analytical Engines")
    default_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = optional(
        "ISO 3166-1 alpha-2: phone numbers without a prefix are read as of this country.", "DE"
    )
    default_currency: CurrencyCode = kept("ISO 4217: of amounts that name none.", "EUR")
    time_zone: Label = kept("IANA time zone, of new users.", "Europe/Berlin")
    qualification_policy: QualificationPolicyUpdate | None = optional(
        "How answers become a verdict; merged member by member, null goes back to the standard."
    )
    default_framework: Token = kept(
        "The published framework whose verdict leads show, and that is meant where none is named; "
        "`bant` is always one.",
        "bant",
    )
    disqualify_reasons: Reasons = kept(
        "The reasons for which a lead may be disqualified: the whole list.",
        [{"code": "no_budget", "label": "No budget"}],
    )
    merge_rules: MergeRules | None = optional(
        "How values are chosen when leads are merged, by part: the whole set; null goes back to "
        "the winner's values.",
        {"company": {"rule": "newest"}},
    )


class WorkspaceRead(Read):
    """A tenant's own settings."""

    id: UUID = about("Id, a UUIDv7.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    name: str = about("What the workspace is called.", "Analytical Engines")
    default_country: str | None = about("ISO 3166-1 alpha-2.", "DE")
    default_currency: str = about("ISO 4217.", "EUR")
    time_zone: str = about("IANA time zone.", "Europe/Berlin")
    qualification_policy: QualificationPolicyRead = about("The policy in force, in full.")
    default_framework: str = about("The framework whose verdict leads show.", "bant")
    disqualify_reasons: list[DisqualifyReason] = about(
        "The reasons for which a lead may be disqualified.",
        [{"code": "no_budget", "label": "No budget"}],
    )
    merge_rules: dict[str, Any] = about(
        "How values are chosen when leads are merged, by part.", {"company": {"rule": "newest"}}
    )
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)
