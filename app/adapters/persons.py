"""What tells people apart, from what was typed: names and companies in comparable form."""

import re
from collections.abc import Mapping
from typing import Any

from anyascii import anyascii

from app.adapters import normalisers
from app.adapters.free_mail import FREE_MAIL
from app.domain.leads.identities import Person
from app.domain.leads.role_addresses import is_role_address

_WORD = re.compile(r"[a-z0-9]+")


def name_words(*parts: str | None) -> tuple[str, ...]:
    """The words of a name, folded and in Latin letters."""
    text = " ".join(part[:200] for part in parts if part)
    return tuple(_WORD.findall((text if text.isascii() else anyascii(text)).lower()))[:10]


def person_of(columns: Mapping[str, Any]) -> Person:
    """The person that a lead's columns tell of."""
    first, last = columns.get("first_name"), columns.get("last_name")
    whole = columns.get("full_name")
    email = columns.get("email_norm") or ""
    domain = email.rpartition("@")[2]
    return Person(
        name=name_words(first, last) if (first and last) or not whole else name_words(whole),
        company=normalisers.name_key(columns.get("company") or ""),
        email="" if is_role_address(email) else email,
        domain="" if domain in FREE_MAIL else domain,
        is_trial=bool(columns.get("is_test")),
    )
