"""Merges over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.api.schemas.fields import Body, Label, Read, about, optional
from app.domain.leads.merge_rules import FieldRule, read_rules

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
RULES = {"company": {"rule": "newest"}, "email": {"rule": "verified_first"}}


class MergeRule(Body):
    """How to choose between the values of two leads."""

    rule: Literal[
        "winner", "newest", "longest", "fullest", "verified_first", "source_priority", "join"
    ] = about(
        "`winner`: the winner's value; `newest`: the one that came last; `longest`: the longer "
        "text; `fullest`: the one with more parts told (name, address, revenue); "
        "`verified_first`: the one that was verified (email, phone); `source_priority`: the one "
        "whose source comes first in `sources`; `join`: both texts (description). Blanks are "
        "filled from the loser whatever the rule, and a tie goes to the winner.",
        "newest",
    )
    sources: Annotated[list[Label], Field(min_length=1, max_length=50)] | None = optional(
        "For source_priority: kinds of sources (user, api, submission, import, enrichment, …) or "
        "their names, the most trusted first.",
        ["user", "import"],
    )


MergeRules = Annotated[dict[Label, MergeRule], Field(max_length=200)]


class MergeCreate(Body):
    """Which lead becomes a part of the one in the path, and how to choose between values."""

    loser_id: UUID = about("The lead that is merged into the other.", AN_ID)
    rules: MergeRules | None = optional(
        "A rule by part: name, title, company, email, phone, website, address, industry, "
        "employee_count, revenue, language, description, source, campaign_id, owner, "
        "`custom.<key>`, or `*` for all but the owner. They go over those of the workspace.",
        RULES,
    )

    def to_rules(self) -> dict[str, FieldRule]:
        """The domain's form; Invalid names those that make no sense."""
        return read_rules({name: rule.model_dump() for name, rule in (self.rules or {}).items()})


class MergedFieldRead(Read):
    """One part of both leads, what survives of it, and why."""

    part: str = about("What it is of the leads; these columns survive together.", "company")
    winner: dict[str, Any] = about("What the winner had.", {"company": "Engines"})
    loser: dict[str, Any] = about("What the loser had.", {"company": "Analytical Engines Ltd"})
    survivor: dict[str, Any] = about("What is left.", {"company": "Analytical Engines Ltd"})
    kept: Literal["winner", "loser", "both"] = about("Whose value is left.", "loser")
    rule: str = about("The rule that was to be applied.", "newest")
    reason: str = about("Why it came out so.", "the newer value")


class MergedConsentRead(Read):
    """A purpose for which the winner's word became the more restrictive one."""

    purpose: str = about("The purpose.", "newsletter")


class EditedSinceRead(Read):
    """A field that was changed after the merge and kept its newer value."""

    field: str = about("The field.", "company")
    value: Any = about("What it is.", "Analytical Engines SE")
    before_merge: Any = about("What it was before the merge.", "Engines")


class MergeUndoneRead(Read):
    """What could not be as it was before."""

    edited_since: list[EditedSinceRead] = about("Fields that kept a newer value.")
    stayed: dict[str, int] = about(
        "Rows that came to the winner after the merge and stay with it, by table.",
        {"touchpoints": 2},
    )
    gone: dict[str, int] = about(
        "Rows that the merge moved and the winner has no more, by table.", {"lead_identities": 1}
    )


class MergeRead(Read):
    """A merge, or in a rehearsal what one would do: then `id` and `created_at` are null."""

    id: UUID | None = about("Id, a UUIDv7.", AN_ID)
    winner_id: UUID = about("The lead that is left.", AN_ID)
    loser_id: UUID = about("The lead that became a part of it.", AN_ID)
    fields: list[MergedFieldRead] = about("What became of each part of both leads.")
    consents: list[MergedConsentRead] = about(
        "Purposes that the winner may no longer be addressed for, because the loser said no."
    )
    moved: dict[str, int] = about(
        "How many rows went to the winner, by table.", {"touchpoints": 4, "lead_identities": 1}
    )
    rules: dict[str, Any] = about("The rules that were given.", RULES)
    cause: dict[str, Any] | None = about(
        "What started it; null when the caller asked for it.", {"kind": "import", "name": "crm"}
    )
    created_at: datetime | None = about("When.", "2026-03-02T09:30:00Z")
    user_id: UUID | None = about("The user who did it, or in whose name it was done.")
    api_key_id: UUID | None = about("The API key that did it.")
    undone_at: datetime | None = about("When it was undone.")
    undone_user_id: UUID | None = about("The user who undid it.")
    undone_api_key_id: UUID | None = about("The API key that undid it.")
    undone: MergeUndoneRead | None = about("What undoing it could not bring back.")
