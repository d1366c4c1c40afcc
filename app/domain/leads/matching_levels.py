"""The level that two records reach in each field: symmetric, and silent about what either lacks."""

from collections.abc import Sequence
from typing import Any

from app.domain.leads.matching import CUSTOM, Comparison, Features, Mailbox
from app.domain.leads.matching_names import (
    CLOSE_NAME,
    Likeness,
    Similarities,
    compared_names,
    likeness_of,
)

CLOSE_COMPANY = 0.90
CLOSE_STREET = 0.85
CLOSE_LOCAL_PART = 0.92
SHORTEST_LOCAL_PART = 6
SHORTEST_CLOSE_VALUE = 5


def compare(
    one: Features, other: Features, similar: Similarities, custom: Sequence[str] = ()
) -> list[Comparison]:
    """Every field that both have, and of the custom fields those that are asked for."""
    names = list(compared_names(one, other, similar))
    likeness = likeness_of(names)
    found = [
        _email(one, other, similar, likeness),
        _phone(one, other, likeness),
        *names,
        _company(one, other, similar),
        _address(one, other, similar, likeness),
        _country(one, other),
        *(_custom(one, other, key, similar) for key in custom),
    ]
    return [comparison for comparison in found if comparison is not None]


# --- Ways to reach somebody --------------------------------------------------

_EMAIL_LEVELS = (
    "exact",
    "exact_shared",
    "close",
    "local_part",
    "local_part_name",
    "domain",
    "different",
)


_OTHER = {Likeness.APART: "exact_other_name", Likeness.UNCLEAR: "exact_unclear"}


def _email(
    one: Features, other: Features, similar: Similarities, likeness: Likeness
) -> Comparison | None:
    reached = {_boxes(a, b, similar) for a in one.mailboxes for b in other.mailboxes}
    level = next((level for level in _EMAIL_LEVELS if level in reached), None)
    if level is None:
        return None
    if level == "exact" and likeness in _OTHER:
        level = _OTHER[likeness]
    elif likeness is Likeness.APART and level not in ("exact_shared", "domain"):
        level = "different"
    return Comparison("email", level)


def _boxes(a: Mailbox, b: Mailbox, similar: Similarities) -> str | None:
    if a.address == b.address:
        return "exact_shared" if a.shared or b.shared else "exact"
    if a.shared or b.shared:
        # Whoever writes from a role's address has one of their own as well.
        return None
    telling, free = a.telling and b.telling, a.free or b.free
    if a.domain == b.domain:
        if a.local == b.local or _close_local(a.local, b.local, similar):
            return "close" if telling or not free else "local_part_name"
        return "different" if free else "domain"
    if a.local == b.local and len(a.local) >= SHORTEST_LOCAL_PART:
        if not telling:
            return "local_part_name"
        return "close" if similar.edits(a.domain, b.domain) <= 2 else "local_part"
    return "different"


def _close_local(a: str, b: str, similar: Similarities) -> bool:
    if min(len(a), len(b)) < SHORTEST_LOCAL_PART or _digits(a) != _digits(b):
        return False
    return similar.edits(a, b) <= 1


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _phone(one: Features, other: Features, likeness: Likeness) -> Comparison | None:
    if not (one.phones and other.phones):
        return None
    common = one.phones & other.phones
    if not common:
        return Comparison("phone", "different")
    if likeness is Likeness.APART:
        return Comparison("phone", "exact_other_name")
    if common <= one.shared_phones | other.shared_phones:
        return Comparison("phone", "exact_shared")
    return Comparison("phone", "exact" if likeness is Likeness.ONE else "exact_unclear")


# --- Where they work and live ------------------------------------------------


def _company(one: Features, other: Features, similar: Similarities) -> Comparison | None:
    """As `account` where the company is what is compared, and not only where somebody works."""
    company = one.is_company or other.is_company or not (one.named or other.named)
    name = "account" if company else "company"
    a, b = one.company, other.company
    if a and b:
        if a == b:
            return Comparison(name, "exact", a)
        if a.replace(" ", "") == b.replace(" ", ""):
            return Comparison(name, "close")
        if max(similar.letters(a, b), similar.words(a, b)) >= CLOSE_COMPANY:
            return Comparison(name, "close")
    if one.domains & other.domains or _named_by_domain(one, other) or _named_by_domain(other, one):
        return Comparison(name, "domain")
    return Comparison(name, "different") if a and b else None


def _named_by_domain(one: Features, other: Features) -> bool:
    """Whether the name of the one is that of the other's domain: `atlas-energie.de`."""
    return bool(one.company) and one.company.replace(" ", "") in other.domain_names


def _address(
    one: Features, other: Features, similar: Similarities, likeness: Likeness
) -> Comparison | None:
    level = _address_level(one, other, similar)
    if level is None or level == "different":
        return Comparison("address", level) if level else None
    if likeness is Likeness.APART:
        level = "exact_other_name"
    elif likeness is not Likeness.ONE and level in ("exact", "close", "street"):
        level = "exact_unclear"
    return Comparison("address", level)


def _address_level(one: Features, other: Features, similar: Similarities) -> str | None:
    code = _same(one.postal_code, other.postal_code)
    city = _same_city(one.city, other.city, similar)
    if code is None and city is None:
        return None
    near = bool(code or city)
    if one.street and other.street:
        return _street_level(one, other, similar, code=code, near=near)
    if code:
        return "postal_code"
    # A city with another postal code says little either way.
    return "city" if city else "different"


def _street_level(
    one: Features, other: Features, similar: Similarities, *, code: bool | None, near: bool
) -> str:
    alike = max(similar.letters(one.street, other.street), similar.words(one.street, other.street))
    same_street = alike >= CLOSE_STREET
    house = _same(one.house, other.house)
    if same_street and near:
        if house is False:
            return "street"
        return "exact" if one.street == other.street and house else "close"
    if same_street and house:
        # The street and number, in what seems to be another place: a slip in the postal code.
        return "street"
    if code and house:
        return "street"
    return "city" if near else "different"


def _same(a: str, b: str) -> bool | None:
    return a == b if a and b else None


def _same_city(a: str, b: str, similar: Similarities) -> bool | None:
    return similar.letters(a, b) >= CLOSE_NAME if a and b else None


def _country(one: Features, other: Features) -> Comparison | None:
    same = _same(one.country, other.country)
    return None if same is None else Comparison("country", "exact" if same else "different")


# --- A workspace's own fields ------------------------------------------------


def _custom(one: Features, other: Features, key: str, similar: Similarities) -> Comparison | None:
    a, b = one.custom.get(key, ""), other.custom.get(key, "")
    if not (a and b):
        return None
    name = CUSTOM + key
    if a == b:
        return Comparison(name, "exact", a)
    return Comparison(name, "close" if _close_value(a, b, similar) else "different")


def _close_value(a: str, b: str, similar: Similarities) -> bool:
    """One slip of the keyboard, or day and month in the other order."""
    if min(len(a), len(b)) < SHORTEST_CLOSE_VALUE:
        return False
    if similar.edits(a, b) <= 1:
        return True
    return _as_date(a) is not None and sorted(a) == sorted(b) and a[:4] == b[:4]


def _as_date(text: str) -> Any:
    return text if len(text) == 8 and text.isdigit() else None
