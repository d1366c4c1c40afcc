"""Assessments: added and never changed, read newest first or merged."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from app.domain.paging import Page, PageRequest
from app.domain.ripeness.assessments import Assessment
from app.domain.ripeness.bant import ANSWERS, Answer, Criterion
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.statements import (
    Statement,
    array_param,
    as_arrays,
    insert_rows,
    own,
    param,
    stored_columns,
)
from app.repositories.tables.record import touchpoints
from app.repositories.tables.ripeness import assessment_answers, assessments
from app.repositories.transaction import Transaction

a = assessment_answers.c

_OF_AN_ANSWER = tuple(name for name in Answer.__dataclass_fields__ if name in a)


class AssessmentRepository:
    """Assessments of leads, with their answers."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, assessment: Assessment) -> None:
        """Store an assessment and its answers in one statement."""
        answers = [_answer_row(assessment, answer) for answer in assessment.answers.values()]
        await self._transaction.rows(
            _ADD,
            **as_arrays(assessments, [vars(assessment)], "assessment"),
            **as_arrays(assessment_answers, answers, "answer"),
        )

    async def newest_answers(self, lead_id: UUID) -> list[Answer]:
        """The newest answer to each criterion that was ever answered."""
        rows = await self._transaction.rows(_NEWEST, lead_id=lead_id)
        return [_answer(row) for row in rows]

    async def page(self, lead_id: UUID, request: PageRequest) -> Page[Assessment]:
        """Assessments of a lead by `assessed_at`, with their answers."""
        cursor = Cursor(
            self._transaction.workspace_id,
            self._transaction.now,
            "assessments",
            lead_id,
            request.sort,
        )
        values: dict[str, Any] = arguments_for(request, cursor)
        statement = _PAGE_AFTER if request.cursor is not None else _PAGE
        rows = await self._transaction.rows(statement, lead_id=lead_id, **values)
        page = page_of(rows, request, cursor, lambda row: Assessment(**row), "assessed_at")
        await self._fill_in(page.data)
        return page

    async def touchpoints_of(self, lead_id: UUID, ids: Iterable[UUID]) -> set[UUID]:
        """Which of these are touchpoints of the lead."""
        rows = await self._transaction.rows(_TOUCHPOINTS_OF, lead_id=lead_id, ids=sorted(ids))
        return {row["id"] for row in rows}

    async def _fill_in(self, found: list[Assessment]) -> None:
        if not found:
            return
        by_id = {assessment.id: assessment for assessment in found}
        for row in await self._transaction.rows(_ANSWERS_OF, ids=sorted(by_id)):
            answer = _answer(row)
            by_id[row["assessment_id"]].answers[answer.criterion] = answer


def _answer(row: asyncpg.Record) -> Answer:
    fields = {name: row[name] for name in _OF_AN_ANSWER}
    criterion = Criterion(fields["criterion"])
    fields["answer"] = ANSWERS[criterion](fields["answer"])
    return Answer(**fields | {"criterion": criterion})


def _answer_row(assessment: Assessment, answer: Answer) -> dict[str, Any]:
    return {
        **vars(answer),
        "workspace_id": assessment.workspace_id,
        "assessment_id": assessment.id,
        "lead_id": assessment.lead_id,
    }


def _add() -> Statement:
    parent = insert_rows(assessments, stored_columns(assessments), "assessment").cte("parent")
    columns = stored_columns(assessment_answers)
    return Statement(insert_rows(assessment_answers, columns, "answer").add_cte(parent))


def _page(*, after: bool) -> Statement:
    query = select(assessments).where(
        own(assessments), assessments.c.lead_id == param("lead_id", assessments.c.lead_id)
    )
    order = (assessments.c.assessed_at, assessments.c.id)
    return Statement(in_order(query, *order, descending=True, after=after))


_ADD = _add()
_PAGE = _page(after=False)
_PAGE_AFTER = _page(after=True)
_NEWEST = Statement(
    select(assessment_answers)
    .ext(distinct_on(a.criterion))
    .where(own(assessment_answers), a.lead_id == param("lead_id", a.lead_id))
    .order_by(a.criterion.desc(), a.answered_at.desc(), a.id.desc())
)
_ANSWERS_OF = Statement(
    select(assessment_answers)
    .where(own(assessment_answers), a.assessment_id == func.any(array_param("ids", a.id)))
    .order_by(a.assessment_id, a.id)
)
_TOUCHPOINTS_OF = Statement(
    select(touchpoints.c.id).where(
        own(touchpoints),
        touchpoints.c.lead_id == param("lead_id", touchpoints.c.lead_id),
        touchpoints.c.id == func.any(array_param("ids", touchpoints.c.id)),
    )
)
