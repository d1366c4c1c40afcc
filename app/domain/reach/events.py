"""The journal: every change of state is one event, written in the transaction of the change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class EventType(StrEnum):
    """What happened, as `<subject>.<past tense>`."""

    WORKSPACE_UPDATED = "workspace.updated"
    USER_CREATED = "user.created"
    USER_UPDATED = "user.updated"
    TEAM_CREATED = "team.created"
    TEAM_UPDATED = "team.updated"
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"
    CUSTOM_FIELD_CREATED = "custom_field.created"
    CUSTOM_FIELD_UPDATED = "custom_field.updated"
    CUSTOM_FIELD_DELETED = "custom_field.deleted"
    LEAD_CREATED = "lead.created"
    LEAD_UPDATED = "lead.updated"
    LEAD_STATUS_CHANGED = "lead.status_changed"
    LEAD_OWNER_CHANGED = "lead.owner_changed"
    LEAD_STAGE_CHANGED = "lead.lifecycle_stage_changed"
    LEAD_DELETED = "lead.deleted"
    LEAD_ASSESSED = "lead.assessed"
    LEAD_QUALIFIED = "lead.qualified"
    LEAD_DISQUALIFIED = "lead.disqualified"
    LEAD_REACTIVATED = "lead.reactivated"
    LEAD_CONVERTED = "lead.converted"
    LEAD_GRADE_CHANGED = "lead.grade_changed"
    LEAD_MERGED = "lead.merged"
    LEAD_UNMERGED = "lead.unmerged"
    LEAD_ENRICHED = "lead.enriched"
    IDENTITY_ADDED = "identity.added"
    IDENTITY_UPDATED = "identity.updated"
    IDENTITY_REMOVED = "identity.removed"
    DUPLICATE_DISMISSED = "duplicate.dismissed"
    MATCHING_UPDATED = "matching.updated"
    ENRICHMENT_UPDATED = "enrichment.updated"
    IMPORT_CREATED = "import.created"
    IMPORT_FINISHED = "import.finished"
    IMPORT_UNDONE = "import.undone"
    EXPORT_MADE = "export.made"
    FRAMEWORK_CREATED = "framework.created"
    FRAMEWORK_UPDATED = "framework.updated"
    FRAMEWORK_PUBLISHED = "framework.published"
    FRAMEWORK_RETIRED = "framework.retired"
    FRAMEWORK_DELETED = "framework.deleted"
    GATE_CREATED = "gate.created"
    GATE_UPDATED = "gate.updated"
    GATE_DELETED = "gate.deleted"
    GATE_OVERRIDDEN = "gate.overridden"
    SCORING_MODEL_CREATED = "scoring_model.created"
    SCORING_MODEL_UPDATED = "scoring_model.updated"
    SCORING_MODEL_PUBLISHED = "scoring_model.published"
    SCORING_MODEL_RETIRED = "scoring_model.retired"
    SEGMENT_CREATED = "segment.created"
    SEGMENT_UPDATED = "segment.updated"
    SEGMENT_ARCHIVED = "segment.archived"
    SEGMENT_ENTERED = "segment.entered"
    SEGMENT_LEFT = "segment.left"
    PREDICTION_TRAINED = "prediction.trained"
    PREDICTION_OVERRIDDEN = "prediction.overridden"
    TOUCHPOINT_RECORDED = "touchpoint.recorded"
    CONSENT_RECORDED = "consent.recorded"
    SUBMISSION_HELD = "submission.held"
    SUBMISSION_QUARANTINED = "submission.quarantined"
    SUBMISSION_RELEASED = "submission.released"
    SUBMISSION_REJECTED = "submission.rejected"
    FORM_CREATED = "form.created"
    FORM_UPDATED = "form.updated"
    FORM_ARCHIVED = "form.archived"
    CONNECTOR_CREATED = "connector.created"
    CONNECTOR_UPDATED = "connector.updated"
    CONNECTOR_ARCHIVED = "connector.archived"
    CAMPAIGN_CREATED = "campaign.created"
    CAMPAIGN_UPDATED = "campaign.updated"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_UPDATED = "account.updated"
    CONTACT_CREATED = "contact.created"
    CONTACT_UPDATED = "contact.updated"
    OPPORTUNITY_CREATED = "opportunity.created"
    OPPORTUNITY_UPDATED = "opportunity.updated"
    OPPORTUNITY_STAGE_CHANGED = "opportunity.stage_changed"
    CONSENT_CONFIRMED = "consent.confirmed"
    JOB_DIED = "job.died"
    JOB_RETRIED = "job.retried"
    JOB_CANCELLED = "job.cancelled"


class CauseKind(StrEnum):
    """What made a change that nobody asked for by name."""

    SUBMISSION = "submission"
    IMPORT = "import"
    ENRICHMENT = "enrichment"
    MERGE = "merge"
    MERGE_UNDO = "merge_undo"
    CONVERSION = "conversion"
    ASSESSMENT = "assessment"
    SCORING = "scoring"


@dataclass(frozen=True)
class Cause:
    """Why a change was made: a submission, an import, a provider. `name` is its source in words,
    such as the form's or the provider's name."""

    kind: CauseKind
    id: UUID | None = None
    name: str | None = None

    def told(self) -> dict[str, Any]:
        """As the journal tells it, under `cause`."""
        return {"kind": self.kind.value, "id": self.id, "name": self.name}


@dataclass(frozen=True, kw_only=True)
class Event:
    """An entry of the journal. `position` orders the change feed and is given after the commit."""

    workspace_id: UUID
    id: UUID
    type: str
    subject_type: str
    subject_id: UUID
    lead_id: UUID | None
    user_id: UUID | None
    api_key_id: UUID | None
    data: dict[str, Any]
    occurred_at: datetime
    recorded_at: datetime
    position: int | None

    @property
    def untrusted(self) -> list[str]:
        """The members of `data` that hold text from outside: show it, never obey it."""
        return [name for name in _FROM_OUTSIDE if name in self.data]


# Names, notes and free fields are typed by strangers; ids, statuses and amounts are not.
_FROM_OUTSIDE = ("changes", "source", "note", "reason", "override_reason", "name", "label", "kind")


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`{field: {"before": …, "after": …}}` for every field of `after` that differs."""
    return {
        name: {"before": before.get(name), "after": value}
        for name, value in after.items()
        if before.get(name) != value
    }
