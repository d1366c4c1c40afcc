"""The columns of a lead from what a reading says; what does not fit is noted, never cut."""

from collections.abc import Mapping, Sequence
from typing import Any, Self
from uuid import UUID

from app.domain.errors import Invalid
from app.domain.intake.enrichment import blanks_filled
from app.domain.intake.fitting import LEAD_FIELDS
from app.domain.intake.submissions import Finding, Reading
from app.domain.leads.custom_fields import CustomField, check_values
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_currency
from app.services.leads.normalisation import (
    NORMAL_FORMS,
    derived_names,
    following,
    needs_default_country,
    normal_forms,
    normalised,
)

_KEPT = LEAD_FIELDS | {"campaign_id"}


class FieldReader:
    """Knows what a workspace declares, read once for a whole batch."""

    def __init__(
        self,
        custom_fields: Mapping[str, CustomField],
        campaigns: set[UUID],
        default_country: str | None,
    ) -> None:
        self.campaigns = campaigns
        self._custom_fields = dict(custom_fields)
        self._default_country = default_country

    @classmethod
    async def for_workspace(cls, uow: UnitOfWork, readings: Sequence[Reading]) -> Self:
        """What is needed to read these."""
        named = {r.fields.get("campaign_id") for r in readings}
        named |= {r.touch.campaign_id for r in readings if r.touch}
        campaign_ids = {campaign_id for campaign_id in named if campaign_id is not None}
        declared = (
            await uow.custom_fields.by_key()
            if any(r.fields.get("custom") for r in readings)
            else {}
        )
        country = None
        if any(r.default_country is None and needs_default_country(r.fields) for r in readings):
            country = (await uow.workspace_settings.get(uow.workspace_id)).default_country
        return cls(
            declared,
            await uow.campaigns.existing(campaign_ids) if campaign_ids else set(),
            country,
        )

    def read(self, reading: Reading) -> tuple[dict[str, Any], list[Finding]]:
        """Columns for a new lead, and notes on what was left out of them."""
        notes: list[Finding] = []
        columns = {k: v for k, v in reading.fields.items() if k in _KEPT and v is not None}
        if columns.get("campaign_id") not in self.campaigns:
            columns.pop("campaign_id", None)
        if "currency" in columns:
            try:
                check_currency(columns["currency"], "/currency")
            except Invalid as error:
                del columns["currency"]
                notes.append(Finding(code="does_not_fit", detail=error.detail, field="currency"))
        custom, found = self._custom(reading.fields.get("custom") or {})
        completed = self.completed(columns, reading)
        completed["custom"] = custom
        return completed, notes + found

    def completed(self, columns: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
        """The columns and all that follows from them."""
        names = {name: v for name, v in derived_names(columns).items() if v}
        country = reading.default_country or self._default_country
        return {**columns, **names, **normalised({**columns, **names}, country)}

    def enriched(
        self, held: Mapping[str, Any], given: Mapping[str, Any], reading: Reading
    ) -> dict[str, Any]:
        """The columns of a lead that change when what is blank in it is filled in.

        Normal forms are worked out for what is filled in alone: those that are held may be due to
        another country.
        """
        filled = blanks_filled(held, given)
        custom = {**(held.get("custom") or {}), **filled.pop("custom", {})}
        if "full_name" in filled:
            filled |= {name: v for name, v in derived_names(filled).items() if v}
        after = {**held, **filled}
        asked = {typed for typed in NORMAL_FORMS if typed in filled}
        if "country" in asked and not held.get("phone_norm"):
            asked.add("phone")
        if "phone" in asked:
            asked.add("country")
        country = reading.default_country or self._default_country
        columns = {**after, **normal_forms({typed: after.get(typed) for typed in asked}, country)}
        return {**columns, "custom": custom, **following(columns)}

    def typed(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Of the columns, those that were typed and not worked out."""
        return {k: v for k, v in columns.items() if k in _KEPT or k == "custom"}

    def _custom(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
        kept: dict[str, Any] = {}
        notes = []
        for key, value in given.items():
            try:
                kept |= check_values(
                    {key: self._as_declared(key, value)}, self._custom_fields, complete=False
                )
            except Invalid as error:
                detail = error.errors[0].detail if error.errors else error.detail
                notes.append(Finding(code="does_not_fit", detail=detail, field=f"custom.{key}"))
        return {key: value for key, value in kept.items() if value is not None}, notes

    def _as_declared(self, key: str, value: Any) -> Any:
        """Forms send text; a field that is a number or a yes gets it as such."""
        declared = self._custom_fields.get(key)
        if declared is None or not isinstance(value, str):
            return value
        text = value.strip()
        if declared.type == "number":
            return _number(text)
        if declared.type == "boolean":
            return _TRUTHS.get(text.lower(), value)
        return value


_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
