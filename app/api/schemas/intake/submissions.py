"""Submissions over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.api.schemas.fields import (
    Body,
    ExternalId,
    Flag,
    Instant,
    Label,
    Line,
    Paragraph,
    Read,
    System,
    Token,
    Url,
    about,
    optional,
)
from app.domain.intake.submissions import (
    Submission,
    SubmissionFilter,
    SubmissionKind,
    SubmissionStatus,
)

Tags = Annotated[dict[str, Line], Field(max_length=30)]
VisitorId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class SubmissionContext(Body):
    """Where the sender was when it was sent."""

    visitor_id: VisitorId | None = optional(
        "The id that the site keeps for this device.", "0f8fad5b-d9cb-469f-a165-70867728950e"
    )
    page_url: Url | None = optional("The page it was sent from.", "https://example.com/pricing")
    referrer: Url | None = optional("The page before.", "https://www.google.com/")
    utm: Tags = about("UTM parameters without the prefix.", {"source": "google"}, default={})
    click_ids: Tags = about("Click ids of ad platforms by name.", {"gclid": "Cj0"}, default={})
    rendered_at: int | None = optional("When the form was shown, in milliseconds.", 1772443800000)
    submitted_at: Instant | None = optional("When it was sent, by the sender's clock.")


class SubmissionReference(Body):
    """The lead's id in another system."""

    system: System = about("The other system.", "shop")
    external_id: ExternalId = about("The lead's id there.", "customer-77120")


class SubmissionConsent(Body):
    """A text that the person agreed to, or did not."""

    purpose: Token = about("What it is for.", "newsletter")
    granted: Flag = about("Whether the person agreed.", example=True)
    version: Annotated[str, Field(max_length=100)] = about(
        "Which wording it was.", "2026-01", default=""
    )
    text: Paragraph = about("The words the person saw.", "Send me news by e-mail", default="")


class SubmissionTouchpoint(Body):
    """Something that happened."""

    kind: Token = about("What happened, in snake_case.", "page_viewed")
    occurred_at: Instant | None = optional("When; now when absent.", "2026-03-02T09:30:00Z")
    campaign_id: UUID | None = optional("The campaign that caused it.")
    utm: Tags | None = optional("UTM parameters without the prefix.", {"source": "google"})
    click_ids: Tags | None = optional("Click ids of ad platforms by name.", {"gclid": "Cj0"})
    page_url: Url | None = optional("The page it happened on.", "https://example.com/pricing")
    referrer: Url | None = optional("The page before.", "https://www.google.com/")
    products: Annotated[list[Line], Field(max_length=100)] | None = optional(
        "Products of interest.", ["Heat pump 12 kW"]
    )
    summary: Annotated[str, Field(max_length=2_000)] | None = optional(
        "One line for people.", "Downloaded the price list"
    )
    payload: dict[str, Any] | None = optional("Anything else, kept as it is.", {"file": "a.pdf"})
    source_system: System | None = optional("The system that tells it.", "website")
    external_id: ExternalId | None = optional(
        "Its id there; the same id is the same touch.", "dl-20931"
    )


class SubmissionCreate(Body):
    """A submission. With `form_id` the form says what the fields mean and which are needed."""

    fields: Annotated[dict[str, Any], Field(max_length=500)] = about(
        "Without a form: fields of a lead by name, as typed, and custom fields under `custom`.",
        {"full_name": "Ada Lovelace", "email": "ada@example.com"},
    )
    form_id: UUID | None = optional("The form that was filled in.")
    consents: Annotated[list[SubmissionConsent], Field(max_length=50)] | dict[str, Flag] = about(
        "What the person agreed to; with a form `{purpose: true}` is enough.", [], default=[]
    )
    context: SubmissionContext = about(
        "Where the sender was.",
        {"page_url": "https://example.com/pricing"},
        default_factory=SubmissionContext,
    )
    external_references: Annotated[list[SubmissionReference], Field(max_length=20)] = about(
        "Ids of this lead in other systems; with a secret key only.", [], default=[]
    )
    touchpoint: SubmissionTouchpoint | None = optional(
        "The touch that brought it; a form_submitted when absent."
    )
    campaign_id: UUID | None = optional("The campaign that won the lead.")
    is_test: Flag = about(
        "A trial: marked from end to end, and kept out of routing, quotas and reports.",
        example=False,
        default=False,
    )
    pow: Annotated[str, Field(max_length=4_000)] | None = optional(
        "The solved challenge, where the form asks for one.", "eyJhbGdvcml0aG0iOiJTSEEtMjU2In0="
    )


