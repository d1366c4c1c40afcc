"""The columns of a lead from what a reading says; what does not fit is noted, never cut."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self
from uuid import UUID

from app.domain.errors import Invalid
from app.domain.intake.enrichment import blanks_filled
from app.domain.intake.fitting import LEAD_FIELDS
from app.domain.intake.submissions import Finding
from app.domain.leads.custom_fields import CustomField, check_values
from app.domain.record.touchpoints import NewTouchpoint
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_currency
from app.services.leads.normalisation import (
    NORMAL_FORMS,
    derived_names,
    following,
    names_after,
    needs_default_country,
    normal_forms,
    normalised,
)

_KEPT = LEAD_FIELDS | {"campaign_id"}


class Told(Protocol):
    """What is read here: a submission's reading, or a candidate."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """Fields of a lead, as typed, and `custom`."""

    @property
    def touches(self) -> Sequence[NewTouchpoint]:
        """The touches told along with them."""

    @property
    def default_country(self) -> str | None:
        """The country of phone numbers that name none."""


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
    async def for_workspace(cls, uow: UnitOfWork, told: Sequence[Told]) -> Self:
        """What is needed to read these."""
        named = {each.fields.get("campaign_id") for each in told}
        named |= {touch.campaign_id for each in told for touch in each.touches}
        campaign_ids = {campaign_id for campaign_id in named if campaign_id is not None}
        declared = (
            await uow.custom_fields.by_key()
            if any(each.fields.get("custom") for each in told)
            else {}
        )
        country = None
        if any(e.default_country is None and needs_default_country(e.fields) for e in told):
            country = (await uow.workspace_settings.get(uow.workspace_id)).default_country
        return cls(
            declared,
            await uow.campaigns.existing(campaign_ids) if campaign_ids else set(),
            country,
        )

    def read(self, told: Told) -> tuple[dict[str, Any], list[Finding]]:
        """Columns for a new lead, and notes on what was left out of them."""
        notes: list[Finding] = []
        columns = {k: v for k, v in told.fields.items() if k in _KEPT and v is not None}
        if columns.get("campaign_id") not in self.campaigns:
            columns.pop("campaign_id", None)
        if "currency" in columns:
            try:
                check_currency(columns["currency"], "/currency")
            except Invalid as error:
                del columns["currency"]
                notes.append(Finding(code="does_not_fit", detail=error.detail, field="currency"))
        custom, found = self._custom(told.fields.get("custom") or {})
        return self.completed({**columns, "custom": custom}, told), notes + found

    def completed(self, columns: Mapping[str, Any], told: Told) -> dict[str, Any]:
        """The columns and all that follows from them."""
        names = {name: v for name, v in derived_names(columns).items() if v}
        country = told.default_country or self._default_country
        return {**columns, **names, **normalised({**columns, **names}, country)}

    def enriched(
        self, held: Mapping[str, Any], given: Mapping[str, Any], told: Told
    ) -> dict[str, Any]:
        """The columns of a lead when what is blank in it is filled in."""
        filled = blanks_filled(held, given)
        custom = {**(held.get("custom") or {}), **filled.pop("custom", {})}
        if "full_name" in filled:
            filled |= {name: v for name, v in derived_names(filled).items() if v}
        return self._after(held, filled, custom, told)

    def updated(
        self, held: Mapping[str, Any], given: Mapping[str, Any], told: Told
    ) -> dict[str, Any]:
        """The columns of a lead when all that is given takes the place of what it had."""
        changed = {
            name: value
            for name, value in given.items()
            if name != "custom" and value is not None and value != held.get(name)
        }
        custom = {**(held.get("custom") or {}), **(given.get("custom") or {})}
        changed |= names_after(held, changed)
        return self._after(held, changed, custom, told)

    def _after(
        self,
        held: Mapping[str, Any],
        changed: Mapping[str, Any],
        custom: dict[str, Any],
        told: Told,
    ) -> dict[str, Any]:
        """Normal forms are worked out for what is changed alone: those that are held may be due to
        another country."""
        after = {**held, **changed}
        asked = {typed for typed in NORMAL_FORMS if typed in changed}
        if "country" in asked and not held.get("phone_norm"):
            asked.add("phone")
        if "phone" in asked:
            asked.add("country")
        country = told.default_country or self._default_country
        columns = {**after, **normal_forms({typed: after.get(typed) for typed in asked}, country)}
        columns["custom"] = custom
        return {**columns, **following(columns)}

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
