"""A workspace and the choices it can make for itself."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

DEFAULT_DISQUALIFY_REASONS: tuple[dict[str, str], ...] = (
    {"code": "no_budget", "label": "No budget"},
    {"code": "no_authority", "label": "Nobody who can decide"},
    {"code": "no_need", "label": "No need"},
    {"code": "bad_timing", "label": "Not now"},
    {"code": "competitor", "label": "Chose a competitor"},
    {"code": "not_a_fit", "label": "Not the customer we serve"},
    {"code": "unreachable", "label": "Cannot be reached"},
    {"code": "spam", "label": "Spam or test"},
    {"code": "other", "label": "Other"},
)


@dataclass(eq=False, kw_only=True)
class WorkspaceSettings:
    """The workspace's own settings; `id` equals `workspace_id`."""

    workspace_id: UUID
    id: UUID
    name: str
    default_country: str | None
    default_currency: str
    time_zone: str
    qualification_policy: dict[str, Any]
    disqualify_reasons: list[dict[str, str]]
    merge_rules: dict[str, Any] = field(default_factory=dict)
    default_framework: str = "bant"
    created_at: datetime
    updated_at: datetime
    version: int
