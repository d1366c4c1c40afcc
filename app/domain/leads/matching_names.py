"""The levels that two names reach, and what the names alone say about who it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from app.domain.leads.matching import Comparison, Features

CLOSE_NAME = 0.88

Similarity = Callable[[str, str], float]


@dataclass(frozen=True, slots=True)
class Similarities:
    """How alike two texts are, from 0 to 1: letter by letter, and as sets of words. Both are
    symmetric, and 1 for equal texts. `edits` counts letters to change, add, drop or swap."""

    letters: Similarity
    words: Similarity
    edits: Callable[[str, str], int]


class Likeness(Enum):
    """What the names alone say. Nobody named at all may be one as well."""

    ONE = "one"
    # The given name agrees, the family name does not: married, or a colleague.
    RENAMED = "renamed"
    # A given name is missing or only begins alike: perhaps two of one family.
    UNCLEAR = "unclear"
    APART = "apart"


def likeness_of(names: Sequence[Comparison]) -> Likeness:
    """A different given name speaks for two people whatever the family name is."""
    levels = {name.field: name.level for name in names}
    given, family = levels.get("given_name"), levels.get("family_name")
    if given == "different" or levels.get("name") == "different":
        return Likeness.APART
    if family == "different":
        return Likeness.APART if given in (None, "initial", "beginning") else Likeness.RENAMED
    if given == "beginning" or (given is None and family not in (None, "swapped")):
        return Likeness.UNCLEAR
    return Likeness.ONE


def compared_names(one: Features, other: Features, similar: Similarities) -> Iterator[Comparison]:
    """Given and family name each, or the whole names where one could not be taken apart."""
    if not (one.whole and other.whole):
        return
    if not _comparable_in_parts(one, other):
        yield Comparison("name", *_whole_name(one.whole, other.whole, similar))
        return
    given = _given(one, other, similar) if one.given and other.given else None
    family = _family(one, other, similar) if one.family and other.family else None
    if _swapped(one, other, similar) and not _mostly_agree(given, family):
        yield Comparison("given_name", "swapped")
        yield Comparison("family_name", "swapped")
        return
    if given is not None:
        yield Comparison("given_name", given, one.given if given == "exact" else None)
    if family is not None:
        yield Comparison("family_name", family, one.family if family == "exact" else None)


def _comparable_in_parts(one: Features, other: Features) -> bool:
    return bool((one.given and other.given) or (one.family and other.family))


def _mostly_agree(given: str | None, family: str | None) -> bool:
    agreeing = ("exact", "close", "nickname", "part")
    return given in agreeing or family in agreeing


def _swapped(one: Features, other: Features, similar: Similarities) -> bool:
    """The given name of each is the family name of the other; one that is missing or only an
    initial does not speak against it, as long as the other cross agrees."""
    crosses = [
        _cross(one.given, other.family, similar),
        _cross(one.family, other.given, similar),
    ]
    return True in crosses and False not in crosses


def _cross(given: str, family: str, similar: Similarities) -> bool | None:
    if not (given and family):
        return None
    if min(len(given), len(family)) == 1:
        return None if given[0] == family[0] else False
    return similar.letters(given, family) >= CLOSE_NAME or one_slip(given, family, similar)


def _given(one: Features, other: Features, similar: Similarities) -> str:
    a, b = one.given, other.given
    if a == b:
        return "exact"
    if set(one.given_roots) & set(other.given_roots):
        return "nickname"
    if len(a) == 1 or len(b) == 1:
        return "initial" if a[0] == b[0] else "different"
    if similar.letters(a, b) >= CLOSE_NAME or one_slip(a, b, similar):
        return "close"
    level = _parts(a, b)
    # Short forms that nobody listed mostly begin as the full form does.
    return "beginning" if level == "different" and a[:3] == b[:3] else level


def _family(one: Features, other: Features, similar: Similarities) -> str:
    a, b = one.family, other.family
    if a == b:
        return "exact"
    if len(a) == 1 or len(b) == 1:
        return "initial" if a[0] == b[0] else "different"
    if similar.letters(a, b) >= CLOSE_NAME or one_slip(a, b, similar):
        return "close"
    if one.family_sound == other.family_sound and similar.letters(a, b) >= CLOSE_NAME - 0.08:
        return "close"
    return _parts(a, b)


def one_slip(a: str, b: str, similar: Similarities) -> bool:
    """Whether one letter is wrong, missing, too many or swapped with its neighbour."""
    return min(len(a), len(b)) >= 4 and similar.edits(a, b) <= 1


def _parts(a: str, b: str) -> str:
    """Names of several words share one: `anna lena` and `anna`, `meyer schulz` and `schulz`."""
    words, others = a.split(), b.split()
    if len(words) == len(others) == 1:
        return "different"
    return "part" if any(len(word) > 1 and word in others for word in words) else "different"


def _whole_name(a: str, b: str, similar: Similarities) -> tuple[str, str | None]:
    """For names nobody could take apart, and scripts that put the family name first."""
    if sorted(a.replace(" ", "")) == sorted(b.replace(" ", "")):
        return "exact", None
    if max(similar.letters(a, b), similar.words(a, b)) >= CLOSE_NAME + 0.02:
        return "close", None
    shared = {word for word in a.split() if len(word) > 1} & set(b.split())
    return ("part", None) if shared else ("different", None)
