"""Connectors: each takes what one vendor sends for one account, page or mailbox."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from app.domain.errors import FieldError, Invalid
from app.domain.intake.forms import Success

TOKEN_PURPOSE = "connector"  # noqa: S105 - what a token is for, no token
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


class VendorName(StrEnum):
    """Who sends."""

    SALESFORCE_WEB_TO_LEAD = "salesforce_web_to_lead"
    HUBSPOT_FORMS = "hubspot_forms"
    GOOGLE_ADS = "google_ads"
    META_LEAD_ADS = "meta_lead_ads"
    LINKEDIN = "linkedin"
    TYPEFORM = "typeform"
    CALENDLY = "calendly"
    WEBFLOW = "webflow"
    ELEMENTOR = "elementor"
    GRAVITY_FORMS = "gravity_forms"
    CONTACT_FORM_7 = "contact_form_7"
    UNBOUNCE = "unbounce"
    MAILCHIMP = "mailchimp"
    GENERIC_JSON = "generic_json"
    EMAIL = "email"


@dataclass(eq=False, kw_only=True)
class Connector:
    """A connector as stored; what it holds in secret is sealed."""

    workspace_id: UUID
    id: UUID
    name: str
    vendor: str
    active: bool
    verify_signature: bool
    secret_sealed: bytes | None
    access_token_sealed: bytes | None
    api_url: str | None
    touch_kind: str | None
    source: str | None
    campaign_id: UUID | None
    default_country: str | None
    mapping: list[dict[str, Any]]
    consent_purposes: dict[str, str]
    success: dict[str, Any]
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def secret_set(self) -> bool:
        """Whether there is a secret; it is never shown."""
        return self.secret_sealed is not None

    @property
    def access_token_set(self) -> bool:
        """Whether there is an access token; it is never shown."""
        return self.access_token_sealed is not None

    @property
    def reply(self) -> Success:
        """What senders get to see."""
        return Success.of(self.success)

    def took(self, received_at: datetime) -> bool:
        """Whether the connector was there when something was sent to it."""
        return self.archived_at is None or received_at < self.archived_at


def check_connector(
    connector: Connector, *, needs_secret: bool, takes_secret: bool, fetches: bool
) -> None:
    """Raise Invalid, naming every field that does not fit the others."""
    vendor = connector.vendor
    problems: list[FieldError] = []
    if needs_secret and connector.verify_signature and not connector.secret_set:
        detail = f"{vendor} signs what it sends: give its secret, or turn verify_signature off"
        problems.append(FieldError(pointer="/secret", code="missing", detail=detail))
    if connector.secret_set and not takes_secret:
        detail = f"{vendor} is sent by browsers, which keep no secret"
        problems.append(FieldError(pointer="/secret", detail=detail))
    if not fetches:
        useless = {"access_token": connector.access_token_set, "api_url": connector.api_url}
        problems += [
            FieldError(pointer=f"/{name}", detail=f"nothing is fetched from {vendor}")
            for name, given in useless.items()
            if given
        ]
    problems += _reply_faults(connector.reply)
    if problems:
        raise Invalid("the connector's fields do not fit together", errors=problems)


def _reply_faults(reply: Success) -> Iterator[FieldError]:
    if reply.redirect_url is not None and not _is_page(reply.redirect_url):
        detail = "must be an http or https URL in ASCII"
        yield FieldError(pointer="/success/redirect_url", detail=detail)
    for place, host in enumerate(reply.redirect_hosts):
        if not _HOST.fullmatch(host):
            detail = "must be the name of a host in lower case, such as www.example.com"
            yield FieldError(pointer=f"/success/redirect_hosts/{place}", detail=detail)


def _is_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not {" ", "\\"} & set(url)
    return plain and parts.scheme in {"http", "https"} and bool(parts.hostname)
