"""Opportunities: deals in a pipeline, and what moving through its stages does to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, Invalid
from app.domain.sales.pipelines import Pipeline, Stage, StageKind


@dataclass(eq=False, kw_only=True)
class Opportunity:
    """A deal as stored; `status` and `closed_at` follow from its stage."""

    workspace_id: UUID
    id: UUID
    name: str
    account_id: UUID | None = None
    contact_id: UUID | None = None
    pipeline_id: UUID
    stage_id: UUID
    status: str
    amount_minor: int | None = None
    currency: str | None = None
    probability: int
    closes_on: date | None = None
    closed_at: datetime | None = None
    lost_reason: str | None = None
    source: str | None = None
    campaign_id: UUID | None = None
    description: str | None = None
    owner_id: UUID | None = None
    originating_lead_id: UUID | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1


def chosen_stage(
    pipelines: Sequence[Pipeline], pipeline_id: UUID | None, stage_id: UUID | None, *, at: str = ""
) -> Stage:
    """The stage that is meant: the one named, else the first open one of the pipeline, which is
    the default pipeline unless named. Invalid (pointers begin with `at`) if they do not agree."""
    if not pipelines:
        raise Conflict("this workspace has no pipeline")
    pipeline = next((p for p in pipelines if p.id == pipeline_id), None)
    if pipeline_id is not None and pipeline is None:
        raise Invalid.field(f"{at}/pipeline_id", "no such pipeline here", code="not_found")
    if stage_id is None:
        return first_stage(pipeline or pipelines[0])
    stage = next((s for p in pipelines for s in p.stages if s.id == stage_id), None)
    if stage is None:
        raise Invalid.field(f"{at}/stage_id", "no such stage here", code="not_found")
    if pipeline is not None and stage.pipeline_id != pipeline.id:
        raise Invalid.field(f"{at}/stage_id", "this stage belongs to another pipeline")
    return stage


def first_stage(pipeline: Pipeline) -> Stage:
    """Where a deal begins."""
    return next((s for s in pipeline.stages if s.kind == StageKind.OPEN), pipeline.stages[0])


def placed(
    stage: Stage,
    fields: Mapping[str, Any],
    present: Mapping[str, Any],
    now: datetime,
    *,
    at: str = "",
) -> dict[str, Any]:
    """The columns that follow from being in a stage.

    `fields` is what the request says and `present` what the deal was, empty for a new one. The
    probability is the stage's unless given; a deal keeps its closing time while it stays won, or
    lost, and an open one has none. Invalid for a reason of loss when the deal is not lost.
    """
    closed = stage.kind != StageKind.OPEN
    unmoved = present.get("stage_id") == stage.id and "probability" not in fields
    given = present["probability"] if unmoved else fields.get("probability")
    reason = fields.get("lost_reason", present.get("lost_reason"))
    if stage.kind != StageKind.LOST:
        if fields.get("lost_reason") is not None:
            raise Invalid.field(f"{at}/lost_reason", "only a lost opportunity has one")
        reason = None
    still = present.get("status") == stage.kind
    return {
        "pipeline_id": stage.pipeline_id,
        "stage_id": stage.id,
        "status": stage.kind,
        "probability": stage.probability if given is None else given,
        "closed_at": (present.get("closed_at") if still else now) if closed else None,
        "lost_reason": reason,
    }
