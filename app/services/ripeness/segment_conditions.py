"""The condition of a segment, understood with what the workspace knows now."""

from collections.abc import Mapping
from typing import Any

from app.domain.condition_parsing import parse_condition
from app.domain.conditions import Field
from app.domain.errors import Invalid
from app.domain.ripeness.score_conditions import searched_fields, tests_scores
from app.domain.ripeness.scoring import ScoringModel
from app.domain.ripeness.segments import fields_in
from app.repositories.ripeness.segment_conditions import Asked
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.model_directory import ModelDirectory

# Scores fade as time passes; what is foretold is worked out some time after a lead has changed.
_FADING = frozenset({"engagement", "score", "grade", "temperature", "prediction"})
# Asks each time: members that were worked out with a model of a second ago would stay wrong.
_MODELS = ModelDirectory(seconds=0)


class SegmentConditions:
    """Reads conditions on leads."""

    def __init__(self, uow: UnitOfWork, fields: Mapping[str, Field]) -> None:
        self._uow = uow
        self._fields = fields
        self._models: list[ScoringModel | None] = []

    @classmethod
    async def of(cls, uow: UnitOfWork) -> "SegmentConditions":
        """With the fields that the workspace has now."""
        return cls(uow, searched_fields((await uow.custom_fields.by_key()).values()))

    async def read(self, document: Any, at: str = "") -> Asked:
        """The condition; Invalid names what cannot be understood."""
        condition = parse_condition(document, self._fields, at)
        if not tests_scores(condition):
            return Asked(condition)
        if not self._models:
            self._models.append(await _MODELS.published(self._uow))
        return Asked(condition, self._models[0])

    def timed(self, document: Any) -> bool:
        """Whether its answers change by the mere passing of time."""
        if _FADING & fields_in(document):
            return True
        try:
            parse_condition(document, self._fields, timeless=True)
        except Invalid:
            return True
        return False
