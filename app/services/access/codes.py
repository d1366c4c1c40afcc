"""Codes that must exist: countries, currencies, time zones."""

from functools import cache
from zoneinfo import available_timezones

from app.adapters import normalisers
from app.domain.errors import Invalid


def check_country(code: str, pointer: str) -> None:
    """Raise Invalid unless this is an ISO 3166-1 alpha-2 code in capitals."""
    if len(code) != 2 or normalisers.country(code) != code:
        raise Invalid.field(pointer, "must be an ISO 3166-1 alpha-2 code such as DE")


def check_currency(code: str, pointer: str) -> None:
    """Raise Invalid unless this is an ISO 4217 code in capitals."""
    if normalisers.currency(code) != code:
        raise Invalid.field(pointer, "must be an ISO 4217 code such as EUR")


def check_time_zone(name: str, pointer: str) -> None:
    """Raise Invalid unless this is a name of the IANA time zone database."""
    if name not in _time_zones():
        raise Invalid.field(pointer, "must be an IANA time zone such as Europe/Berlin")


# Files beside the zones: what the machine is set to, and "nobody has set it".
_NO_ZONES = {"Factory", "localtime", "posixrules"}


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_ZONES)
