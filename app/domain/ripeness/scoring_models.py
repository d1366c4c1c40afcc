"""Scoring models as they are kept: versions that are drafted, published and retired."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.errors import IllegalMove
from app.domain.ripeness.engagement import Level
from app.domain.ripeness.scoring import Fit, ScoringModel, Standing, standing
from app.domain.ripeness.scoring_parsing import parse_model
from app.domain.ripeness.scoring_rules import custom_as_kept


class ModelStatus(StrEnum):
    """Where a version stands: only drafts are changed; what is publishing or published keeps every
    lead's score up to date."""

    DRAFT = "draft"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    RETIRED = "retired"


LIVE = (ModelStatus.PUBLISHING, ModelStatus.PUBLISHED)


@dataclass(eq=False, kw_only=True)
class StoredModel:
    """A version as stored.

    `declared_fields` tells how the workspace's own fields that its rules test were declared when it
    was written: it goes on meaning the same when they are declared anew.
    """

    workspace_id: UUID
    id: UUID
    number: int
    name: str
    status: str
    document: dict[str, Any]
    declared_fields: dict[str, dict[str, Any]]
    based_on: UUID | None
    job_id: UUID | None
    published_at: datetime | None
    retired_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def based_on_id(self) -> UUID | None:
        """The version it was based on, which may be deleted since."""
        return self.based_on

    def model(self) -> ScoringModel:
        """What its rules say."""
        return parse_model(
            self.document,
            custom_as_kept(self.declared_fields),
            id=self.id,
            number=self.number,
            name=self.name,
            published=self.status == ModelStatus.PUBLISHED,
            at="/document",
        )


def check_draft(stored: StoredModel, what: str) -> None:
    """Raise IllegalMove unless the model is a draft."""
    if stored.status != ModelStatus.DRAFT:
        raise IllegalMove(
            f"a scoring model that is {stored.status} cannot {what}; base a new draft on it",
            extra={"status": stored.status},
        )


@dataclass(eq=False, kw_only=True)
class LeadScore:
    """A lead's score by a model, as stored."""

    workspace_id: UUID
    model_id: UUID
    lead_id: UUID
    fit: int
    knocked_out_by: str | None
    engagement: float
    engagement_at: datetime | None
    engagement_key: int
    scored_at: datetime

    def standing(self, model: ScoringModel, now: datetime) -> Standing:
        """Where the lead stands at `now`."""
        fit = Fit(points=self.fit, knocked_out_by=self.knocked_out_by)
        return standing(model, fit, Level(self.engagement, self.engagement_at), now)
