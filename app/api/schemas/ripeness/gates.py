"""Gates over the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.conditions import ConditionBody
from app.api.schemas.fields import Body, Flag, Label, Percent, Read, Token, about, kept, optional
from app.domain.leads.status import LifecycleStage, Status

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"

Statuses = Annotated[list[Status], Field(max_length=len(Status))]
Stages = Annotated[list[LifecycleStage], Field(max_length=len(LifecycleStage))]
StageIds = Annotated[list[UUID], Field(max_length=100)]
Criteria = Annotated[list[Token], Field(max_length=50)]

_WHICH = "It stands before moves of a lead to these statuses."
_STAGES = "Before moves of a lead to these lifecycle stages."
_DEALS = "Before moves of deals to these stages; the lead that a deal began with is asked."
_FRAMEWORK = "The framework that is asked; the workspace's default when null."
_CRITERIA = "Criteria that have to be known, not expired and without a conflict."
_SCORE = "The least score in the framework."
_COMPLETENESS = "The least completeness in the framework, in percent."
_CONFLICTS = "Whether no criterion at all may have a conflict."
_CONDITION = "What the lead has to meet, as it is with the move."
_OVERRIDE = "Whether an `override_reason` opens it all the same; that stands in the journal."


class GateCreate(Body):
    """A new gate: where it stands, and what it asks for. All of that has to hold."""

    name: Label = about("What people read when it stops them.", "Qualified means we met the buyer")
    active: Flag = about("Whether it stands.", example=True, default=True)
    statuses: Statuses = about(_WHICH, ["qualified"], default_factory=list)
    lifecycle_stages: Stages = about(_STAGES, ["sql"], default_factory=list)
    stage_ids: StageIds = about(_DEALS, [AN_ID], default_factory=list)
    framework: Token | None = optional(_FRAMEWORK, "meddic")
    criteria: Criteria = about(_CRITERIA, ["economic_buyer"], default_factory=list)
    min_score: Percent | None = optional(_SCORE, 60)
    min_completeness: Percent | None = optional(_COMPLETENESS, 80)
    no_conflicts: Flag = about(_CONFLICTS, example=False, default=False)
    condition: ConditionBody | None = optional(_CONDITION)
    override_allowed: Flag = about(_OVERRIDE, example=True, default=False)

    def told(self) -> dict[str, Any]:
        """The gate's fields."""
        return self.model_dump(mode="json")


class GateUpdate(Body):
    """A JSON merge patch: absent members stay, null clears, lists are replaced as a whole."""

    name: Label = kept("What people read when it stops them.", "Qualified means we met the buyer")
    active: Flag = kept("Whether it stands.", example=False)
    statuses: Statuses = kept(_WHICH, ["qualified"])
    lifecycle_stages: Stages = kept(_STAGES, ["sql"])
    stage_ids: StageIds = kept(_DEALS, [AN_ID])
    framework: Token | None = optional(_FRAMEWORK, "meddic")
    criteria: Criteria = kept(_CRITERIA, ["economic_buyer"])
    min_score: Percent | None = optional(_SCORE, 60)
    min_completeness: Percent | None = optional(_COMPLETENESS, 80)
    no_conflicts: Flag = kept(_CONFLICTS, example=False)
    condition: ConditionBody | None = optional(_CONDITION)
    override_allowed: Flag = kept(_OVERRIDE, example=True)

    def told(self) -> dict[str, Any]:
        """The fields that are given."""
        return self.model_dump(mode="json", exclude_unset=True)


class GateRead(Read):
    """A gate."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about("What people read when it stops them.", "Qualified means we met the buyer")
    active: bool = about("Whether it stands.", example=True)
    statuses: list[Status] = about(_WHICH, ["qualified"])
    lifecycle_stages: list[LifecycleStage] = about(_STAGES, ["sql"])
    stage_ids: list[UUID] = about(_DEALS, [AN_ID])
    framework: str | None = about(_FRAMEWORK, "meddic")
    criteria: list[str] = about(_CRITERIA, ["economic_buyer"])
    min_score: int | None = about(_SCORE, 60)
    min_completeness: int | None = about(_COMPLETENESS, 80)
    no_conflicts: bool = about(_CONFLICTS, example=False)
    condition: dict[str, Any] | None = about(
        _CONDITION, {"field": "employee_count", "op": "gte", "value": 50}
    )
    override_allowed: bool = about(_OVERRIDE, example=True)
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)


class GateQuery(BaseModel):
    """Filters."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    active: bool | None = optional("Only those that stand, or only the others.", "true")
