"""Accounts: the companies, or people, that we sell to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(eq=False, kw_only=True)
class Account:
    """An account as stored. Each normalised value stands beside what was typed."""

    workspace_id: UUID
    id: UUID
    name: str
    name_norm: str
    website: str | None = None
    web_domain: str | None = None
    phone: str | None = None
    phone_norm: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    country_code: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    annual_revenue_minor: int | None = None
    currency: str | None = None
    description: str | None = None
    owner_id: UUID | None = None
    originating_lead_id: UUID | None = None
    match_key: str = ""
    created_at: datetime
    updated_at: datetime
    version: int = 1
