"""How a lead scores, as it is shown with the lead."""

from datetime import datetime
from uuid import UUID

from app.api.schemas.fields import Read, about
from app.domain.ripeness.scoring import GRADES, TEMPERATURES


class LeadScoreRead(Read):
    """How a lead scores by the published model."""

    model_id: UUID = about(
        "The scoring model, a version of its own.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
    )
    fit: int = about("How well it fits: points, within those of the model.", 70)
    engagement: float = about(
        "What its touches are worth now; points halve with every half-life of the model.", 43.5
    )
    score: int = about("Both in one, 0 to 100.", 57)
    grade: str = about(
        "A letter for fit and a digit for engagement; A1 is best, D4 worst.",
        "B2",
        json_schema_extra={"enum": list(GRADES)},
    )
    temperature: str = about(
        "Hot, warm or cold, by score.", "warm", json_schema_extra={"enum": list(TEMPERATURES)}
    )
    as_of: datetime = about("The instant at which it is worth that.", "2026-03-02T09:30:00Z")
