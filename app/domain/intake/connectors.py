"""Connectors: each takes what one vendor sends for one account, page or mailbox."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from app.domain.errors import FieldError, Invalid
from app.domain.intake.forms import Success

TOKEN_PURPOSE = "connector"  # noqa: S105 - what a token is for, no token


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

    @cached_property
    def reply(self) -> Success:
        """What senders get to see."""
        return Success.of(self.success)

    def took(self, received_at: datetime) -> bool:
        """Whether the connector was there when something was sent to it."""
        return self.archived_at is None or received_at < self.archived_at


def check_connector(connector: Connector, *, needs_secret: bool, takes_secret: bool) -> None:
    """Raise Invalid, naming every field that does not fit the others."""
    problems: list[FieldError] = []
    if needs_secret and connector.verify_signature and not connector.secret_set:
        detail = f"{connector.vendor} signs what it sends: give its secret, or turn the check off"
        problems.append(FieldError(pointer="/secret", code="missing", detail=detail))
    if connector.secret_set and not takes_secret:
        detail = f"{connector.vendor} is sent by browsers, which keep no secret"
        problems.append(FieldError(pointer="/secret", detail=detail))
    if problems:
        raise Invalid("the connector's fields do not fit together", errors=problems)
