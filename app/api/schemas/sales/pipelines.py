"""Pipelines over the wire."""

from uuid import UUID

from app.api.schemas.fields import Read, about
from app.api.schemas.sales.accounts import AN_ID
from app.domain.sales.pipelines import StageKind


class StageRead(Read):
    """A step of a pipeline."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about("Its name.", "Proposal")
    kind: StageKind = about("Whether a deal here is open, won or lost.", "open")
    rank: int = about("Its place in the pipeline, from 1.", 3)
    probability: int = about("The chance to win a deal that gets here, in percent.", 40)


class PipelineRead(Read):
    """The stages a deal goes through."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about("Its name.", "Sales")
    is_default: bool = about("Whether deals begin here unless told otherwise.", example=True)
    stages: list[StageRead] = about("The stages in their order.")
    version: int = about("Grows with every change.", 1)
