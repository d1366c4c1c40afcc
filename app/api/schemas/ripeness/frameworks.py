"""Frameworks over the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.fields import (
    Body,
    Flag,
    Label,
    Line,
    Percent,
    Read,
    Token,
    about,
    kept,
    optional,
)
from app.domain.ripeness.frameworks import (
    AnswerKind,
    ConflictRule,
    EvidenceRule,
    FrameworkStatus,
)
from app.domain.ripeness.frameworks_builtin import TEMPLATES

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
AN_OPTION = {"value": "met", "label": "We have spoken to them.", "points": 75}
A_CRITERION: dict[str, Any] = {
    "key": "economic_buyer",
    "label": "Economic buyer",
    "question": "Who can spend this money even if nobody else agrees?",
    "weight": 20,
    "required": True,
    "answers": [AN_OPTION, {"value": "none", "label": "Nobody.", "points": 0}],
}

Weight = Annotated[int, Field(strict=True, ge=0, le=1_000)]
Days = Annotated[int, Field(strict=True, ge=1, le=3_650)]
Template = Annotated[str, Field(pattern=f"^({'|'.join(TEMPLATES)})$")]


class AnswerOption(Body):
    """An answer to choose."""

    value: Token = about("What programs send; not `unknown`, which is always one.", "met")
    label: Line = about("What people read.", "We have spoken to them.", min_length=1)
    points: Percent = about("What it is worth.", 75)
    knock_out: Flag = about(
        "Whether it disqualifies, whatever the score.", example=False, default=False
    )


class Criterion(Body):
    """Something to find out."""

    key: Token = about("What programs call it.", "economic_buyer")
    label: Label = about("What people call it.", "Economic buyer")
    question: Line = about("What to ask.", A_CRITERION["question"], min_length=1)
    help: Line | None = optional("How to ask it, or what counts.", "One person; say the name.")
    weight: Weight = about("How much it counts, relative to the others.", 20, default=1)
    required: Flag = about("Whether it has to be known.", example=True, default=False)
    kind: AnswerKind = about(
        "`choice`: one of `answers`. The others are answered freely, and count in full once known.",
        "choice",
        default=AnswerKind.CHOICE,
    )
    answers: Annotated[list[AnswerOption], Field(max_length=50)] = about(
        "The answers to choose from; none for the other kinds.",
        [AN_OPTION],
        default_factory=list,
    )
    several: Flag = about(
        "Whether answers of different `detail` stand side by side, such as champions. Where there "
        "is one answer, two people who say different things are a conflict.",
        example=False,
        default=False,
    )
    evidence: EvidenceRule = about(
        "Whether an answer to it has to say why one believes it.",
        "optional",
        default=EvidenceRule.OPTIONAL,
    )
    expires_after_days: Days | None = optional("How long an answer counts; null for ever.", 180)


Criteria = Annotated[list[Criterion], Field(min_length=1, max_length=50)]


class FrameworkCreate(Body):
    """A new draft: from a template, with the given members in place of the template's."""

    key: Token = about("What programs call the framework, in every version.", "meddic")
    name: Label | None = optional("What people call it.", "MEDDIC")
    template: Template | None = optional("What to start from.", "meddic")
    criteria: Criteria = kept("What it asks, in order.", [A_CRITERION])
    qualified_at: Percent = kept("The score that qualifies.", 70)
    disqualified_below: Percent = kept("A lower score disqualifies, once everything is known.", 0)
    conflicts: ConflictRule = kept(
        "Whether people who contradict each other hold the verdict up, or it is just shown.",
        "show",
    )

    def told(self) -> dict[str, Any]:
        """The members of the document that are given."""
        return _told(self, exclude={"key", "name", "template"})


class FrameworkUpdate(Body):
    """A JSON merge patch of a draft: absent members stay, lists are replaced as a whole."""

    name: Label = kept("What people call it.", "MEDDIC")
    criteria: Criteria = kept("What it asks, in order.", [A_CRITERION])
    qualified_at: Percent = kept("The score that qualifies.", 70)
    disqualified_below: Percent = kept("A lower score disqualifies, once everything is known.", 0)
    conflicts: ConflictRule = kept("What contradictions do to the verdict.", "hold")

    def told(self) -> dict[str, Any]:
        """The members that are given."""
        return _told(self)


def _told(body: Body, exclude: set[str] | None = None) -> dict[str, Any]:
    names = body.model_fields_set - (exclude or set())
    return body.model_dump(mode="json", include=names)


class AnswerOptionRead(Read):
    """An answer to choose."""

    value: str = about("What programs send.", "met")
    label: str = about("What people read.", "We have spoken to them.")
    points: int = about("What it is worth.", 75)
    knock_out: bool = about("Whether it disqualifies, whatever the score.", example=False)


class CriterionRead(Read):
    """Something to find out."""

    key: str = about("What programs call it.", "economic_buyer")
    label: str = about("What people call it.", "Economic buyer")
    question: str = about("What to ask.", A_CRITERION["question"])
    help: str | None = about("How to ask it, or what counts.", "One person; say the name.")
    weight: int = about("How much it counts.", 20)
    required: bool = about("Whether it has to be known.", example=True)
    kind: AnswerKind = about("How it is answered.", "choice")
    answers: list[AnswerOptionRead] = about("The answers to choose from.", [AN_OPTION])
    several: bool = about("Whether several answers stand side by side.", example=False)
    evidence: EvidenceRule = about("Whether an answer has to say why.", "optional")
    expires_after_days: int | None = about("How long an answer counts.", 180)


class FrameworkTerms(Read):
    """What a framework asks, and how the answers become a verdict."""

    key: str = about("What programs call the framework.", "meddic")
    name: str = about("What people call it.", "MEDDIC")
    criteria: list[CriterionRead] = about("What it asks, in order.")
    qualified_at: int = about("The score that qualifies.", 70)
    disqualified_below: int = about("A lower score disqualifies, once everything is known.", 0)
    conflicts: ConflictRule = about("What contradictions do to the verdict.", "show")


class FrameworkRead(FrameworkTerms):
    """One version of a framework."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    number: int = about("The number of this version of the framework.", 2)
    status: FrameworkStatus = about("Of a key at most one version is published.", "draft")
    based_on: UUID | None = about("The version it was drafted from.", AN_ID)
    published_at: datetime | None = about("When it was last put in force.", "2026-03-02T09:30:00Z")
    retired_at: datetime | None = about("When it was taken out of force.")
    created_at: datetime = about("When it was drafted.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)


class FrameworkTemplates(Read):
    """What to start from."""

    data: list[FrameworkTerms] = about("The templates.")


class FrameworkQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    key: list[Token] | None = optional("Frameworks.", ["meddic"])
    status: list[FrameworkStatus] | None = optional("Where a version stands.", ["published"])
