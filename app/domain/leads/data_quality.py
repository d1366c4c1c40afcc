"""Data quality: what is known of a lead, what of it is of use, and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.leads.enrichment import Addresses
from app.domain.leads.field_history import ValueOrigin

# What it is worth to know a field; together 100.
WEIGHTS: dict[str, int] = {
    "email": 25,
    "phone": 20,
    "last_name": 10,
    "first_name": 5,
    "company": 15,
    "country": 10,
    "website": 5,
    "title": 5,
    "industry": 5,
}
# The column that is filled when the typed value is a valid one.
_NORMAL_FORMS = {
    "email": "email_norm",
    "phone": "phone_norm",
    "country": "country_code",
    "website": "web_domain",
}
FURTHER = (
    "full_name",
    "street",
    "city",
    "region",
    "postal_code",
    "employee_count",
    "annual_revenue_minor",
    "language",
)


class GroupBy(StrEnum):
    """What leads are grouped by."""

    SOURCE = "source"
    FORM = "form"
    IMPORT = "import"


@dataclass(frozen=True, kw_only=True)
class FieldQuality:
    """How good a field's value is. `valid` is None where nothing can tell."""

    field: str
    present: bool
    valid: bool | None
    verified: bool
    source: str | None
    source_name: str | None
    since: datetime | None
    age_days: int | None
    weight: int


@dataclass(frozen=True, kw_only=True)
class LeadQuality:
    """How good the data of a lead is, from 0 to 100."""

    score: int
    fields: list[FieldQuality]
    missing: list[str]
    invalid: list[str]
    free_mail: bool
    disposable: bool
    role_address: bool


@dataclass(frozen=True, kw_only=True)
class GroupQuality:
    """How good the data of a group of leads is; counts of leads."""

    group: str | None
    label: str | None
    leads: int
    present: dict[str, int]
    valid_email: int
    valid_phone: int
    reachable: int
    free_mail: int
    disposable: int

    @property
    def completeness(self) -> int:
        """The average, from 0 to 100, of what the leads have of the weighted fields."""
        if not self.leads:
            return 0
        worth = sum(weight * self.present[name] for name, weight in WEIGHTS.items())
        return round(worth / self.leads)


def quality_of(
    values: Mapping[str, Any],
    origins: Mapping[str, ValueOrigin],
    verified: Mapping[str, bool],
    known: Addresses,
    now: datetime,
) -> LeadQuality:
    """The quality of a lead's data.

    The score is the sum of the weights of the fields that hold a valid value, of 100: e-mail 25,
    phone 20, company 15, last name 10, country 10, first name, website, title and industry 5 each.
    A value that cannot be read for what it should be counts nothing; a disposable e-mail address
    counts nothing either, and one of a role (info@) counts half.
    """
    fields = [_quality(name, values, origins, verified, now) for name in (*WEIGHTS, *FURTHER)]
    usable = {
        found.field: found.weight for found in fields if found.present and found.valid is not False
    }
    score = sum(usable.values())
    if "email" in usable and known.disposable:
        score -= WEIGHTS["email"]
    elif "email" in usable and known.role:
        score -= WEIGHTS["email"] // 2
    return LeadQuality(
        score=score,
        fields=fields,
        missing=[found.field for found in fields if found.weight and not found.present],
        invalid=[found.field for found in fields if found.present and found.valid is False],
        free_mail=known.free_mail,
        disposable=known.disposable,
        role_address=known.role,
    )


def _quality(
    name: str,
    values: Mapping[str, Any],
    origins: Mapping[str, ValueOrigin],
    verified: Mapping[str, bool],
    now: datetime,
) -> FieldQuality:
    present = values.get(name) not in (None, "")
    normal_form = _NORMAL_FORMS.get(name)
    origin = origins.get(name) if present else None
    return FieldQuality(
        field=name,
        present=present,
        valid=bool(values.get(normal_form)) if present and normal_form else None,
        verified=present and verified.get(name, False),
        source=origin.source if origin else None,
        source_name=origin.name if origin else None,
        since=origin.at if origin else None,
        age_days=max(0, (now - origin.at).days) if origin else None,
        weight=WEIGHTS.get(name, 0),
    )
