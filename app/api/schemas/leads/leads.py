"""Leads over the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.api.schemas.fields import (
    Body,
    Count,
    CurrencyCode,
    ExternalId,
    Instant,
    Label,
    Line,
    Minor,
    Paragraph,
    Read,
    System,
    Url,
    about,
    optional,
)
from app.api.schemas.leads.lead_scores import LeadScoreRead
from app.api.schemas.leads.overriding import Overriding
from app.api.schemas.record.touchpoints import CapturedTouchpoint
from app.domain.errors import Invalid
from app.domain.intake.capture import Candidate
from app.domain.leads.identities import Identity, IdentityKind
from app.domain.leads.leads import LeadFilter
from app.domain.leads.status import LifecycleStage, Status
from app.domain.record.touchpoints import CAPTURED, NewTouchpoint

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"


def _one_of(values: type[StrEnum]) -> dict[str, Any]:
    return {"enum": [value.value for value in values]}


class LeadFields(BaseModel):
    """What people tell about a lead, as they typed it."""

    first_name: Line | None = optional("First name.", "Ada")
    last_name: Line | None = optional("Last name.", "Lovelace")
    full_name: Line | None = optional(
        "The whole name, when it is not known which part is which; first and last name are read "
        "off it where that can be done without guessing.",
        "Ada Lovelace",
    )
    title: Line | None = optional("Job title.", "Head of Purchasing")
    company: Line | None = optional("The company.", "Analytical Engines Ltd")
    email: Line | None = optional("E-mail address, kept as typed.", "Ada@Example.com")
    phone: Line | None = optional("Phone number, kept as typed.", "+44 20 7946 0018")
    website: Url | None = optional("The company's web site.", "https://www.example.com")
    street: Line | None = optional("Street and number.", "12 St James's Square")
    city: Line | None = optional("City.", "London")
    region: Line | None = optional("State or province.", "Greater London")
    postal_code: Line | None = optional("Postal code.", "SW1Y 4JH")
    country: Line | None = optional("Country: a name in any language or an ISO code.", "UK")
    industry: Line | None = optional("Industry.", "Manufacturing")
    employee_count: Count | None = optional("How many people the company employs.", 250)
    annual_revenue_minor: Minor | None = optional(
        "Annual revenue in minor units of `currency`.", 1_200_000_000
    )
    currency: CurrencyCode | None = optional("ISO 4217 code.", "GBP")
    language: Line | None = optional("Language the lead speaks, as a BCP 47 tag.", "en-GB")
    description: Paragraph | None = optional("Free text.", "Met at the fair, wants a quote")
    source: Line | None = optional("Where the lead came from, in your words.", "website")
    campaign_id: UUID | None = optional("The campaign that won the lead.")
    owner_id: UUID | None = optional("The user responsible.")
    team_id: UUID | None = optional("The team whose queue holds the lead.")


class ExternalReference(Body):
    """A lead's id in another system."""

    system: System = about("The other system.", "shop")
    external_id: ExternalId = about("The lead's id there.", "customer-77120")

    def to_identity(self) -> Identity:
        """The domain's form."""
        return Identity(IdentityKind.EXTERNAL, self.external_id, self.system)


class LeadCreate(LeadFields, Body):
    """A new lead. At least one of name, company, e-mail, phone or a reference must be there."""

    custom: dict[str, Any] | None = optional("Custom fields by key.", {"segment": "enterprise"})
    external_references: Annotated[list[ExternalReference], Field(max_length=20)] = about(
        "Ids of this lead in other systems.", [], default_factory=list
    )
    touchpoint: CapturedTouchpoint | None = optional(
        "The touch that brought the lead. When absent, a touchpoint of kind `lead_captured` is "
        "recorded; null records none."
    )

    @model_validator(mode="after")
    def _says_something(self) -> "LeadCreate":
        telling = ("first_name", "last_name", "full_name", "company", "email", "phone")
        if not self.external_references and not any(
            (getattr(self, name) or "").strip() for name in telling
        ):
            raise ValueError(
                "a lead needs at least one of first_name, last_name, full_name, company, email, "
                "phone or external_references"
            )
        return self

    def to_candidate(self, *references: Identity) -> Candidate:
        """The domain's form, with further references; with one, only a touch that is told counts
        for a lead that is known, so that a sync may repeat itself."""
        fields = self.model_dump(exclude={"external_references", "touchpoint"}, exclude_unset=True)
        given = (reference.to_identity() for reference in self.external_references)
        if "touchpoint" not in self.model_fields_set:
            touch: NewTouchpoint | None = NewTouchpoint(kind=CAPTURED, campaign_id=self.campaign_id)
        else:
            touch = self.touchpoint.to_domain() if self.touchpoint else None
        unique = list(dict.fromkeys((*references, *given)))
        told = "touchpoint" in self.model_fields_set
        return Candidate(
            fields=fields,
            references=unique,
            touches=[touch] if touch else [],
            touch_when_known=told or not references,
        )