class VisitCreate(Body):
    """What a visitor did."""

    touchpoints: Annotated[list[SubmissionTouchpoint], Field(min_length=1, max_length=100)] = about(
        "In any order; each with its own time.", [{"kind": "page_viewed"}]
    )
    is_test: Flag = about("A trial.", example=False, default=False)


class Receipt(Read):
    """What the sender of a submission holds."""

    receipt_id: UUID = about("Ask with it what became of the submission.")
    status: str = about("`received`, or `quarantined`.", "received")


class FindingRead(Read):
    """Why a submission waits, or what was odd about it."""

    code: str = about("A stable code.", "honeypot_filled")
    detail: str = about("A sentence for people.", "a field that people cannot see was filled in")
    field: str | None = about("The field it is about.", "email")


class SubmissionStanding(Read):
    """What a holder of the receipt may know."""

    receipt_id: UUID = about("The receipt.")
    status: SubmissionStatus = about(
        "`received`: it is safe. `captured`: it is a lead. `held`: somebody has to look at it. "
        "`quarantined`: it could not be read. `rejected`: somebody said that it is none.",
        "captured",
    )
    received_at: datetime = about("When it came.")


class SubmissionRead(SubmissionStanding):
    """A submission and what became of it."""

    kind: SubmissionKind = about("The door it came by.", "form")
    outcome: Literal["created", "matched"] | None = about(
        "Whether its lead is new or was known.", "created"
    )
    lead_id: UUID | None = about("The lead it became or was added to.")
    touchpoint_id: UUID | None = about("The touchpoint it is on the record with.")
    duplicate_of: UUID | None = about("The submission it repeats.")
    findings: list[FindingRead] = about(
        "Why it waits, and what was odd about it.", [], default_factory=list
    )
    form_id: UUID | None = about("The form it was sent to.")
    connector_id: UUID | None = about("The connector it was sent to.")
    api_key_id: UUID | None = about("The API key it was sent with.")
    visitor_id: str | None = about("The visitor who sent it.", "0f8fad5b-d9cb-469f-a165")
    is_test: bool = about("Whether it is a trial.", example=False)
    released: bool = about("Whether somebody said that it is genuine.", example=False)
    attempts: int = about("How often it could not be captured.", 0)
    content_type: str = about("The type of its body.", "application/json")
    address: str | None = about("The address it came from.", "203.0.113.7")
    headers: dict[str, str] = about(
        "The headers that were kept.", {"origin": "https://www.example.com"}
    )
    processed_at: datetime | None = about("When it was captured or put to wait.")


class SubmissionQuery(Body):
    """What a list of submissions is narrowed by."""

    limit: Annotated[int, Field(ge=1, le=200)] = about("Items a page.", 50, default=50)
    cursor: Annotated[str, Field(max_length=2000)] | None = optional(
        "`next_cursor` of the page before."
    )
    sort: Literal["received_at", "-received_at"] = about(
        "By the time they were received.", "-received_at", default="-received_at"
    )
    status: list[SubmissionStatus] | None = optional("Where they stand.", ["held"])
    kind: list[SubmissionKind] | None = optional("By which door they came.", ["form"])
    form_id: list[UUID] | None = optional("Forms they were sent to.")
    connector_id: list[UUID] | None = optional("Connectors they were sent to.")
    lead_id: list[UUID] | None = optional("Leads they became.")
    email: Line | None = optional("The e-mail address they gave.", "ada@example.com")
    is_test: bool | None = optional("Only trials, or none.", example=False)
    received_from: Instant | None = optional("Received then or later.", "2026-03-01T00:00:00Z")
    received_before: Instant | None = optional("Received before.", "2026-04-01T00:00:00Z")

    def to_filter(self) -> SubmissionFilter:
        """The domain's form."""
        names = SubmissionFilter.__dataclass_fields__
        return SubmissionFilter(**{name: getattr(self, name) for name in names})


class Decision(Body):
    """Why somebody releases or rejects a submission."""

    note: Label | None = optional("A word for those who look later.", "A real customer")


class BalanceRead(Read):
    """Whether all that was acknowledged is there."""

    issued: int = about("Receipts issued.", 10_412)
    stored: int = about("Submissions and records in quarantine.", 10_412)
    difference: int = about("Stored minus issued: not 0 is an alarm.", 0)
    lost: int = about("Submissions that this process acknowledged and did not find again.", 0)
    in_spool: int = about("Submissions that wait on this process's disk for the database.", 0)
    checked_at: datetime | None = about("When that was last compared.")


def submission_read(submission: Submission) -> SubmissionRead:
    """The submission as it is shown; `id` is the receipt."""
    return SubmissionRead.model_validate({**vars(submission), "receipt_id": submission.id})
