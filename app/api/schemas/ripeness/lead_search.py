"""Searching for leads, over the wire."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.api.schemas.conditions import ConditionBody
from app.api.schemas.fields import Body, Flag, about, optional
from app.api.schemas.leads.leads import LeadRead, LeadSort
from app.domain.paging import PageRequest
from app.services.ripeness.lead_search import Found

_EXAMPLE = {
    "all": [
        {
            "field": "touches",
            "kind": "content_downloaded",
            "days": 14,
            "op": "gte",
            "value": 2,
        },
        {
            "field": "touches",
            "kind": "call",
            "since": {"kind": "content_downloaded"},
            "op": "eq",
            "value": 0,
        },
    ]
}


class LeadSearch(Body):
    """Which leads, in which order."""

    condition: ConditionBody = about("Leads that meet this.", _EXAMPLE)
    sort: LeadSort = about(
        "The order, as in the list of leads.", "-created_at", default="-created_at"
    )
    limit: Annotated[int, Field(strict=True, ge=1, le=200)] = about(
        "How many leads a page holds.", 50, default=50
    )
    cursor: Annotated[str, Field(max_length=2000)] | None = optional(
        "`next_cursor` of the page before, with the same condition and order.",
        "nG2fKZ4xQm1bMTc3MjQ0",
    )
    count: Flag = about(
        "Also say how many leads meet the condition in all, with those that have no place in the "
        "order; that takes as long as looking at each.",
        example=False,
        default=False,
    )

    def to_request(self) -> PageRequest:
        """The domain's page request."""
        return PageRequest(limit=self.limit, cursor=self.cursor, sort=self.sort)


class LeadsFound(BaseModel):
    """A page of leads."""

    data: list[LeadRead] = about("The leads.")
    next_cursor: str | None = Field(
        description="Give it as `cursor` to read on; null on the last page.", examples=[None]
    )
    count: int | None = about("How many there are in all; null unless asked for.", 1284)


def leads_found(found: Found) -> LeadsFound:
    """What was found, unchecked, as in every list."""
    return LeadsFound.model_construct(
        data=[LeadRead.of(lead) for lead in found.page.data],
        next_cursor=found.page.next_cursor,
        count=found.count,
    )
