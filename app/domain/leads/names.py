"""Whether two names can be one person's, told from their words alone."""

from collections.abc import Callable, Sequence
from operator import eq

Words = tuple[str, ...]
SameWord = Callable[[str, str], bool]


def names_agree(one: Words, other: Words, same_word: SameWord = eq) -> bool | None:
    """True for names that can be one person's, False for those of two people, None when it cannot
    be said: a name is missing, or only initials agree.

    The words are folded. Their order says nothing, for given and family name are swapped often;
    one part may be missing, and an initial stands for any word that begins with it. `same_word`
    may know more than equality, such as nicknames.
    """
    few, many = sorted((one, other), key=len)
    if not few:
        return None
    left = list(many)
    unmatched = [word for word in few if not _take(word, left, same_word)]
    whole = len(unmatched) < len(few)
    for word in unmatched:
        if not _take(word, left, _initial_of):
            return False
    return True if whole else None


def _take(word: str, words: list[str], fits: SameWord) -> bool:
    """Take the first of the words that fits away; whether there was one."""
    found = next((each for each in words if fits(word, each)), None)
    if found is None:
        return False
    words.remove(found)
    return True


def _initial_of(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) == 1 and long.startswith(short)


def name_noted(words: Sequence[str]) -> str:
    """A name as it is remembered beside a key: the same however its parts are ordered."""
    return " ".join(sorted(words))[:200]
