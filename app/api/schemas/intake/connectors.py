"""Connectors over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.fields import (
    Body,
    Flag,
    Label,
    Line,
    Paragraph,
    Read,
    Token,
    Url,
    about,
    kept,
    optional,
)
from app.api.schemas.intake.forms import FormTestConsent, FormTestFinding, FormTestTouch
from app.api.schemas.intake.mapping import Mapping, rules_of
from app.domain.intake.connectors import Connector, VendorName
from app.platform.secrets import Secrets
from app.services.intake.connector_secrets import hook_token_of, verify_token_of
from app.services.intake.connectors import Rehearsal

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
A_PATH = "/v1/connectors/AZJ9XgscfDqbHl1PantsnQGSfV4LHHw6mx5dT2p7bJ0pWq1m8xKf3g==/hook"
A_WORD = "5f2b8c0d9e1a4b7c8d6e5f4a3b2c1d0e"

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Secret = Annotated[str, Field(min_length=1, max_length=4_000)]
BaseUrl = Annotated[str, Field(pattern=r"^https?://[!-~]{1,300}[!-.0-~]$")]
Purposes = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=200)], Token], Field(max_length=100)
]
Hosts = Annotated[list[Annotated[str, Field(min_length=1, max_length=253)]], Field(max_length=50)]

_ABOUT_PROOF = (
    "The vendor's signing secret or key; for vendors without one, a secret to send along in the "
    "header X-Webhook-Secret, as bearer token, or as `?secret=`. Kept sealed, never shown."
)
_ABOUT_ASKING = "For asking the vendor for leads that it only names. Kept sealed, never shown."
_ABOUT_PURPOSES = "Our word for each of the vendor's purposes of consent."
A_MAPPING = [{"to": "custom.budget", "from": "What is your budget?"}]


class ConnectorSuccess(Body):
    """What a browser or a site's script gets; other vendors get what they expect."""

    message: Paragraph | None = optional("What people read.", "Thank you!")
    redirect_url: Url | None = optional(
        "Where they are sent instead.", "https://www.example.com/thanks"
    )
    redirect_hosts: Hosts = about(
        "Hosts that a form may send people to by its retURL.",
        ["www.example.com"],
        default_factory=list,
    )


class ConnectorSuccessUpdate(Body):
    """The same; absent members stay."""

    message: Paragraph | None = optional("What people read.", "Thank you!")
    redirect_url: Url | None = optional(
        "Where they are sent instead.", "https://www.example.com/thanks"
    )
    redirect_hosts: Hosts = kept("Hosts that a form may send people to.", ["www.example.com"])


class ConnectorCreate(Body):
    """A new connector: who sends, how that is proven, and where the answers go."""

    name: Label = about("What it is called.", "Google Ads, Germany")
    vendor: VendorName = about("The vendor that sends.", "generic_json")
    active: Flag = about("Whether leads are captured from it.", example=True, default=True)
    verify_signature: Flag = about(
        "Whether calls have to be proven to be the vendor's; false takes any.",
        example=True,
        default=True,
    )
    secret: Secret | None = optional(_ABOUT_PROOF, "s3cret-of-the-webhook")
    access_token: Secret | None = optional(_ABOUT_ASKING, "EAAGm0PX4ZCps")
    api_url: BaseUrl | None = optional(
        "Where to ask, when not at the vendor's usual place.", "https://graph.facebook.com/v23.0"
    )
    touch_kind: Token | None = optional(
        "The kind of touchpoint it makes; the vendor's usual one when absent.", "form_submitted"
    )
    source: Line | None = optional("The source of its leads; the vendor if absent.", "google_ads")
    campaign_id: UUID | None = optional("The campaign that its touches belong to.")
    default_country: Country | None = optional(
        "Where phone numbers without a country are from; the workspace's country if absent.", "DE"
    )
    mapping: Mapping = about(
        "Fields of a lead that are made of answers, by the vendor's names. What the vendor says "
        "of the lead stands under `vendor`.",
        A_MAPPING,
        default_factory=list,
    )
    consent_purposes: Purposes = about(
        _ABOUT_PURPOSES, {"subscription:999": "newsletter"}, default_factory=dict
    )
    success: ConnectorSuccess = about("What senders get.", default_factory=ConnectorSuccess)

    def told(self) -> dict[str, Any]:
        """The members, as the domain reads them."""
        return self.model_dump(mode="python") | {
            "vendor": self.vendor.value,
            "mapping": rules_of(self.mapping),
        }