class LeadUpdate(LeadFields, Overriding, Body):
    """A JSON merge patch: absent fields stay, null clears."""

    custom: dict[str, Any] | None = optional(
        "Custom fields to change; null clears one, and null instead of all clears all.",
        {"segment": None},
    )
    status: Literal["working", "nurturing"] | None = optional(
        "The moves that need nothing else; the others are actions of their own.", "working"
    )
    lifecycle_stage: Literal["mql", "sql"] | None = optional("Only ever forward.", "mql")

    @model_validator(mode="after")
    def _has_a_status(self) -> "LeadUpdate":
        for name in ("status", "lifecycle_stage"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be cleared")
        return self


class LeadRead(LeadFields, Read):
    """A lead, each normalised value beside the typed one."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    status: str = about(
        "Where the work on the lead stands.", "new", json_schema_extra=_one_of(Status)
    )
    lifecycle_stage: str = about(
        "How far the lead has come.", "lead", json_schema_extra=_one_of(LifecycleStage)
    )
    email_norm: str | None = about("The address as matched.", "ada@example.com")
    phone_norm: str | None = about("The number in E.164.", "+442079460018")
    web_domain: str | None = about("The registrable domain of the web site.", "example.com")
    country_code: str | None = about("ISO 3166-1 alpha-2.", "GB")
    unnormalised: list[str] = about(
        "Fields kept as typed because they could not be normalised.", ["phone"]
    )
    custom: dict[str, Any] = about("Custom fields by key.", {"segment": "enterprise"})
    qualification_outcome: str | None = about(
        "The verdict of the newest answers: qualified, not_yet or disqualified.", "not_yet"
    )
    qualification_score: int | None = about("0 to 100.", 62)
    qualification_completeness: int | None = about("0 to 100.", 75)
    disqualified_reason: str | None = about("Code of the workspace's list.", "no_budget")
    disqualified_note: str | None = about("Why, in words.", "Budget frozen until 2027")
    mql_at: datetime | None = about("When it became marketing-qualified.")
    sql_at: datetime | None = about("When it became sales-qualified.")
    opportunity_at: datetime | None = about("When it became an opportunity.")
    customer_at: datetime | None = about("When it became a customer.")
    is_test: bool = about(
        "Whether it came by a trial, and no real submission has followed: kept out of routing, "
        "quotas and reports.",
        example=False,
    )
    first_touch_at: datetime | None = about("When its first touch happened.")
    last_touch_at: datetime | None = about("When its newest touch happened.")
    touch_count: int = about("How many touchpoints it has.", 3)
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When its fields last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)
    score: LeadScoreRead | None = about(
        "How it scores by the published model; null while there is none, and for a lead as it was "
        "at an instant: `GET …/score?as_of=` tells that."
    )

    @classmethod
    def of(cls, entity: Any) -> Self:
        """The lead as in lists, unchecked, and its score likewise."""
        seen = super().of(entity)
        columns = vars(seen)
        if columns["score"] is not None:
            columns["score"] = LeadScoreRead.of(columns["score"])
        return seen


class LeadCaptured(LeadRead):
    """The lead a request created or added to."""

    outcome: Literal["created", "updated", "linked"] = about(
        "`linked`: the lead existed and was left as it is; the touch and references were added.",
        "created",
    )
    touchpoint_id: UUID | None = about("The touchpoint that was recorded.", AN_ID)


LeadSort = Literal[
    "-created_at",
    "created_at",
    "-updated_at",
    "updated_at",
    "-last_touch_at",
    "last_touch_at",
    "-engagement",
    "engagement",
    "-fit",
    "fit",
]


class LeadQuery(BaseModel):
    """Filters; a repeated parameter means OR. `custom.<key>=value` filters by a custom field, and
    comes once."""

    model_config = ConfigDict(extra="allow")

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    sort: LeadSort = about(
        "The order; a minus means newest, or most, first. Leads without a touch have no place in "
        "the order of last_touch_at, and none has one in that of engagement or fit while no "
        "scoring model is published. Engagement is that of now.",
        "-created_at",
        default="-created_at",
    )
    status: list[Status] | None = optional("Statuses.", ["new"])
    lifecycle_stage: list[LifecycleStage] | None = optional("Lifecycle stages.", ["mql"])
    owner_id: list[UUID] | None = optional("Owners.")
    team_id: list[UUID] | None = optional("Teams.")
    campaign_id: list[UUID] | None = optional("Campaigns that won the lead.")
    source: list[Label] | None = optional("Sources.", ["website"])
    country: list[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]] | None = optional(
        "ISO 3166-1 alpha-2 codes.", ["DE"]
    )
    email: Line | None = optional("Exactly this e-mail address.", "ada@example.com")
    created_from: Instant | None = optional("Created at or after.", "2026-01-01T00:00:00Z")
    created_before: Instant | None = optional("Created before.", "2026-02-01T00:00:00Z")
    last_touch_from: Instant | None = optional("Last touch at or after.", "2026-01-01T00:00:00Z")
    last_touch_before: Instant | None = optional("Last touch before.", "2026-02-01T00:00:00Z")
    q: Annotated[str, Field(min_length=2, max_length=200)] | None = optional(
        "Text contained in name, e-mail or company; every word must be found.", "lovelace"
    )

    @model_validator(mode="after")
    def _extras_are_custom(self) -> "LeadQuery":
        unknown = [name for name in self.model_extra or {} if not name.startswith("custom.")]
        if unknown:
            raise ValueError(f"there is no query parameter {unknown[0]}")
        return self

    def to_filter(self) -> LeadFilter:
        """The domain's form, without custom fields."""
        return LeadFilter(
            **{
                name: getattr(self, name)
                for name in LeadFilter.__dataclass_fields__
                if name != "custom"
            }
        )

    def custom_filters(self) -> dict[str, str]:
        """Key and text of the filters on custom fields; Invalid where one comes twice."""
        extra = self.model_extra or {}
        for name, value in extra.items():
            if isinstance(value, list) and len(value) > 1:
                raise Invalid.parameter(name, "a custom field is compared with one value only")
        return {
            name.removeprefix("custom."): value[0] if isinstance(value, list) else str(value)
            for name, value in extra.items()
        }
