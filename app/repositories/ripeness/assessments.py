"""Assessments: added and never changed, read newest first or merged."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from app.domain.paging import Page, PageRequest
from app.domain.ripeness.answers import GivenAnswer
from app.domain.ripeness.assessments import BANT, Assessment
from app.domain.ripeness.bant import ANSWERS, Answer, Criterion
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.statements import (
    Statement,
    array_param,
    as_arrays,
    insert_rows,
    own,
    param,
    rows_of,
    stored_columns,
)
from app.repositories.tables.leads import leads
from app.repositories.tables.record import touchpoints
from app.repositories.tables.ripeness import assessment_answers, assessments
from app.repositories.transaction import Transaction

a = assessment_answers.c

_OF_AN_ANSWER = tuple(name for name in Answer.__dataclass_fields__ if name in a)


class AssessmentRepository:
    """Assessments of leads, with their answers."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, new: Sequence[Assessment]) -> None:
        """Store assessments and their answers in one statement."""
        answers = [_answer_row(each, answer) for each in new for answer in each.given]
        await self._transaction.rows(
            _ADD,
            **as_arrays(assessments, [vars(each) for each in new], "assessment"),
            **as_arrays(assessment_answers, answers, "answer"),
        )

    async def newest_answers(self, lead_id: UUID, framework: str) -> list[GivenAnswer]:
        """Of each criterion of a framework what counts or contradicts: see `_NEWEST`."""
        rows = await self._transaction.rows(_NEWEST, ids=[lead_id], frameworks=[framework])
        return [_answer(row) for row in rows]

    async def newest_of_many(
        self, lead_ids: Iterable[UUID], frameworks: Iterable[str]
    ) -> dict[tuple[UUID, str], list[GivenAnswer]]:
        """The same for several leads and frameworks."""
        found: dict[tuple[UUID, str], list[GivenAnswer]] = {}
        ids, keys = sorted(set(lead_ids)), sorted(set(frameworks))
        for row in await self._transaction.rows(_NEWEST, ids=ids, frameworks=keys):
            found.setdefault((row["lead_id"], row["framework"]), []).append(_answer(row))
        return found

    async def show_on_leads(
        self, verdicts: Mapping[UUID, Mapping[str, Any]], unchanged: Collection[UUID]
    ) -> None:
        """Set what locked leads show of their qualification; of those that are `unchanged`
        otherwise it is a version more."""
        ids = sorted(verdicts)
        values = {f"lead_{name}": [verdicts[lead_id][name] for lead_id in ids] for name in _SHOWN}
        values["lead_version"] = [int(lead_id in unchanged) for lead_id in ids]
        await self._transaction.rows(_SHOW, lead_id=ids, now=self._transaction.now, **values)

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
            by_id[row["assessment_id"]].given.append(answer)


def _answer(row: asyncpg.Record) -> GivenAnswer:
    fields = {name: row[name] for name in _OF_AN_ANSWER}
    if row["framework"] != BANT:
        return GivenAnswer(**fields)
    criterion = Criterion(fields["criterion"])
    fields["answer"] = ANSWERS[criterion](fields["answer"])
    return Answer(**fields | {"criterion": criterion})


def _answer_row(assessment: Assessment, answer: GivenAnswer) -> dict[str, Any]:
    return {
        **vars(answer),
        "framework": assessment.framework,
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
# Written out, for DISTINCT ON and ORDER BY have to say the same.
_TELLS_NOTHING: ColumnElement[bool] = literal_column("assessment_answers.answer = 'unknown'")
_KINDS = (
    a.lead_id,
    a.framework,
    a.criterion,
    a.by_lead,
    a.answered_by,
    a.detail,
    a.settles,
    _TELLS_NOTHING,
)
# The newest answer of each teller about each detail, and of those the newest that settles and the
# newest that withdraws: all that the domain's rules can depend on, however long the history.
_NEWEST = Statement(
    select(assessment_answers)
    .ext(distinct_on(*_KINDS))
    .where(
        own(assessment_answers),
        a.lead_id == func.any(array_param("ids", a.lead_id)),
        a.framework == func.any(array_param("frameworks", a.framework)),
    )
    .order_by(*_KINDS, a.answered_at.desc(), a.id.desc())
)
_ANSWERS_OF = Statement(
    select(assessment_answers)
    .where(own(assessment_answers), a.assessment_id == func.any(array_param("ids", a.id)))
    .order_by(a.assessment_id, a.id)
)
_SHOWN = ("qualification_outcome", "qualification_score", "qualification_completeness")


def _show() -> Statement:
    told = rows_of(leads, ("id", "version", *_SHOWN), "lead")
    return Statement(
        update(leads)
        .where(own(leads), leads.c.id == told.c.id)
        .values(
            {name: told.c[name] for name in _SHOWN}
            | {
                "updated_at": param("now", leads.c.updated_at),
                "version": leads.c.version + told.c.version,
            }
        )
    )


_SHOW = _show()
_TOUCHPOINTS_OF = Statement(
    select(touchpoints.c.id).where(
        own(touchpoints),
        touchpoints.c.lead_id == param("lead_id", touchpoints.c.lead_id),
        touchpoints.c.id == func.any(array_param("ids", touchpoints.c.id)),
    )
)
