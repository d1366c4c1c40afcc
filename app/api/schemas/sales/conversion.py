"""Conversion over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, model_validator

from app.api.schemas.fields import Body, Read, about, kept
from app.api.schemas.sales.accounts import AN_ID, AccountFields, Name
from app.api.schemas.sales.contacts import ContactDetails
from app.api.schemas.sales.opportunities import OpportunityDetails
from app.domain.sales.conversion import Choice, OnMatch, Wanted

Reason = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]


class AccountFromLead(AccountFields, Body):
    """Values that go over the lead's; null leaves a field blank."""

    name: Name = kept("By default the lead's company, or the person.", "Analytical Engines Ltd")


class ContactFromLead(ContactDetails, Body):
    """Values that go over the lead's; null leaves a field blank."""


class OpportunityFromLead(OpportunityDetails):
    """Values that go over the lead's; the amount is by default the lead's budget."""


class _RecordChoice(Body):
    create: Any
    id: UUID = kept("Link this one and fill only its blank fields.", AN_ID)

    @model_validator(mode="after")
    def _one_at_most(self) -> "_RecordChoice":
        if {"create", "id"} <= self.model_fields_set:
            raise ValueError("give either create or id, not both")
        return self

    def to_domain(self) -> Choice:
        """The domain's form."""
        return Choice(**self.model_dump(exclude_unset=True))


class AccountChoice(_RecordChoice):
    """At most one of `create` and `id`. With neither, one is created from the lead, unless the
    contact or opportunity that is linked has an account."""

    create: AccountFromLead = kept("Create one from the lead with these values over the lead's.")


class ContactChoice(_RecordChoice):
    """At most one of `create` and `id`. With neither, one is created from the lead."""

    create: ContactFromLead = kept("Create one from the lead with these values over the lead's.")


class OpportunityChoice(_RecordChoice):
    """At most one of `create` and `id`. With neither, one is created from the lead."""

    create: OpportunityFromLead = kept("Create one from the lead with these values over it.")


class ConversionCreate(Body):
    """What a lead is to become; with nothing given, three new records."""

    account: AccountChoice = about("The account.", default_factory=AccountChoice)
    contact: ContactChoice = about("The contact.", default_factory=ContactChoice)
    opportunity: OpportunityChoice | None = about(
        "The opportunity; null makes none.", default_factory=OpportunityChoice
    )
    override_reason: Reason = kept(
        "Why a lead is converted that is not qualified.", "Signed at the fair"
    )

    def to_domain(self, on_match: OnMatch) -> Wanted:
        """The domain's form."""
        return Wanted(
            account=self.account.to_domain(),
            contact=self.contact.to_domain(),
            opportunity=self.opportunity.to_domain() if self.opportunity else None,
            override_reason=self.override_reason,
            on_match=on_match,
        )


class ConvertedRecordRead(Read):
    """What became of one record."""

    id: UUID | None = about("Its id; null while it is only planned.", AN_ID)
    outcome: Literal["created", "linked"] = about("Whether it is new.", "created")
    values: dict[str, Any] = about(
        "The fields a new record got; empty for a linked one. Ids of records that are only "
        "planned are null.",
        {"name": "Analytical Engines Ltd"},
    )
    filled: dict[str, Any] = about(
        "The blank fields of a linked record that were filled; empty for a new one.",
        {"website": "https://www.example.com"},
    )


class ConversionRead(Read):
    """What a lead became, or in a rehearsal would become: then `id` and `converted_at` are null."""

    id: UUID | None = about("Id, a UUIDv7.", AN_ID)
    lead_id: UUID = about("The lead.", AN_ID)
    account: ConvertedRecordRead = about("The account.")
    contact: ConvertedRecordRead = about("The contact.")
    opportunity: ConvertedRecordRead | None = about("The opportunity, if one was wanted.")
    override_reason: str | None = about(
        "Why it was converted without being qualified.", "Signed at the fair"
    )
    converted_at: datetime | None = about("When.", "2026-03-02T09:30:00Z")
    user_id: UUID | None = about("The user who did it, or in whose name it was done.")
    api_key_id: UUID | None = about("The API key that was used.")
