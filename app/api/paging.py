"""The page parameters and the page itself, the same on every list."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from app.domain.paging import PageRequest

T = TypeVar("T")

Limit = Annotated[
    int, Query(ge=1, le=200, description="How many items a page holds.", examples=[50])
]
CursorParameter = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="`next_cursor` of the page before; absent for the first page.",
    ),
]


class PageOf(BaseModel, Generic[T]):
    """A page of a list."""

    model_config = ConfigDict(from_attributes=True)

    data: list[T] = Field(description="The items.")
    next_cursor: str | None = Field(
        description="Give it as `cursor` to read on; null on the last page.", examples=[None]
    )


def page_request(
    limit: int = 50, cursor: str | None = None, sort: str = "-created_at"
) -> PageRequest:
    """The domain's page request."""
    return PageRequest(limit=limit, cursor=cursor, sort=sort)
