"""Where values come from, over the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict

from app.api.schemas.fields import Read, about
from app.api.schemas.leads.leads import AN_ID, LeadRead
from app.domain.leads.field_history import FieldValue, ValueOrigin
from app.domain.leads.leads import Lead

AN_ORIGIN = {
    "at": "2026-03-02T09:30:00Z",
    "source": "submission",
    "name": "Contact form",
    "cause_id": AN_ID,
    "user_id": None,
    "api_key_id": None,
    "event_id": AN_ID,
    "by_hand": False,
}


class ValueOriginRead(Read):
    """Where a value comes from."""

    at: datetime = about("When the lead got it.", "2026-03-02T09:30:00Z")
    source: str = about(
        "What brought it: `user` for a person and `api` for a program that used the API, else "
        "`submission`, `import`, `enrichment`, `merge`, `merge_undo`, `conversion`, "
        "`assessment` or `scoring`.",
        "submission",
    )
    name: str | None = about("The source in words, such as a form or a provider.", "Contact form")
    cause_id: UUID | None = about("The submission, import, merge or provider.", AN_ID)
    user_id: UUID | None = about("The user who did it, or in whose name it was done.")
    api_key_id: UUID | None = about("The API key that was used.")
    event_id: UUID | None = about("The event that tells of it.", AN_ID)
    by_hand: bool = about(
        "Whether somebody gave it on purpose: an enrichment does not replace it.", example=False
    )


class FieldValueRead(ValueOriginRead):
    """A value that a field had for a time."""

    value: Any = about("The value; null when the field was blank.", "Analytical Engines Ltd")
    until: datetime | None = about("When the next value came; null for the present one.")

    @classmethod
    def of_value(cls, known: FieldValue) -> "FieldValueRead":
        """The domain's form seen as this schema."""
        return cls(**vars(known.origin), value=known.value, until=known.until)


def _provenance_may_be_absent(schema: dict[str, Any]) -> None:
    schema["required"] = [name for name in schema.get("required", ()) if name != "provenance"]


class LeadDetail(LeadRead):
    """A lead, on demand with where its values come from."""

    model_config = ConfigDict(json_schema_extra=_provenance_may_be_absent)

    provenance: dict[str, ValueOriginRead] | None = about(
        "With `include=provenance`: where each value comes from, by field; custom fields as "
        "`custom.<key>`. Absent otherwise.",
        {"company": AN_ORIGIN},
        default=None,
        exclude_if=lambda value: value is None,
    )


def detailed(lead: Lead, origins: Mapping[str, ValueOrigin] | None) -> LeadDetail:
    """A lead with the origins of its values, where they are wanted."""
    shown = LeadDetail.model_validate(lead)
    if origins is not None:
        shown.provenance = {name: ValueOriginRead.model_validate(o) for name, o in origins.items()}
    return shown
