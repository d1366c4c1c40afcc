"""Users over the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from app.api.schemas.fields import Body, Flag, Label, Line, Read, about, kept, optional
from app.domain.access.users import Role

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"


class UserCreate(Body):
    """A new user, active from now on."""

    name: Label = about("The person's name.", "Grace Hopper")
    email: Line = about(
        "E-mail address; kept in lower case, no other user has it.", "grace@example.com"
    )
    role: Role = about(
        "What keys may do when they act in this user's name: only an admin administers.",
        "rep",
        default=Role.REP,
    )
    team_id: UUID | None = optional("The team.")
    time_zone: Label | None = optional(
        "IANA time zone; the workspace's when absent.", "Europe/Berlin"
    )


class UserUpdate(Body):
    """A JSON merge patch: absent fields stay, a null takes the user out of the team."""

    name: Label = kept("The person's name.", "Grace Hopper")
    email: Line = kept("E-mail address; no other user has it.", "grace@example.com")
    role: Role = kept("What keys may do in this user's name.", "manager")
    team_id: UUID | None = optional("The team.")
    time_zone: Label = kept("IANA time zone.", "Europe/Berlin")
    active: Flag = kept("False shuts the user out and keeps the record.", example=False)


class UserRead(Read):
    """A person in the workspace."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about("The person's name.", "Grace Hopper")
    email: str = about("E-mail address, in lower case.", "grace@example.com")
    role: Role = about("What keys may do in this user's name.", "rep")
    team_id: UUID | None = about("The team.")
    time_zone: str = about("IANA time zone.", "Europe/Berlin")
    active: bool = about("Whether keys may act in this user's name.", example=True)
    created_at: datetime = about("When the user was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When the user last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)


class UserQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    role: list[Role] | None = optional("Roles.", ["rep"])
    team_id: list[UUID] | None = optional("Teams.")
    active: list[bool] | None = optional("Only active users, or only the others.", [True])
