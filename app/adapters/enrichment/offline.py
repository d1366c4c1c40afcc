"""What can be known of addresses without asking anybody: no network, no waiting.

Nothing here raises, whatever strangers typed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import maxminddb
import phonenumbers
import structlog
from disposable_email_domains import blocklist

from app.adapters import normalisers
from app.adapters.disposable import is_disposable
from app.adapters.free_mail import FREE_MAIL
from app.domain.leads.enrichment import Addresses
from app.domain.leads.role_addresses import is_role_address

log = structlog.get_logger("touchline.enrichment")

DISPOSABLE = frozenset(blocklist)


def is_free_mail(domain: str) -> bool:
    """Whether anybody can have an address at this domain, or one that it belongs to."""
    return domain in FREE_MAIL or normalisers.web_domain(domain) in FREE_MAIL


class OfflineEnrichment:
    """The tables, and the operator's file of addresses where there is one."""

    def __init__(self, geoip_path: Path | None = None) -> None:
        self._reader = _opened(geoip_path) if geoip_path else None

    @property
    def knows_addresses(self) -> bool:
        """Whether IP addresses can be looked up."""
        return self._reader is not None

    def known_of(self, columns: Mapping[str, Any], address: str | None = None) -> Addresses:
        """What the columns of a lead tell, and the address that it was sent from."""
        email = columns.get("email_norm") or ""
        domain = email.rpartition("@")[2] or None
        free, disposable = bool(domain and is_free_mail(domain)), is_disposable(email)
        company = normalisers.web_domain(domain) if domain and not free and not disposable else None
        full_name = columns.get("full_name")
        name = normalisers.person_name(full_name) if full_name else None
        web_domain = columns.get("web_domain")
        return Addresses(
            email_domain=domain,
            free_mail=free,
            disposable=disposable,
            role=bool(email) and is_role_address(email),
            company_domain=company,
            web_domain_is_free_mail=bool(web_domain and is_free_mail(web_domain)),
            phone_country=_phone_country(columns.get("phone"), columns.get("phone_norm")),
            ip_country=self._ip_country(address) if address else None,
            given_name=name.given if name else None,
            family_name=name.family if name else None,
        )

    def _ip_country(self, address: str) -> str | None:
        if self._reader is None:
            return None
        try:
            found: Any = self._reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None
        country = found.get("country") if isinstance(found, dict) else None
        # Some files have the code itself, those of MaxMind an object around it.
        code = country.get("iso_code") if isinstance(country, dict) else country
        return normalisers.country(code) if isinstance(code, str) else None


def _phone_country(typed: str | None, e164: str | None) -> str | None:
    """The country of a number that says so itself: of one without its prefix it was assumed."""
    if not typed or not e164 or not typed.lstrip().startswith(("+", "00", "(+")):
        return None
    region = phonenumbers.region_code_for_number(phonenumbers.parse(e164, None))
    # 001 stands for numbers of no country, such as those of satellites.
    return region if region and region.isalpha() else None


def _opened(path: Path) -> maxminddb.Reader | None:
    try:
        return maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        log.warning("the file of addresses cannot be read", path=str(path), why=str(error))
        return None
