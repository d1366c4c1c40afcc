"""Which scoring models are live, remembered for a second by each process.

Whoever writes leads or touches keeps the scores of every live model. That a model has become live
is known to all of them at the latest after `seconds`: publishing waits for longer than that, and
then for every transaction that had begun by then.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

from app.domain.ripeness.scoring import ScoringModel
from app.repositories.unit_of_work import UnitOfWork

REMEMBERED_WORKSPACES = 1_000


class ModelDirectory:
    """Live models by workspace."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self._known: OrderedDict[UUID, tuple[float, tuple[ScoringModel, ...]]] = OrderedDict()
        self._versions: OrderedDict[UUID, ScoringModel] = OrderedDict()

    async def live(self, uow: UnitOfWork) -> Sequence[ScoringModel]:
        """The published model and the one that is being published, if there are any.

        What is remembered serves only transactions that have begun: publishing waits for those,
        and could not know of one that asks first and begins later.
        """
        known = self._known.get(uow.workspace_id)
        if uow.begun and known is not None and time.monotonic() < known[0] + self.seconds:
            return known[1]
        asked_at = time.monotonic()
        models = tuple([stored.model() for stored in await uow.scoring_models.live()])
        for model in models:
            # While it is being published it may still become a draft again, and change.
            if model.published:
                self._keep(model)
        self._known[uow.workspace_id] = (asked_at, models)
        self._known.move_to_end(uow.workspace_id)
        while len(self._known) > REMEMBERED_WORKSPACES:
            self._known.popitem(last=False)
        return models

    async def published(self, uow: UnitOfWork) -> ScoringModel | None:
        """The published model."""
        return next((model for model in await self.live(uow) if model.published), None)

    async def version(self, uow: UnitOfWork, model_id: UUID) -> ScoringModel:
        """A version that is or was published: what it says never changes, and is asked for once."""
        model = self._versions.get(model_id)
        if model is None:
            model = (await uow.scoring_models.get(model_id)).model()
            self._keep(model)
        return model

    def _keep(self, model: ScoringModel) -> None:
        self._versions[model.id] = model
        self._versions.move_to_end(model.id)
        while len(self._versions) > REMEMBERED_WORKSPACES:
            self._versions.popitem(last=False)

    def forget(self, workspace_id: UUID) -> None:
        """Ask anew next time."""
        self._known.pop(workspace_id, None)


# One for the process: what it remembers is the same for every unit of work.
MODELS = ModelDirectory()
