"""Qualification over the wire."""

from typing import Literal
from uuid import UUID

from app.api.schemas.fields import Body, Line, Paragraph, Read, Token, about, optional
from app.api.schemas.ripeness.assessments import AnswersRead, AssessmentRead
from app.domain.leads.status import Status
from app.domain.ripeness.qualification import Outcome

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"


class ContributionRead(Read):
    """What one criterion brought."""

    criterion: str = about("The criterion.", "budget")
    answer: str | None = about("The newest answer; null when it is not known.", "allocated")
    weight: int = about("How much the criterion counts.", 25)
    points: int = about("What the answer is worth, 0 to 100.", 80)
    confidence: int = about("How sure one is, 0 to 100.", 100)
    share: int = about("What it brought to the score; the shares add up to it.", 20)


class QualificationRead(Read):
    """The newest answer to each criterion, and what they come to under the policy in force."""

    lead_id: UUID = about("The lead.", AN_ID)
    framework: str = about("The framework.", "bant")
    answers: AnswersRead = about("The newest answer to each criterion.")
    outcome: Outcome = about("The verdict.", "not_yet")
    score: int = about("0 to 100.", 62)
    completeness: int = about("0 to 100: how much of what counts is known.", 75)
    missing: list[str] = about("Criteria that have to be known and are not.", ["timeline"])
    contributions: list[ContributionRead] = about("What each criterion brought.")
    reasons: list[str] = about(
        "Why the verdict is what it is, for people.", ["timeline: not known yet"]
    )


class AssessmentCreated(Read):
    """The assessment as stored, and the lead's qualification since."""

    assessment: AssessmentRead = about("The assessment.")
    qualification: QualificationRead = about("The lead's qualification since.")


class LeadQualify(Body):
    """Why to qualify a lead whatever the verdict says."""

    override_reason: Line | None = optional(
        "Needed when the verdict is not `qualified`; kept in the journal.", "Board decided already"
    )


class LeadDisqualify(Body):
    """Why a lead is out."""

    reason: Token = about("A code of the workspace's list.", "no_budget")
    note: Paragraph | None = optional("Why, in words.", "Budget frozen until 2027")


class LeadReactivate(Body):
    """How a disqualified lead comes back."""

    status: Literal[Status.WORKING, Status.NURTURING] = about(
        "What it comes back to.", "nurturing", default=Status.WORKING
    )
    note: Paragraph | None = optional("Why, in words.", "New budget year")
