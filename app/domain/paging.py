"""Lists are read page by page, by key and never by offset."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """Which page: how many items, after which cursor, in which order ("-created_at" descends)."""

    limit: int = 50
    cursor: str | None = None
    sort: str = "-created_at"

    @property
    def sort_key(self) -> str:
        """The sort without its direction."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """True for newest or largest first."""
        return self.sort.startswith("-")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page; `next_cursor` is None on the last."""

    data: list[T]
    next_cursor: str | None
