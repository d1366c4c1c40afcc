"""The page parameters and the page itself, the same on every list."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.fields import Read
from app.domain.paging import Page, PageRequest

T = TypeVar("T")
R = TypeVar("R", bound=Read)

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


def page_of(schema: type[R], page: Page[Any]) -> "PageOf[R]":
    """A page of entities seen as this schema, unchecked: see `Read.of`."""
    data = [schema.of(entity) for entity in page.data]
    return PageOf[schema].model_construct(  # type: ignore[valid-type]
        data=data, next_cursor=page.next_cursor
    )


def page_request(
    limit: int = 50, cursor: str | None = None, sort: str = "-created_at"
) -> PageRequest:
    """The domain's page request."""
    return PageRequest(limit=limit, cursor=cursor, sort=sort)
