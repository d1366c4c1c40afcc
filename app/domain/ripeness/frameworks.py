"""Qualification frameworks as data: what is asked, which answers there are, what they count."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

BANT = "bant"


class FrameworkStatus(StrEnum):
    """Where a version of a framework stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class AnswerKind(StrEnum):
    """How a criterion is answered: by one of its answers, or freely."""

    CHOICE = "choice"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    MONEY = "money"


class EvidenceRule(StrEnum):
    """Whether an answer has to say why one believes it."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class ConflictRule(StrEnum):
    """What two people who contradict each other do to the verdict."""

    SHOW = "show"
    HOLD = "hold"


@dataclass(frozen=True, kw_only=True)
class Option:
    """An answer to choose. One that knocks out disqualifies, whatever the score."""

    value: str
    label: str
    points: int
    knock_out: bool = False


@dataclass(frozen=True, kw_only=True)
class FrameworkCriterion:
    """Something to find out. With `several`, answers of different detail stand side by side."""

    key: str
    label: str
    question: str
    help: str | None = None
    weight: int = 1
    required: bool = False
    kind: AnswerKind = AnswerKind.CHOICE
    answers: tuple[Option, ...] = ()
    several: bool = False
    evidence: EvidenceRule = EvidenceRule.OPTIONAL
    expires_after_days: int | None = None

    @cached_property
    def by_value(self) -> dict[str, Option]:
        """The answers by value."""
        return {option.value: option for option in self.answers}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a framework asks and how the answers become a verdict."""

    key: str
    name: str
    criteria: tuple[FrameworkCriterion, ...]
    qualified_at: int = 70
    disqualified_below: int = 0
    conflicts: ConflictRule = ConflictRule.SHOW
    number: int | None = None
    id: UUID | None = None

    @cached_property
    def by_key(self) -> dict[str, FrameworkCriterion]:
        """The criteria by key."""
        return {criterion.key: criterion for criterion in self.criteria}

    @property
    def required(self) -> list[str]:
        """The criteria that have to be known."""
        return [criterion.key for criterion in self.criteria if criterion.required]


@dataclass(eq=False, kw_only=True)
class Framework:
    """One version of a framework as stored; at most one of a key is published."""

    workspace_id: UUID
    id: UUID
    key: str
    number: int
    name: str
    status: str
    document: dict[str, Any]
    based_on: UUID | None
    published_at: datetime | None
    retired_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @cached_property
    def definition(self) -> Definition:
        """The document, read once."""
        told = read_definition(self.key, self.name, self.document)
        return Definition(**(vars_of(told) | {"number": self.number, "id": self.id}))

    @property
    def criteria(self) -> Any:
        """What it asks."""
        return self.document["criteria"]

    @property
    def qualified_at(self) -> Any:
        """The score that qualifies."""
        return self.document["qualified_at"]

    @property
    def disqualified_below(self) -> Any:
        """A lower score disqualifies, once everything is known."""
        return self.document["disqualified_below"]

    @property
    def conflicts(self) -> Any:
        """What contradictions do to the verdict."""
        return self.document["conflicts"]


def vars_of(definition: Definition) -> dict[str, Any]:
    """Its fields, without what was worked out from them."""
    return {name: getattr(definition, name) for name in Definition.__dataclass_fields__}


def read_definition(key: str, name: str, document: Mapping[str, Any]) -> Definition:
    """The definition that a document of the API tells; it has passed `check_definition`."""
    return Definition(
        key=key,
        name=name,
        criteria=tuple(map(_criterion, document["criteria"])),
        qualified_at=document["qualified_at"],
        disqualified_below=document["disqualified_below"],
        conflicts=ConflictRule(document["conflicts"]),
    )


def document_of(definition: Definition) -> dict[str, Any]:
    """The definition as a document of the API."""
    return {
        "criteria": [
            asdict(criterion)
            | {
                "kind": criterion.kind.value,
                "evidence": criterion.evidence.value,
                "answers": [asdict(option) for option in criterion.answers],
            }
            for criterion in definition.criteria
        ],
        "qualified_at": definition.qualified_at,
        "disqualified_below": definition.disqualified_below,
        "conflicts": definition.conflicts.value,
    }


def _criterion(told: Mapping[str, Any]) -> FrameworkCriterion:
    known = FrameworkCriterion.__dataclass_fields__.keys() & told.keys()
    fields = {name: told[name] for name in known}
    return FrameworkCriterion(
        **fields
        | {
            "kind": AnswerKind(told["kind"]),
            "evidence": EvidenceRule(told["evidence"]),
            "answers": tuple(Option(**option) for option in told["answers"]),
        }
    )
