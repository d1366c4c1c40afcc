"""Leads read together with their scores by the published model, in the same statement."""

from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, Select, and_, select

from app.domain.leads.leads import Lead
from app.domain.ripeness.scoring_models import LeadScore, ModelStatus
from app.repositories.statements import built, own, stored_columns
from app.repositories.tables.leads import leads
from app.repositories.tables.scoring import lead_scores, scoring_models

score = lead_scores.alias("score")
_COLUMNS = {name: f"score_{name}" for name in stored_columns(lead_scores)}


def scored_leads() -> Select[Any]:
    """All leads, each with its score if it has one."""
    return select(leads, *_labelled()).select_from(leads.outerjoin(score, _of_lead()))


def leads_by_score() -> Select[Any]:
    """The leads that have a score, with it."""
    return select(leads, *_labelled()).select_from(score.join(leads, _of_lead()))


def scored(row: asyncpg.Record) -> Lead:
    """The lead of a row; its `score` is as stored, and None where there is none."""
    lead = built(Lead, row)
    columns: dict[str, Any] = vars(lead)
    told = {name: columns.pop(label) for name, label in _COLUMNS.items()}
    columns["score"] = None if told["model_id"] is None else built(LeadScore, told)
    return lead


def _labelled() -> list[ColumnElement[Any]]:
    return [score.c[name].label(label) for name, label in _COLUMNS.items()]


def _of_lead() -> ColumnElement[bool]:
    """By the published model; with none there is no such id, and so no score."""
    c = scoring_models.c
    published = (
        select(c.id)
        .where(own(scoring_models), c.status == ModelStatus.PUBLISHED.value)
        .scalar_subquery()
    )
    return and_(own(score), score.c.model_id == published, score.c.lead_id == leads.c.id)
