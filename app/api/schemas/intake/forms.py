"""Forms over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.responses import ProblemField
from app.api.schemas.fields import (
    Body,
    Flag,
    Label,
    Line,
    Read,
    Token,
    about,
    kept,
    optional,
)
from app.api.schemas.intake.form_parts import (
    FormConsent,
    FormDoubleOptIn,
    FormDoubleOptInUpdate,
    FormField,
    FormProtection,
    FormProtectionUpdate,
    FormSuccess,
    FormSuccessUpdate,
    Host,
)
from app.api.schemas.intake.mapping import Mapping
from app.domain.access.api_keys import Signer
from app.domain.intake.forms import FORM_SUBMITTED, Form
from app.domain.intake.tokens import make_token
from app.services.intake.forms import Rehearsal

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
A_TOKEN = "AZJ9XgscfDqbHl1PantsnQGSfV4LHHw6mx5dT2p7bJ0pWq1m8xKf3g=="  # noqa: S105 - not a secret

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Fields = Annotated[list[FormField], Field(min_length=1, max_length=100)]
Consents = Annotated[list[FormConsent], Field(max_length=20)]
Origins = Annotated[list[Host], Field(max_length=50)]

A_FIELD = {"name": "email", "label": "E-mail", "type": "email", "required": True, "to": "email"}
_OBJECTS = ("success", "double_opt_in", "protection")


class FormCreate(Body):
    """A new form: what it asks, and where the answers go."""

    name: Label = about("What it is called.", "Contact")
    active: Flag = about("Whether it can be sent.", example=True, default=True)
    touch_kind: Token = about(
        "The kind of touchpoint it makes, in snake_case.", FORM_SUBMITTED, default=FORM_SUBMITTED
    )
    source: Line | None = about("The source of its leads.", "website", default="website")
    campaign_id: UUID | None = optional("The campaign that its touches belong to.")
    default_country: Country | None = optional(
        "Where phone numbers without a country are from; the workspace's country if absent.", "DE"
    )
    fields: Fields = about("The questions, in their order.", [A_FIELD])
    mapping: Mapping = about(
        "Fields of a lead that are made of several answers, or of part of one.",
        [{"to": "full_name", "from": ["$.email"]}],
        default_factory=list,
    )
    consents: Consents = about("Texts to agree to.", default_factory=list)
    success: FormSuccess = about("What follows when it was sent.", default_factory=FormSuccess)
    allowed_origins: Origins = about(
        "The sites it may be sent from; any when empty.",
        ["https://www.example.com"],
        default_factory=list,
    )
    double_opt_in: FormDoubleOptIn = about(
        "Whether the address is confirmed by e-mail.", default_factory=FormDoubleOptIn
    )
    protection: FormProtection = about("What keeps robots out.", default_factory=FormProtection)


class FormUpdate(Body):
    """A JSON merge patch: absent members stay, null clears, lists are replaced as a whole."""

    name: Label = kept("What it is called.", "Contact")
    active: Flag = kept("Whether it can be sent; false archives it.", example=False)
    touch_kind: Token = kept("The kind of touchpoint it makes, in snake_case.", FORM_SUBMITTED)
    source: Line | None = optional("The source of its leads.", "website")
    campaign_id: UUID | None = optional("The campaign that its touches belong to.")
    default_country: Country | None = optional("Where phone numbers are from.", "DE")
    fields: Fields = kept("All the questions, in their order.", [A_FIELD])
    mapping: Mapping = kept("All the rules.", [{"to": "full_name", "from": ["$.email"]}])
    consents: Consents = kept("All the texts. Other words need another version.")
    success: FormSuccessUpdate = kept("What follows when it was sent.")
    allowed_origins: Origins = kept("All the sites.", ["https://www.example.com"])
    double_opt_in: FormDoubleOptInUpdate = kept("Whether the address is confirmed by e-mail.")
    protection: FormProtectionUpdate = kept("What keeps robots out.")

    def told(self) -> dict[str, Any]:
        """The members that were sent: lists whole, of objects only what was sent."""
        sent = self.model_dump(exclude_unset=True, by_alias=True)
        whole = self.model_dump(by_alias=True)
        return {name: sent[name] if name in _OBJECTS else whole[name] for name in sent}


class FormRead(Read):
    """A form as stored."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    token: str = about("Its public name: it is sent to `/f/{token}`.", A_TOKEN)
    name: str = about("What it is called.", "Contact")
    active: bool = about("Whether it can be sent.", example=True)
    touch_kind: str = about("The kind of touchpoint it makes.", FORM_SUBMITTED)
    source: str | None = about("The source of its leads.", "website")
    campaign_id: UUID | None = about("The campaign that its touches belong to.")
    default_country: str | None = about("Where phone numbers are from.", "DE")
    fields: list[FormField] = about("The questions.", [A_FIELD])
    mapping: Mapping = about("The rules.", [{"to": "full_name", "from": ["$.email"]}])
    consents: list[FormConsent] = about("Texts to agree to.")
    success: FormSuccess = about("What follows when it was sent.")
    allowed_origins: list[str] = about("The sites it may be sent from.", ["https://example.com"])
    double_opt_in: FormDoubleOptIn = about("Whether the address is confirmed by e-mail.")
    protection: FormProtection = about("What keeps robots out.")
    archived_at: datetime | None = about("When it was archived.", "2026-03-02T09:30:00Z")
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)

    @classmethod
    def of_form(cls, form: Form, signer: Signer) -> Self:
        """The form with its token, which no database holds."""
        token = make_token(signer, form.workspace_id, form.id)
        return cls.model_validate({**vars(form), "token": token})


