"""Identities over the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.api.schemas.fields import Body, Flag, Read, System, about, kept, optional
from app.domain.leads.identities import IdentityKind, NewIdentity


class IdentityCreate(Body):
    """A further key of a lead: e-mail address, phone number, id in another system, device."""

    kind: IdentityKind = about(
        "What sort of key it is; `visitor` is the id that a site keeps for a device.", "email"
    )
    value: Annotated[str, Field(min_length=1, max_length=500)] = about(
        "The key as typed; e-mail addresses and phone numbers are normalised.",
        "Ada.Lovelace@Example.com",
    )
    system: System | None = optional(
        "The other system, of an external id and of nothing else.", "shop"
    )
    shared: Flag = about(
        "Whether other people use it as well. It then may be another lead's, too.",
        example=False,
        default=False,
    )
    verified: Flag = about(
        "Whether it was proved to be the lead's. Then it stays when another takes its place.",
        example=False,
        default=False,
    )

    @model_validator(mode="after")
    def _system_goes_with_external(self) -> Self:
        if (self.kind is IdentityKind.EXTERNAL) != (self.system is not None):
            raise ValueError("an external id needs a system, and nothing else has one")
        if self.kind is IdentityKind.EXTERNAL and (self.shared or len(self.value) > 255):
            raise ValueError("an external id is one lead's alone, and has at most 255 characters")
        return self

    def to_domain(self) -> NewIdentity:
        """The domain's form."""
        return NewIdentity(**vars(self))


class IdentityUpdate(Body):
    """A JSON merge patch: absent fields stay."""

    shared: Flag | None = kept("Whether other people use it as well.", example=True)
    verified: Flag | None = kept("Whether it was proved to be the lead's.", example=True)

    @model_validator(mode="after")
    def _is_never_null(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} is true or false")
        return self


class IdentityRead(Read):
    """A key that points to a lead."""

    id: UUID = about("Id.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    lead_id: UUID = about("The lead.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    kind: str = about(
        "What sort of key it is.",
        "email",
        json_schema_extra={"enum": [kind.value for kind in IdentityKind]},
    )
    system: str = about("The other system; empty for what is no external id.", "")
    value: str = about("The key as matched.", "ada.lovelace@example.com")
    shared: bool = about(
        "Whether several people use it. Alone it finds no lead then.", example=False
    )
    verified_at: datetime | None = about("When it was proved to be the lead's.")
    source: str = about("How we learnt of it.", "form")
    other_names: list[str] = about(
        "Names of other people seen with it, folded, their words in the order of the alphabet.",
        ["babbage charles"],
    )
    created_at: datetime = about("When it was added.", "2026-03-02T09:30:00Z")
