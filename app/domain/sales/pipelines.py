"""Pipelines: the stages a deal goes through."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class StageKind(StrEnum):
    """Whether a deal in the stage is still open."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(eq=False, kw_only=True)
class Stage:
    """A step of a pipeline; `probability` in percent is what a deal here starts with."""

    workspace_id: UUID
    id: UUID
    pipeline_id: UUID
    name: str
    kind: str
    rank: int
    probability: int


@dataclass(eq=False, kw_only=True)
class Pipeline:
    """A pipeline with its stages in order."""

    workspace_id: UUID
    id: UUID
    name: str
    is_default: bool
    created_at: datetime
    updated_at: datetime
    version: int
    stages: list[Stage] = field(default_factory=list)


DEFAULT_PIPELINE = "Sales"

DEFAULT_STAGES: tuple[tuple[str, StageKind, int], ...] = (
    ("Prospecting", StageKind.OPEN, 10),
    ("Discovery", StageKind.OPEN, 20),
    ("Proposal", StageKind.OPEN, 40),
    ("Negotiation", StageKind.OPEN, 60),
    ("Commitment", StageKind.OPEN, 80),
    ("Closed won", StageKind.WON, 100),
    ("Closed lost", StageKind.LOST, 0),
)
