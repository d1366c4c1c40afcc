"""Contacts: the people at an account, or without one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(eq=False, kw_only=True)
class Contact:
    """A contact as stored. Each normalised value stands beside what was typed."""

    workspace_id: UUID
    id: UUID
    account_id: UUID | None = None
    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    title: str | None = None
    email: str | None = None
    email_norm: str | None = None
    phone: str | None = None
    phone_norm: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    country_code: str | None = None
    language: str | None = None
    description: str | None = None
    source: str | None = None
    owner_id: UUID | None = None
    originating_lead_id: UUID | None = None
    match_key: str = ""
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def display_name(self) -> str:
        """What to call the contact when only one line is left for it."""
        name = self.full_name or " ".join(p for p in (self.first_name, self.last_name) if p)
        return name or self.email or self.phone or str(self.id)
