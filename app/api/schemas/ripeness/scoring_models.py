"""Scoring models over the wire."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, GetPydanticSchema, model_validator

from app.api.schemas.fields import Body, Flag, Label, Read, about, kept, optional
from app.api.schemas.ripeness.scoring_documents import ScoringDocument
from app.domain.ripeness.scoring_documents import Template
from app.domain.ripeness.scoring_models import ModelStatus

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
_A_DOCUMENT: dict[str, Any] = {
    "fit": {
        "rules": [
            {
                "key": "industry",
                "points": 40,
                "when": {"field": "industry", "op": "eq", "value": "Software"},
            }
        ]
    },
    "engagement": {
        "rules": [
            {"key": "download", "kinds": ["content_downloaded"], "points": 10},
        ]
    },
    "mql": {"score": 50},
}

# The document shows what is in it; the body is handed on as it came, so that the errors can name
# fields that only the workspace knows, by their place.
DocumentBody = Annotated[
    dict[str, Any],
    GetPydanticSchema(
        get_pydantic_json_schema=lambda _, handler: handler(
            ScoringDocument.__pydantic_core_schema__
        )
    ),
]


class ScoringModelCreate(Body):
    """A draft: of a `document`, a `template`, or `based_on_id`, the one that is given. With none of
    them, of the template `standard`."""

    name: Label = about("Its name for people; the number is given by the workspace.", "Industry")
    template: Template | None = optional("A model to begin with.", "standard")
    based_on_id: UUID | None = optional("Another version, to begin with its rules.", AN_ID)
    document: DocumentBody | None = optional("The rules.", _A_DOCUMENT)

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        given = [self.template, self.based_on_id, self.document]
        if sum(each is not None for each in given) > 1:
            raise ValueError("give one of: template, based_on_id, document")
        return self

    def source(self) -> dict[str, Any]:
        """Where the rules come from."""
        if self.document is not None:
            return {"document": self.document}
        if self.based_on_id is not None:
            return {"based_on": self.based_on_id}
        return {"template": (self.template or Template.STANDARD).value}


class ScoringModelUpdate(Body):
    """A JSON merge patch of a draft; it goes into the document as well, where null brings a default
    back. Lists of rules are replaced as a whole."""

    name: Label = kept("Its name for people.", "Industry")
    document: dict[str, Any] = kept(
        "What changes in the rules.", {"engagement": {"half_life_days": 14}}
    )


class PublishRequest(Body):
    """How a model is published."""

    advance: Flag = about(
        "Whether leads that come to MQL or SQL by the new model are moved on. Otherwise they are "
        "once something happens to them.",
        example=False,
        default=False,
    )


class ScoringModelQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    status: list[ModelStatus] | None = optional("Statuses.", ["draft"])


class ScoringModelRead(Read):
    """A version of the workspace's scoring."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    number: int = about("Its number in the workspace, for people.", 3)
    name: str = about("Its name for people.", "Industry")
    status: ModelStatus = about(
        "Only a draft is changed. While it is `publishing` the one before still counts.", "draft"
    )
    document: DocumentBody = about("The rules, with all defaults.", _A_DOCUMENT)
    based_on_id: UUID | None = about(
        "The version that it began as; it may be deleted since.", AN_ID
    )
    job_id: UUID | None = about("The job that publishes it, or did.", AN_ID)
    published_at: datetime | None = about("When it last took over.", "2026-03-02T09:30:00Z")
    retired_at: datetime | None = about("When it was retired.", "2026-03-09T09:30:00Z")
    created_at: datetime = about("When it was drafted.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)
