"""A record's columns in the form in which records are compared, and its keys of candidates."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from app.adapters import normalisers
from app.adapters.company_names import company_core
from app.adapters.free_mail import FREE_MAIL
from app.adapters.name_forms import (
    family_of,
    folded,
    given_of,
    postal_code_of,
    sound,
    street_of,
    whole_of,
)
from app.adapters.nicknames import roots_of
from app.domain.leads.matching import Features, Mailbox
from app.domain.leads.role_addresses import is_role_address

CUSTOM_VALUE_LENGTH = 100

_WORD = re.compile(r"[^a-z0-9]+")


def features_of(
    columns: Mapping[str, Any],
    *,
    emails: Collection[str] = (),
    phones: Collection[str] = (),
    shared: Collection[str] = (),
    is_company: bool = False,
) -> Features:
    """The record's features; further addresses and numbers come from its identities, `shared` names
    those that are known to belong to several people."""
    given, family, whole = _names(columns)
    addresses = dict.fromkeys(filter(None, (columns.get("email_norm"), *emails)))
    mailboxes = tuple(
        _mailbox(address, given, family, known_shared=address in shared) for address in addresses
    )
    numbers = frozenset(filter(None, (columns.get("phone_norm"), *phones)))
    street, house = street_of(columns.get("street") or "")
    domains = {box.domain for box in mailboxes if not box.free}
    if columns.get("web_domain"):
        domains.add(columns["web_domain"])
    return Features(
        mailboxes=mailboxes,
        phones=numbers,
        shared_phones=numbers & frozenset(shared),
        given=given,
        given_roots=_roots(given),
        given_sound=sound(given) if given else "",
        family=family,
        family_sound=sound(family) if family else "",
        whole=whole,
        company=company_core(columns.get("company") or ""),
        domains=frozenset(domains),
        domain_names=frozenset(map(_domain_name, domains)),
        street=street,
        house=house,
        postal_code=postal_code_of(columns.get("postal_code") or ""),
        city=folded(columns.get("city") or ""),
        country=columns.get("country_code") or "",
        custom=_custom(columns.get("custom") or {}),
        is_company=is_company,
    )


def account_features(columns: Mapping[str, Any]) -> Features:
    """An account's features: it is a company without a person."""
    return features_of({**columns, "company": columns.get("name")}, is_company=True)


def _names(columns: Mapping[str, Any]) -> tuple[str, str, str]:
    first, last = columns.get("first_name") or "", columns.get("last_name") or ""
    full = columns.get("full_name") or ""
    given, family = given_of(first), family_of(last)
    whole = f"{given} {family}".strip() or whole_of(full)
    return given, family, whole


def _roots(given: str) -> tuple[str, ...]:
    """Of the whole given name or, when nobody listed that, of its first word."""
    return roots_of(given) or (roots_of(given.split(maxsplit=1)[0]) if " " in given else ())


def _mailbox(address: str, given: str, family: str, *, known_shared: bool) -> Mailbox:
    local, _, domain = address.rpartition("@")
    plain = folded(local.partition("+")[0]).replace(" ", "")
    registrable = _registrable(domain)
    return Mailbox(
        address=address,
        local=plain,
        domain=registrable,
        free=_is_free(domain, registrable),
        shared=known_shared or is_role_address(address),
        telling=_is_telling(plain, given, family),
    )


def _is_telling(local: str, given: str, family: str) -> bool:
    """Whether the local part is more than the name, which every namesake would choose."""
    if sum(letter.isdigit() for letter in local) >= 2:
        return True
    rest = local
    for word in (*family.split(), *given.split()):
        rest = rest.replace(word, "", 1)
    return bool(given or family) and len(rest) > 2


@lru_cache(maxsize=50_000)
def _registrable(domain: str) -> str:
    return normalisers.web_domain(domain) or domain


@lru_cache(maxsize=50_000)
def _domain_name(domain: str) -> str:
    """`atlas-energie.de` as a company's name would be spelled without spaces."""
    return folded(domain.partition(".")[0]).replace(" ", "")


def _is_free(domain: str, registrable: str) -> bool:
    return domain in FREE_MAIL or registrable in FREE_MAIL


def _custom(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: text for key, value in values.items() if (text := _as_text(value))}


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, list | dict):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _WORD.sub("", folded(str(value)[:CUSTOM_VALUE_LENGTH]))


def warm_up() -> None:
    """Load every table, so that no request pays for it."""
    features_of(
        {
            "first_name": "Ada",
            "last_name": "Müller",
            "company": "Müller Ltd",
            "email_norm": "ada@example.com",
            "street": "Hauptstr. 1",
        }
    )
