"""Enrichment of a lead over the wire."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.api.schemas.fields import Body, Flag, Read, about, optional
from app.api.schemas.reach.jobs import JobRead
from app.domain.leads.enrichment import LookupBy, ProposalStatus

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"


class EnrichmentRequest(Body):
    """By whom a lead is to be enriched."""

    provider_id: UUID | None = optional("Only by this provider; by all that are active if absent.")
    overwrite: Flag = about(
        "Whether a value of policy `refresh` may replace one that somebody gave by hand.",
        example=False,
        default=False,
    )


class FillRead(Read):
    """A blank that can be filled without asking anybody."""

    rule: str = about("What knows it.", "phone_country")
    field: str = about("The field.", "country")
    value: Any = about("The value.", "GB")


class QuestionRead(Read):
    """What a provider would be asked."""

    provider_id: UUID = about("The provider.", AN_ID)
    provider: str = about("What it is called.", "Company register")
    lookup_by: LookupBy = about("What it is asked by.", "domain")
    key: str | None = about("The key that is sent.", "engines.example")
    skipped: str | None = about(
        "Why it is not asked: `trial`, `no_email`, `no_phone`, `no_domain`, `free_mail`, "
        "`disposable` or `budget`; null when it is.",
        "free_mail",
    )
    answer: Literal["found", "nothing", "none"] = about(
        "What is remembered of an earlier answer; `none` when it has to be asked.", "none"
    )
    fetched_at: datetime | None = about("When that was answered.", "2026-03-02T09:30:00Z")
    used_this_month: int = about("How often it was asked this month.", 17)
    monthly_budget: int | None = about("How often it may be.", 1_000)


class EnrichmentPlanRead(Read):
    """What an enrichment does, and the job that does it."""

    fills: list[FillRead] = about("Blanks that are filled without asking anybody.", [])
    questions: list[QuestionRead] = about("Whom it asks, and by what.", [])
    job: JobRead | None = about("The job; null in a rehearsal.")


class ProposalRead(Read):
    """A value that a provider has for a field."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    lead_id: UUID = about("The lead.", AN_ID)
    provider_id: UUID = about("The provider.", AN_ID)
    field: str = about("The field, or `custom.<key>`.", "industry")
    value: Any = about("The value that is proposed.", "Mechanical engineering")
    present: Any = about("The value that the lead had then.", "Manufacturing")
    status: ProposalStatus = about("Where it stands.", "open")
    created_at: datetime = about("When it was proposed.", "2026-03-02T09:30:00Z")
    decided_at: datetime | None = about("When it was decided on.")
    user_id: UUID | None = about("The user who decided, or in whose name it was done.")
    api_key_id: UUID | None = about("The API key that was used.")
