"""Gates: what has to hold before a lead or its deal may move on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, FieldError, Invalid
from app.domain.leads.status import stages_reached
from app.domain.ripeness.assessments import Qualification
from app.domain.ripeness.frameworks import Definition

_REQUIREMENTS = ("criteria", "min_score", "min_completeness", "no_conflicts")


@dataclass(eq=False, kw_only=True)
class Gate:
    """A gate as stored: before which moves it stands, and what it asks for.

    What it asks of answers is asked in its framework, which is the workspace's default when None.
    """

    workspace_id: UUID
    id: UUID
    name: str
    active: bool
    statuses: list[str]
    lifecycle_stages: list[str]
    stage_ids: list[str]
    framework: str | None
    criteria: list[str]
    min_score: int | None
    min_completeness: int | None
    no_conflicts: bool
    condition: dict[str, Any] | None
    override_allowed: bool
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def asks_for_answers(self) -> bool:
        """Whether it asks for anything that people find out."""
        return any(getattr(self, name) not in (None, False, []) for name in _REQUIREMENTS)


@dataclass(frozen=True, kw_only=True)
class Move:
    """What is about to change: the statuses and the lifecycle stages that are reached or passed
    over, the stage of a deal; None stays as it is."""

    statuses: tuple[str, ...] = ()
    lifecycle_stages: tuple[str, ...] = ()
    stage_id: UUID | None = None

    @classmethod
    def of(cls, lifecycle_stage: str, changes: Mapping[str, Any]) -> "Move":
        """The move that changes of the columns of a lead in this stage make."""
        status = changes.get("status")
        stage = changes.get("lifecycle_stage", lifecycle_stage)
        return cls(
            statuses=() if status is None else (status,),
            lifecycle_stages=stages_reached(lifecycle_stage, stage),
        )

    def meets(self, gate: Gate) -> bool:
        """Whether the gate stands before this move."""
        return gate.active and (
            not set(gate.statuses).isdisjoint(self.statuses)
            or not set(gate.lifecycle_stages).isdisjoint(self.lifecycle_stages)
            or (self.stage_id is not None and str(self.stage_id) in gate.stage_ids)
        )

    @property
    def is_one(self) -> bool:
        """Whether anything moves at all."""
        return self != Move()


@dataclass(frozen=True, kw_only=True)
class Lack:
    """One thing that keeps a gate shut, for people in `detail`."""

    kind: str
    detail: str
    framework: str | None = None
    criterion: str | None = None
    label: str | None = None
    question: str | None = None
    needed: int | None = None
    present: int | None = None
    condition: Mapping[str, Any] | None = None

    def told(self) -> dict[str, Any]:
        """As the refusal tells it."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Shut:
    """A gate, and what keeps it shut."""

    gate: Gate
    lacks: list[Lack] = field(default_factory=list)


def check_gate(gate: Gate) -> None:
    """Raise Invalid unless the gate stands somewhere and asks for something."""
    problems = []
    if not (gate.statuses or gate.lifecycle_stages or gate.stage_ids):
        detail = "name at least one status, lifecycle stage or stage of a deal"
        problems.append(FieldError(pointer="/", detail=detail))
    if not gate.asks_for_answers and gate.condition is None:
        detail = "ask for criteria, a score, completeness, no conflicts or a condition"
        problems.append(FieldError(pointer="/", detail=detail))
    if problems:
        raise Invalid("the gate would never stop anything", errors=problems)


def check_criteria(gate: Gate, definition: Definition) -> None:
    """Raise Invalid for criteria that the framework does not have."""
    problems = [
        FieldError(
            pointer=f"/criteria/{place}", code="not_found", detail=f"{definition.key} has no such"
        )
        for place, key in enumerate(gate.criteria)
        if key not in definition.by_key
    ]
    if problems:
        raise Invalid("the framework has no such criteria", errors=problems)


def lacks_of(gate: Gate, definition: Definition | None, found: Qualification | None) -> list[Lack]:
    """What the answers lack; `found` is the qualification in the gate's framework."""
    if definition is None or found is None:
        detail = f"no version of the framework {gate.framework} is published"
        return [Lack(kind="framework", detail=detail, framework=gate.framework)]
    lacks = [_unanswered(definition, found, key) for key in gate.criteria if _open(found, key)]
    if gate.no_conflicts:
        disputed = [conflict.criterion for conflict in found.conflicts]
        lacks += [
            _lack("conflict", definition, key, "the answers contradict each other")
            for key in disputed
            if key not in gate.criteria
        ]
    for kind, needed, present in (
        ("score", gate.min_score, found.score),
        ("completeness", gate.min_completeness, found.completeness),
    ):
        if needed is not None and present < needed:
            lacks.append(
                Lack(
                    kind=kind,
                    detail=f"{definition.key}: {kind} {present} is below {needed}",
                    framework=definition.key,
                    needed=needed,
                    present=present,
                )
            )
    return lacks


def closed(shut: Sequence[Shut]) -> Conflict:
    """The refusal, which names everything that is missing."""
    lacks = [lack for each in shut for lack in each.lacks]
    names = " and ".join(f"“{each.gate.name}”" for each in shut)
    overridable = all(each.gate.override_allowed for each in shut)
    hint = "; an override_reason opens it all the same" if overridable else ""
    return Conflict(
        f"{names}: {'; '.join(lack.detail for lack in lacks)}{hint}",
        code="gate_closed",
        extra={
            "missing": list(dict.fromkeys(lack.criterion or lack.kind for lack in lacks)),
            "gates": [
                {
                    "id": str(each.gate.id),
                    "name": each.gate.name,
                    "override_allowed": each.gate.override_allowed,
                    "missing": [lack.told() for lack in each.lacks],
                }
                for each in shut
            ],
        },
    )


def _open(found: Qualification, key: str) -> bool:
    """Whether a criterion is still to be asked; in a framework that lost it, it is."""
    known = {part.criterion for part in found.contributions if part.answer is not None}
    disputed = {conflict.criterion for conflict in found.conflicts}
    return key not in known or key in disputed


def _unanswered(definition: Definition, found: Qualification, key: str) -> Lack:
    reasons = {each.criterion.key: each.reason for each in found.next_questions}
    why = {"conflict": "the answers contradict each other", "expired": "the answer is too old"}
    reason = reasons.get(key, "unknown")
    kind = "conflict" if reason == "conflict" else "criterion"
    return _lack(kind, definition, key, why.get(reason, "is not known"))


def _lack(kind: str, definition: Definition, key: str, detail: str) -> Lack:
    criterion = definition.by_key.get(key)
    return Lack(
        kind=kind,
        detail=f"{definition.key}.{key}: {detail}",
        framework=definition.key,
        criterion=key,
        label=criterion.label if criterion else None,
        question=criterion.question if criterion else None,
    )
