"""Conversion: what a lead becomes. Pure rules; no record is read or written here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.errors import IllegalMove
from app.domain.leads.leads import Lead, advanced
from app.domain.leads.status import LEGAL_MOVES, LifecycleStage, Status, check_move
from app.domain.reach.events import Cause
from app.domain.sales.pipelines import StageKind


class OnMatch(StrEnum):
    """What to do when an account or contact that looks like the lead's exists."""

    REFUSE = "refuse"
    LINK = "link"
    CREATE = "create"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """For one record: link the one with this id, or create one with these values over the lead's.

    With neither the lead, or what else was chosen, decides.
    """

    id: UUID | None = None
    create: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a conversion is asked to make; `opportunity` None means none.

    One of the past, told from another system, says `at` when it was, and by what `cause` we know.
    """

    account: Choice = field(default_factory=Choice)
    contact: Choice = field(default_factory=Choice)
    opportunity: Choice | None = field(default_factory=Choice)
    override_reason: str | None = None
    on_match: OnMatch = OnMatch.REFUSE
    at: datetime | None = None
    closed_at: datetime | None = None
    cause: Cause | None = None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The newest answer about the lead's budget; without amount when it names none."""

    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class ConvertedRecord:
    """What became of one record: the values it was created with, or those that filled blanks."""

    id: UUID | None
    outcome: str
    values: dict[str, Any]
    filled: dict[str, Any]


@dataclass(eq=False, kw_only=True)
class Conversion:
    """A conversion as stored, by record: `created` holds values, `filled` holds filled blanks.

    In a rehearsal it has no id and no instant, and neither have records yet to be created.
    """

    workspace_id: UUID
    id: UUID | None
    lead_id: UUID
    account_id: UUID | None
    contact_id: UUID | None
    opportunity_id: UUID | None
    created: dict[str, dict[str, Any]]
    filled: dict[str, dict[str, Any]]
    override_reason: str | None
    converted_at: datetime | None
    user_id: UUID | None
    api_key_id: UUID | None

    @property
    def account(self) -> ConvertedRecord:
        """What became of the account."""
        return self._record("account", self.account_id)

    @property
    def contact(self) -> ConvertedRecord:
        """What became of the contact."""
        return self._record("contact", self.contact_id)

    @property
    def opportunity(self) -> ConvertedRecord | None:
        """What became of the opportunity; None when none was wanted."""
        if self.opportunity_id is None and "opportunity" not in self.created:
            return None
        return self._record("opportunity", self.opportunity_id)

    def _record(self, record: str, record_id: UUID | None) -> ConvertedRecord:
        return ConvertedRecord(
            id=record_id,
            outcome="created" if record in self.created else "linked",
            values=self.created.get(record, {}),
            filled=self.filled.get(record, {}),
        )


# --- From a lead to the values of records ------------------------------------------------

_PLACE = ("street", "city", "region", "postal_code", "country")
_NAME = ("first_name", "last_name", "full_name")
_ACCOUNT = (
    "website",
    "phone",
    *_PLACE,
    "industry",
    "employee_count",
    "annual_revenue_minor",
    "currency",
    "owner_id",
)
_CONTACT = (
    *_NAME,
    "title",
    "email",
    "phone",
    *_PLACE,
    "language",
    "description",
    "source",
    "owner_id",
)
_OPPORTUNITY = ("source", "campaign_id", "description", "owner_id")


def account_values(lead: Lead) -> dict[str, Any]:
    """The account of a lead: its company, or the person where there is none."""
    return {"name": _company_or_person(lead)} | _of(lead, _ACCOUNT)


def contact_values(lead: Lead) -> dict[str, Any]:
    """The contact of a lead. One of whom nothing is known bears the company's name."""
    values = _of(lead, _CONTACT)
    if not any(name in values for name in (*_NAME, "email", "phone")):
        values["full_name"] = _company_or_person(lead)
    return values