class ConnectorUpdate(Body):
    """A JSON merge patch: absent members stay, null clears, lists are replaced as a whole."""

    name: Label = kept("What it is called.", "Google Ads, Germany")
    active: Flag = kept("Whether leads are captured from it; false archives it.", example=False)
    verify_signature: Flag = kept("Whether calls have to be proven.", example=True)
    secret: Secret | None = optional(_ABOUT_PROOF, "s3cret-of-the-webhook")
    access_token: Secret | None = optional(_ABOUT_ASKING, "EAAGm0PX4ZCps")
    api_url: BaseUrl | None = optional("Where to ask.", "https://graph.facebook.com/v23.0")
    touch_kind: Token | None = optional("The kind of touchpoint it makes.", "form_submitted")
    source: Line | None = optional("The source of its leads.", "google_ads")
    campaign_id: UUID | None = optional("The campaign that its touches belong to.")
    default_country: Country | None = optional("Where phone numbers are from.", "DE")
    mapping: Mapping = kept("All the rules.", A_MAPPING)
    consent_purposes: Purposes = kept(_ABOUT_PURPOSES, {"subscription:999": "newsletter"})
    success: ConnectorSuccessUpdate = kept("What senders get.")

    def told(self) -> dict[str, Any]:
        """The members that were sent."""
        sent = self.model_dump(exclude_unset=True)
        return sent | ({"mapping": rules_of(self.mapping)} if "mapping" in sent else {})


class ConnectorRead(Read):
    """A connector as stored."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about("What it is called.", "Google Ads, Germany")
    vendor: VendorName = about("The vendor that sends.", "generic_json")
    hook_path: str = about("Where it is sent to: paste it, behind this host, there.", A_PATH)
    verify_token: str = about("For vendors that ask for one, such as Meta.", A_WORD)
    active: bool = about("Whether leads are captured from it.", example=True)
    verify_signature: bool = about("Whether calls have to be proven.", example=True)
    secret_set: bool = about("Whether there is a secret.", example=True)
    access_token_set: bool = about("Whether there is an access token.", example=False)
    api_url: str | None = about("Where to ask.", "https://graph.facebook.com/v23.0")
    touch_kind: str | None = about("The kind of touchpoint it makes.", "form_submitted")
    source: str | None = about("The source of its leads.", "google_ads")
    campaign_id: UUID | None = about("The campaign that its touches belong to.")
    default_country: str | None = about("Where phone numbers are from.", "DE")
    mapping: list[dict[str, Any]] = about("How fields are made of answers.", A_MAPPING)
    consent_purposes: dict[str, str] = about(_ABOUT_PURPOSES, {"subscription:999": "newsletter"})
    success: ConnectorSuccess = about("What senders get.")
    archived_at: datetime | None = about("When it was archived.", "2026-03-02T09:30:00Z")
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)

    @classmethod
    def of_connector(cls, connector: Connector, secrets: Secrets) -> Self:
        """The connector with what is worked out and stored nowhere."""
        return cls.model_validate(
            vars(connector)
            | {
                "hook_path": f"/v1/connectors/{hook_token_of(secrets, connector)}/hook",
                "verify_token": verify_token_of(secrets, connector),
                "secret_set": connector.secret_set,
                "access_token_set": connector.access_token_set,
            }
        )


class ConnectorQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    vendor: list[VendorName] | None = optional("Vendors.", ["google_ads"])
    active: bool | None = optional("Only those that capture, or only the archived.", "true")


class ConnectorTestPart(Read):
    """What one lead of the call would become."""

    outcome: Literal["captured", "held", "fetched"] = about(
        "`fetched`: the vendor would first be asked for the lead.", "captured"
    )
    vendor_id: str | None = about("The vendor's id for the lead.", "evt-1")
    is_test: bool = about("Whether it is a trial.", example=False)
    fields: dict[str, Any] = about("The lead's fields, as typed.", {"phone": "030 1234567"})
    normalised: dict[str, str] = about("What it is matched by.", {"phone_norm": "+49301234567"})
    custom: dict[str, Any] = about("The lead's custom fields.", {"segment": "mid_market"})
    consents: list[FormTestConsent] = about("Consents.")
    touchpoint: FormTestTouch | None = about("The touchpoint.")
    holds: list[FormTestFinding] = about("Why it would wait.")
    notes: list[FormTestFinding] = about("What was odd, and does not keep it from being captured.")


class ConnectorTest(Read):
    """What a call would become. Nothing was stored."""

    parts: list[ConnectorTestPart] = about("Each lead of the call.")

    @classmethod
    def of_rehearsals(cls, seen: list[Rehearsal]) -> Self:
        """The answer to a test."""
        return cls.model_validate({"parts": [_part(each) for each in seen]})


def _part(seen: Rehearsal) -> dict[str, Any]:
    reading = seen.reading
    return {
        "outcome": "held" if seen.holds else "fetched" if reading.fetch else "captured",
        "vendor_id": seen.vendor_id,
        "is_test": reading.is_test,
        "fields": seen.columns,
        "normalised": seen.normalised,
        "custom": seen.custom,
        "consents": reading.consents,
        "touchpoint": seen.touch,
        "holds": seen.holds,
        "notes": seen.notes,
    }