class FormQuery(BaseModel):
    """Filters."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    active: bool | None = optional("Only those that can be sent, or only the archived.", "true")


class FormTestFinding(Read):
    """Why a submission would wait, or what was odd about it."""

    code: str = about("A stable code.", "incomplete")
    detail: str = about("A sentence for people.", "a required answer is missing")
    field: str | None = about("The name of the field.", "email")


class FormTestConsent(Read):
    """A consent that was given or refused."""

    purpose: str = about("What it is for.", "newsletter")
    version: str = about("The version of the text.", "2026-01")
    text: str = about("What people agreed to.", "Send me news by e-mail.")
    granted: bool = about("Whether they agreed.", example=True)


class FormTestAnswer(Read):
    """What the lead would say of its own qualification."""

    framework: str = about("The framework.", "meddic")
    criterion: str = about("The criterion.", "identify_pain")
    values: list[str] = about("The answers.", ["compelling"])


class FormTestTouch(Read):
    """The touchpoint it would make."""

    kind: str = about("What happened.", FORM_SUBMITTED)
    channel: str | None = about("Where it came from.", "paid_search")
    occurred_at: datetime = about("When it was sent.", "2026-03-02T09:30:00Z")
    campaign_id: UUID | None = about("The campaign.")
    utm: dict[str, str] | None = about("UTM parameters.", {"source": "google"})
    click_ids: dict[str, str] | None = about("Click ids.", {"gclid": "Cj0KCQ"})
    page_url: str | None = about("The page.", "https://example.com/pricing")
    referrer: str | None = about("The page before.", "https://www.google.com/")
    summary: str | None = about("One line for people.", "Contact")
    payload: dict[str, Any] | None = about("Every answer as given.", {"answers": {"size": "l"}})


class FormTest(Read):
    """What a post would become. Nothing was stored."""

    outcome: Literal["captured", "held"] = about(
        "Whether it would make a lead, or be kept and wait for somebody.", "captured"
    )
    fields: dict[str, Any] = about("The lead's fields, as typed.", {"phone": "030 1234567"})
    normalised: dict[str, str] = about("What it is matched by.", {"phone_norm": "+49301234567"})
    custom: dict[str, Any] = about("The lead's custom fields.", {"segment": "mid_market"})
    consents: list[FormTestConsent] = about("Consents.")
    answers: list[FormTestAnswer] = about("What it would answer of the lead's qualification.")
    touchpoint: FormTestTouch | None = about("The touchpoint.")
    visitor_id: str | None = about("The device it was sent from.", "3f0a9c27d1b84e55")
    asks_to_confirm: bool = about("Whether an e-mail would ask first.", example=False)
    holds: list[FormTestFinding] = about("Why it would wait.")
    notes: list[FormTestFinding] = about("What was odd, and does not keep it from being captured.")
    errors: list[ProblemField] = about("What its sender would be asked to put right, with 422.")

    @classmethod
    def of_rehearsal(cls, seen: Rehearsal) -> Self:
        """The answer to a test."""
        outcome = "held" if seen.holds or seen.faults else "captured"
        return cls.model_validate(
            {
                "outcome": outcome,
                "fields": seen.columns,
                "normalised": seen.normalised,
                "custom": seen.custom,
                "consents": seen.reading.consents,
                "answers": seen.reading.answers,
                "touchpoint": seen.touch,
                "visitor_id": seen.reading.visitor_id,
                "asks_to_confirm": seen.asks_to_confirm,
                "holds": seen.holds,
                "notes": seen.notes,
                "errors": [vars(error) for error in seen.faults],
            }
        )