def opportunity_values(lead: Lead, budget: Budget | None, default_currency: str) -> dict[str, Any]:
    """The opportunity of a lead, worth the lead's budget as far as that is known."""
    values = {"name": _company_or_person(lead)} | _of(lead, _OPPORTUNITY)
    if budget is not None and budget.amount_minor is not None:
        values["amount_minor"] = budget.amount_minor
        values["currency"] = budget.currency or default_currency
    return values


def overridden(values: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The lead's values with those of the request over them; a null leaves a field blank.

    No amount ends up with the currency of another, and no name beside a different whole name.
    """
    kept = {name: value for name, value in values.items() if name not in overrides}
    if "full_name" in overrides:
        kept.pop("first_name", None)
        kept.pop("last_name", None)
    elif "first_name" in overrides or "last_name" in overrides:
        kept.pop("full_name", None)
    if "currency" in overrides and overrides["currency"] != values.get("currency"):
        kept.pop("amount_minor", None)
        kept.pop("annual_revenue_minor", None)
    if "amount_minor" in overrides:
        kept.pop("currency", None)
    return kept | dict(overrides)


def _company_or_person(lead: Lead) -> str:
    person = " ".join(part for part in (lead.first_name, lead.last_name) if part)
    names = (lead.company, lead.full_name, person, lead.email, lead.phone)
    return next((name for name in names if name and not _blank(name)), str(lead.id))


def _of(lead: Lead, names: Iterable[str]) -> dict[str, Any]:
    columns = vars(lead)
    return {name: columns[name] for name in names if not _blank(columns[name])}


# --- Filling blanks ----------------------------------------------------------------------

# Fields that only mean something together: half of one address and half of another is neither.
_TOGETHER = (
    _PLACE,
    _NAME,
    ("annual_revenue_minor", "currency"),
    ("amount_minor", "currency"),
)


def fill_blanks(present: Mapping[str, Any], offered: Mapping[str, Any]) -> dict[str, Any]:
    """What of `offered` goes into the blank fields of a record; what it holds is never changed.

    Fields that belong together are filled only where they do not speak against what is there.
    Both sides may tell a `country_code`, by which countries are compared.
    """
    against = {
        name
        for group in _TOGETHER
        if any(_differ(_meant(present, name), _meant(offered, name)) for name in group)
        for name in group
    }
    return {
        name: value
        for name, value in offered.items()
        if name != "country_code" and name not in against
        if _blank(present[name]) and not _blank(value)
    }


def _meant(columns: Mapping[str, Any], name: str) -> Any:
    code = columns.get("country_code") if name == "country" else None
    return code or columns.get(name)


def _differ(one: Any, other: Any) -> bool:
    return not (_blank(one) or _blank(other) or _folded(one) == _folded(other))


def _folded(value: Any) -> Any:
    return " ".join(value.casefold().split()) if isinstance(value, str) else value


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


# --- The lead itself ---------------------------------------------------------------------


def check_convertible(lead: Lead, override_reason: str | None) -> None:
    """Raise IllegalMove unless the lead is qualified, or open and a reason overrides that."""
    if lead.status == Status.DISQUALIFIED:
        raise IllegalMove(
            "a disqualified lead cannot be converted; reactivate it first",
            extra={
                "lead_status": lead.status,
                "legal_moves": sorted(LEGAL_MOVES[Status.DISQUALIFIED]),
            },
        )
    if override_reason is None:
        check_move(lead.status, Status.CONVERTED)


def converted(lead: Lead, opportunity_status: str | None, now: datetime) -> dict[str, Any]:
    """The changes to a lead that is converted: as far as its opportunity, if it has one, is."""
    reached = [LifecycleStage.SQL]
    if opportunity_status is not None:
        reached = [LifecycleStage.OPPORTUNITY]
    if opportunity_status == StageKind.WON:
        reached.append(LifecycleStage.CUSTOMER)
    changes: dict[str, Any] = {"status": Status.CONVERTED.value}
    for stage in reached:
        changes |= advanced(lead, stage, now)
    return changes
