"""Reads documents member by member; whatever is wrong is noted by its JSON pointer."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.errors import FieldError


class DocumentReader:
    """Reads what it can, with a default in place of what it cannot, and notes every fault."""

    def __init__(self) -> None:
        self.problems: list[FieldError] = []

    def members(self, raw: Any, at: str, members: Sequence[str]) -> dict[str, Any]:
        """The members that are known here; what else there is is a fault."""
        if not isinstance(raw, dict):
            self.note(at, f"must be an object with: {', '.join(members)}")
            return {}
        for name in raw:
            if name not in members:
                self.note(f"{at}/{step(name)}", "there is no such member here", "unknown_field")
        return {name: value for name, value in raw.items() if name in members}

    def whole(
        self, given: Mapping[str, Any], name: str, at: str, low: int, high: int, default: int
    ) -> int:
        """A whole number within bounds."""
        value = given.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.note(f"{at}/{name}", f"must be a whole number from {low:,} to {high:,}")
            return default
        return value

    def note(self, at: str, detail: str, code: str = "invalid") -> None:
        """One fault more."""
        self.problems.append(FieldError(pointer=at or "/", detail=detail, code=code))

    def steps(
        self, given: Mapping[str, Any], name: str, at: str, present: Mapping[str, int], most: int
    ) -> tuple[int, ...]:
        """Thresholds by name, each below the one before it."""
        at = f"{at}/{name}"
        told = self.members(given.get(name, {}), at, tuple(present))
        steps = [self.whole(told, each, at, 0, most, default) for each, default in present.items()]
        names = list(present)
        for place in range(1, len(steps)):
            if steps[place] >= steps[place - 1]:
                self.note(f"{at}/{names[place]}", f"must be below {names[place - 1]}")
        return tuple(steps)


def is_key(text: Any) -> bool:
    """Whether this is a name as programs have them: small letters, digits and _."""
    return (
        isinstance(text, str)
        and 1 <= len(text) <= 50
        and text.isascii()
        and text[0].isalpha()
        and text == text.lower()
        and text.replace("_", "").isalnum()
    )


def step(name: Any) -> str:
    """A member's name as a step of a JSON pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")
