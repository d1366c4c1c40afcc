"""Leads found by a condition."""

from dataclasses import dataclass
from typing import Any

from app.domain.condition_parsing import parse_condition
from app.domain.conditions import Condition
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.domain.ripeness.score_conditions import searched_fields, tests_scores
from app.domain.ripeness.scoring import ScoringModel
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.model_directory import MODELS
from app.services.leads.score_keeping import show_scores


@dataclass(frozen=True)
class Found:
    """A page of what was found, and how much that is in all where that was asked."""

    page: Page[Lead]
    count: int | None


class LeadSearchService:
    """Answers conditions on leads."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def search(self, written: Any, request: PageRequest, *, count: bool) -> Found:
        """The leads that meet a condition; Invalid names what cannot be understood, and a condition
        that takes too long."""
        condition = await self._understood(written)
        model = await self._model(condition)
        page = await self._uow.condition_search.page(condition, request, model)
        await show_scores(self._uow, page.data)
        found = await self._uow.condition_search.count(condition, model) if count else None
        return Found(page, found)

    async def _understood(self, written: Any) -> Condition:
        declared = (await self._uow.custom_fields.by_key()).values()
        return parse_condition(written, searched_fields(declared), "/condition")

    async def _model(self, condition: Condition) -> ScoringModel | None:
        """The published model where scores are asked for."""
        return await MODELS.published(self._uow) if tests_scores(condition) else None
