"""What a column of a file may become, and by which names such columns go elsewhere."""

import re
from dataclasses import dataclass
from enum import StrEnum

from app.domain.intake.fitting import LINE, PARAGRAPH, TEXT_LIMITS, URL
from app.domain.intake.import_names import column_names_of


class ImportKind(StrEnum):
    """What the rows of a file are."""

    LEADS = "leads"
    TOUCHPOINTS = "touchpoints"
    OPPORTUNITIES = "opportunities"
    AUDIT = "audit"


class ValueType(StrEnum):
    """How the text of a cell is read."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    CURRENCY = "currency"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"
    INSTANT = "instant"
    TOKEN = "token"  # noqa: S105 - a word such as form_submitted
    ID = "id"
    CAMPAIGN = "campaign"
    OWNER = "owner"
    TEAM = "team"


@dataclass(frozen=True)
class Target:
    """A place a column's values can go to."""

    name: str
    type: ValueType
    kinds: frozenset[ImportKind]
    longest: int = LINE
    names: tuple[str, ...] = ()


_LEADS = frozenset({ImportKind.LEADS})
_KEYS = frozenset(ImportKind)
_TOUCH = frozenset({ImportKind.LEADS, ImportKind.TOUCHPOINTS})
_DEAL = frozenset({ImportKind.LEADS, ImportKind.OPPORTUNITIES})
_AUDIT = frozenset({ImportKind.AUDIT})

_NAMES = column_names_of()

_TYPES = {
    "email": (ValueType.EMAIL, _KEYS),
    "phone": (ValueType.PHONE, _LEADS),
    "employee_count": (ValueType.INTEGER, _LEADS),
    "annual_revenue": (ValueType.MONEY, _LEADS),
    "annual_revenue_minor": (ValueType.INTEGER, _LEADS),
    "currency": (ValueType.CURRENCY, _LEADS),
    "campaign": (ValueType.CAMPAIGN, _LEADS),
    "owner": (ValueType.OWNER, _LEADS),
    "team": (ValueType.TEAM, _LEADS),
    "external_id": (ValueType.TEXT, _KEYS),
    "lead_id": (ValueType.ID, _KEYS),
    "created_at": (ValueType.INSTANT, _LEADS),
    "touch.kind": (ValueType.TOKEN, _TOUCH),
    "touch.occurred_at": (ValueType.INSTANT, _TOUCH),
    "touch.campaign": (ValueType.CAMPAIGN, _TOUCH),
    "converted_at": (ValueType.INSTANT, _DEAL),
    "opportunity.amount": (ValueType.MONEY, _DEAL),
    "opportunity.currency": (ValueType.CURRENCY, _DEAL),
    "opportunity.close_on": (ValueType.DATE, _DEAL),
    "audit.at": (ValueType.INSTANT, _AUDIT),
}
_BY_PREFIX = {"touch": _TOUCH, "opportunity": _DEAL, "account": _DEAL, "audit": _AUDIT}
_LONG = {
    "description": PARAGRAPH,
    "website": URL,
    "touch.summary": PARAGRAPH,
    "touch.page_url": URL,
    "touch.referrer": URL,
    "audit.old": PARAGRAPH,
    "audit.new": PARAGRAPH,
    "external_id": 255,
    "touch.external_id": 255,
    "account.name": 200,
    "opportunity.name": 200,
    "opportunity.stage": 200,
    "touch.channel": 50,
}


def _target(name: str) -> Target:
    kind, kinds = _TYPES.get(name, (ValueType.TEXT, _BY_PREFIX.get(name.partition(".")[0], _LEADS)))
    longest = _LONG.get(name, TEXT_LIMITS.get(name, LINE))
    names = tuple(plain_name(each) for each in _NAMES[name])
    return Target(name, kind, kinds, longest, names)


def plain_name(header: str) -> str:
    """A header without case, signs and blanks, so that `E-Mail` and `email` are one."""
    return re.sub(r"[\W_]+", "", header.casefold())


TARGETS: dict[str, Target] = {name: _target(name) for name in _NAMES}
CUSTOM = re.compile(r"custom\.[a-z][a-z0-9_]{0,49}")
PAYLOAD = re.compile(r"touch\.payload\.[A-Za-z0-9_ -]{1,50}")


def target_named(name: str) -> Target | None:
    """The target of this name; custom fields have a type of their own, found elsewhere."""
    if CUSTOM.fullmatch(name):
        return Target(name, ValueType.TEXT, _LEADS, 10_000)
    if PAYLOAD.fullmatch(name):
        return Target(name, ValueType.TEXT, _TOUCH, PARAGRAPH)
    return TARGETS.get(name)
