"""What a request says to a gate that is shut."""

from pydantic import BaseModel

from app.api.schemas.fields import Line, optional


class Overriding(BaseModel):
    """A request that moves a lead or a deal."""

    override_reason: Line | None = optional(
        "Why a gate should open all the same, where it allows that. Nothing of it is kept on the "
        "record itself; it goes into the journal.",
        "Agreed with the manager",
    )
