"""What publishing a scoring model would change, counted lead by lead; nothing is stored."""

from collections import Counter
from typing import Any
from uuid import UUID

from app.domain.ripeness.score_keeping import may_advance
from app.domain.ripeness.scoring import ScoringModel, reached
from app.domain.ripeness.scoring_models import LeadScore, ModelStatus
from app.repositories.ripeness.score_recompute import ScoredLead
from app.repositories.unit_of_work import UnitOfWork


class Rehearsal:
    """Counts on from a report."""

    def __init__(
        self, uow: UnitOfWork, model: ScoringModel, report: dict[str, Any] | None = None
    ) -> None:
        self._uow = uow
        self._model = model
        told = report or {}
        self._before = Counter(told.get("grades_before") or {})
        self._after = Counter(told.get("grades_after") or {})
        self._moved = Counter({"mql": told.get("mql", 0), "sql": told.get("sql", 0)})
        self._changed = told.get("changed_grades", 0)

    @property
    def report(self) -> dict[str, Any]:
        """What was counted: leads by grade now and then, how many would get another grade, and how
        many have by their score come to a stage that they have not reached."""
        return {
            "grades_before": dict(sorted(self._before.items())),
            "grades_after": dict(sorted(self._after.items())),
            "changed_grades": self._changed,
            "mql": self._moved["mql"],
            "sql": self._moved["sql"],
        }

    async def go_on(self, last: UUID, limit: int) -> tuple[UUID, int]:
        """Count the next leads; the last of them, and how many they were."""
        uow = self._uow
        leads = await uow.score_recompute.leads_after(last, limit, lock=False)
        if not leads:
            return last, 0
        ids = [lead.id for lead in leads]
        published = next(
            (
                each.model()
                for each in await uow.scoring_models.live()
                if each.status == ModelStatus.PUBLISHED
            ),
            None,
        )
        stored = await uow.score_recompute.stored(published.id, ids) if published else {}
        scores = await uow.score_recompute.work_out(self._model, ids)
        found = {score.lead_id: score for score in scores}
        for lead in leads:
            if lead.id in found:
                before = stored.get(lead.id)
                self._count(lead, published, before, found[lead.id])
        return ids[-1], len(ids)

    def _count(
        self,
        lead: ScoredLead,
        published: ScoringModel | None,
        before: LeadScore | None,
        score: LeadScore,
    ) -> None:
        now = self._uow.now
        standing = score.standing(self._model, now)
        self._after[standing.grade] += 1
        if published is not None and before is not None:
            grade = before.standing(published, now).grade
            self._before[grade] += 1
            self._changed += grade != standing.grade
        stage = reached(self._model, standing)
        if stage is not None and may_advance(lead, stage):
            self._moved[stage.value] += 1
