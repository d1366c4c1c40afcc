"""A small part of JSONPath: `$.a.b[0]`, `$.list[*].x`, `$["odd name"]`, or a bare name."""

import re
from functools import lru_cache
from typing import Any

LONGEST = 300
MOST_STEPS = 16
MOST_STARS = 2

# A name, a place in a list (None: every place).
Step = str | int | None

_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]"\s]+)
      | \[(?P<place>-?\d{1,6})\]
      | \[(?P<star>\*)\]
      | \["(?P<quoted>[^"]+)"\]""",
    re.VERBOSE,
)


@lru_cache(maxsize=4_096)
def parse_path(path: str) -> tuple[Step, ...]:
    """The steps of a path; ValueError says what is wrong with it.

    What does not start with `$` is one name as it stands, dots and blanks included.
    """
    if not path.strip() or len(path) > LONGEST:
        raise ValueError(f"must have 1 to {LONGEST} characters")
    if not path.startswith("$"):
        return (path,)
    steps: list[Step] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise ValueError(f"cannot be read from character {position + 1} on")
        position = match.end()
        if match["place"] is not None:
            steps.append(int(match["place"]))
        elif match["star"] is not None:
            steps.append(None)
        else:
            steps.append(match["name"] or match["quoted"])
    if not 1 <= len(steps) <= MOST_STEPS:
        raise ValueError(f"must have 1 to {MOST_STEPS} steps after the $")
    if steps.count(None) > MOST_STARS:
        raise ValueError(f"must have at most {MOST_STARS} times [*]")
    return tuple(steps)


def found_at(steps: tuple[Step, ...], value: Any, most: int) -> list[Any]:
    """What lies there, nothing where the value has another shape; one more than `most` at most."""
    here = [value]
    for step in steps:
        below: list[Any] = []
        for item in here:
            if isinstance(step, str):
                if isinstance(item, dict) and step in item:
                    below.append(item[step])
            elif isinstance(item, list):
                if step is None:
                    below.extend(item[: most + 1])
                elif -len(item) <= step < len(item):
                    below.append(item[step])
            if len(below) > most:
                return below[: most + 1]
        here = below
    return here
