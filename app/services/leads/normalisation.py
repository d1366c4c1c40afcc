"""Normalised values beside the typed ones; what cannot be normalised is kept and flagged."""

from collections.abc import Mapping
from typing import Any

from app.adapters import normalisers
from app.adapters.match_features import account_features, features_of
from app.adapters.match_keys import lead_key, record_key
from app.domain.sales.conversion import overridden
from app.repositories.unit_of_work import UnitOfWork

# Fields whose change asks for everything here to be worked out anew.
SOURCES = frozenset(
    {
        "first_name",
        "last_name",
        "full_name",
        "company",
        "email",
        "phone",
        "website",
        "country",
    }
)

# Fields whose change leaves the normal forms as they are, and asks for the keys anew.
KEYED = frozenset({"postal_code", "custom"})


def needs_default_country(fields: Mapping[str, Any]) -> bool:
    """True when a phone number can only be read with the workspace's country."""
    phone = fields.get("phone")
    if not phone or phone.lstrip().startswith("+"):
        return False
    return not (fields.get("country") and normalisers.country(fields["country"]))


# The field as typed, and the column with its normal form.
NORMAL_FORMS = {
    "email": "email_norm",
    "phone": "phone_norm",
    "country": "country_code",
    "website": "web_domain",
}


def normal_forms(fields: Mapping[str, Any], default_country: str | None) -> dict[str, Any]:
    """The normal forms of the typed fields that are given; None where there is none."""
    country_code = _of(fields, "country", normalisers.country)
    phone = fields.get("phone")
    forms = {
        "email_norm": _of(fields, "email", normalisers.email),
        "phone_norm": normalisers.phone(phone, country_code or default_country) if phone else None,
        "country_code": country_code,
        "web_domain": _of(fields, "website", normalisers.web_domain),
    }
    return {form: forms[form] for typed, form in NORMAL_FORMS.items() if typed in fields}


async def normal_forms_in(uow: UnitOfWork, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with the workspace's country where a phone number needs it."""
    if not needs_default_country(fields):
        return normal_forms(fields, None)
    settings = await uow.workspace_settings.get(uow.workspace_id)
    return normal_forms(fields, settings.default_country)


def normalised(fields: Mapping[str, Any], default_country: str | None) -> dict[str, Any]:
    """The columns that follow from the typed fields of a lead."""
    columns: dict[str, Any] = dict.fromkeys(NORMAL_FORMS.values())
    columns |= normal_forms(fields, default_country)
    return columns | following({**fields, **columns})


def following(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from the typed fields and their normal forms together."""
    return {
        "unnormalised": [
            typed
            for typed, form in NORMAL_FORMS.items()
            if columns.get(typed) and columns.get(form) is None
        ],
        "search_key": normalisers.search_key(
            columns.get("first_name"),
            columns.get("last_name"),
            columns.get("full_name"),
            columns.get("company"),
            columns.get("email"),
        ),
        "match_key": lead_key(features_of(columns)),
    }


def contact_key(columns: Mapping[str, Any]) -> str:
    """The match key of a contact with these columns."""
    return record_key(features_of(columns))


def account_key(columns: Mapping[str, Any]) -> str:
    """The match key of an account with these columns."""
    return record_key(account_features(columns))


def derived_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    """First and last name read off a full name, when neither was given."""
    full_name = fields.get("full_name")
    if not full_name or fields.get("first_name") or fields.get("last_name"):
        return {}
    name = normalisers.person_name(full_name)
    return {"first_name": name.given, "last_name": name.family}


_NAMES = ("first_name", "last_name", "full_name")


def names_after(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The names after a change of any, none beside a different whole name; else nothing.

    The parts are read off a new whole name unless they are given, too. To take the whole name away
    leaves the parts.
    """
    told = {name: given[name] for name in _NAMES if name in given}
    if all(before[name] == value for name, value in told.items()):
        return {}
    if told.get("full_name", "another") in (None, before["full_name"]):
        return {}
    present = {name: before[name] for name in _NAMES}
    names: dict[str, Any] = dict.fromkeys(_NAMES) | overridden(present, told)
    return names if len(told) > 1 else names | derived_names(names)


def _of(fields: Mapping[str, Any], name: str, normalise: Any) -> str | None:
    value = fields.get(name)
    return normalise(value) if value else None
