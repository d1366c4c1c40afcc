"""What a lead's score is made of: now, at an instant, or by a version that is not published."""

from datetime import datetime
from uuid import UUID

from app.domain.ripeness.score_ledger import Ledger, ledger_of
from app.domain.ripeness.scoring import ScoringModel
from app.domain.ripeness.scoring_models import ModelStatus
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.model_directory import MODELS
from app.services.leads.provenance import ProvenanceService
from app.services.ripeness.scoring_models import ScoringModelService


class ScoringService:
    """Use cases of a lead's score."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def ledger(
        self, lead_id: UUID, *, as_of: datetime | None = None, model_id: UUID | None = None
    ) -> Ledger:
        """Every point of a lead: what was known at the instant, by the model that was published
        then, or by the one that is named. Without a model there are no points."""
        uow = self._uow
        instant = as_of or uow.now
        if as_of is None:
            lead = await uow.leads.get(lead_id)
            touches = await uow.field_history.touches_now(lead)
        else:
            lead, touches = await ProvenanceService(uow).touched_as_of(lead_id, as_of)
        model = await self._model(as_of, model_id)
        if model is None:
            return Ledger(lead_id=lead_id, as_of=instant, model=None)
        return ledger_of(model, lead, touches, instant)

    async def _model(self, as_of: datetime | None, model_id: UUID | None) -> ScoringModel | None:
        if model_id is not None:
            stored = await self._uow.scoring_models.get(model_id)
            if stored.status == ModelStatus.DRAFT:
                return await ScoringModelService(self._uow).as_published(stored)
            return stored.model()
        if as_of is None:
            return await MODELS.published(self._uow)
        published_id = await self._uow.lead_scores.published_at(as_of)
        return await MODELS.version(self._uow, published_id) if published_id else None
