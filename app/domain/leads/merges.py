"""Merges: two leads that are one person become one, and can become two again. Pure rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict
from app.domain.leads.leads import Lead
from app.domain.leads.merge_rules import CUSTOM, PARTS, STAGE, STATUS
from app.domain.leads.status import Status
from app.domain.reach.events import CauseKind

# What goes back together or not at all, when a merge is undone.
_TOGETHER = tuple(part.columns for part in (*PARTS.values(), STATUS, STAGE))


@dataclass(eq=False, kw_only=True)
class Merge:
    """A merge as stored; in a rehearsal it has no id and no instant.

    `fields` holds the decisions, `moved` how many rows of which table went to the winner,
    `consents` the purposes that the winner may no longer be addressed for, each with the word that
    stood before.
    """

    workspace_id: UUID
    id: UUID | None
    winner_id: UUID
    loser_id: UUID
    cause: dict[str, Any] | None
    rules: dict[str, Any]
    fields: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    moved: dict[str, int]
    winner_before: dict[str, Any]
    winner_after: dict[str, Any]
    loser_before: dict[str, Any]
    created_at: datetime | None
    user_id: UUID | None
    api_key_id: UUID | None
    undone_at: datetime | None = None
    undone_user_id: UUID | None = None
    undone_api_key_id: UUID | None = None
    undone: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Undone:
    """A merge that was undone, and its winner before and after it."""

    created_at: datetime
    undone_at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    moved: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A merge that was not undone."""

    id: UUID
    winner_id: UUID
    loser_id: UUID
    moved: Mapping[str, int]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class EditedSince:
    """A field that was changed after the merge, and so keeps its value when that is undone."""

    field: str
    value: Any
    before_merge: Any


def check_mergeable(winner: Lead, loser: Lead) -> None:
    """Raise Conflict where one of the two cannot take the other in."""
    if winner.is_test != loser.is_test:
        raise Conflict(
            "one of the two is only a trial; a trial and a real lead are never merged",
            code="trial_lead",
        )
    if loser.status != Status.CONVERTED:
        return
    if winner.status == Status.CONVERTED:
        raise Conflict(
            "both leads are converted, and each carries the history of its account",
            code="both_converted",
        )
    raise Conflict(
        "a converted lead carries the history of its account; merge the other way round",
        code="loser_converted",
        extra={"winner_id": str(loser.id), "loser_id": str(winner.id)},
    )


def taken_back(
    now: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], list[EditedSince]]:
    """The columns that undoing a merge sets, and the fields edited since, which stay.

    All three are flat; `before` and `after` are the winner on both sides of the merge. Of fields
    that belong together either all go back or none.
    """
    changes: dict[str, Any] = {}
    edited: list[EditedSince] = []
    for names in _blocks(before, after):
        old, new, present = (_values(side, names) for side in (before, after, now))
        if old in (new, present):
            continue
        if present == new:
            changes |= dict(zip(names, old, strict=True))
        else:
            edited += [
                EditedSince(field=name, value=now.get(name), before_merge=before.get(name))
                for name in names
                if now.get(name) != before.get(name)
            ]
    return changes, edited


def without_undone(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    undone: Sequence[Undone],
    created_at: datetime,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The winner before and after a merge, had others not been.

    `undone` are the merges that came first and were undone, the newest first, all flat. What one of
    them brought stood before the merge if it was undone later than that, and what it replaced may
    in turn have been brought by one that was undone later than it began itself. What the merge
    left alone it leaves alone now, whatever that would have been.
    """
    old, new = dict(before), dict(after)
    for names in _blocks(before, after, *(side for u in undone for side in (u.before, u.after))):
        told_at = created_at
        for earlier in undone:
            was, became = (_values(side, names) for side in (earlier.before, earlier.after))
            if earlier.undone_at > told_at and was != became == _values(old, names):
                old |= dict(zip(names, was, strict=True))
                told_at = earlier.created_at
    for names in _blocks(before, after):
        if _values(before, names) == _values(after, names):
            new |= {name: old.get(name) for name in names}
    return old, new


def _blocks(*sides: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """What goes back together or not at all, custom fields one by one."""
    custom = sorted({n for side in sides for n in side if n.startswith(CUSTOM)})
    return [*_TOGETHER, *((name,) for name in custom)]


def _values(side: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
    return [side.get(name) for name in names]


def flat(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns with the custom fields beside the others, as `custom.<key>`."""
    custom = columns.get("custom") or {}
    rest = {name: value for name, value in columns.items() if name != "custom"}
    return rest | {f"{CUSTOM}{key}": value for key, value in custom.items()}


def nested(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The opposite of `flat`; a custom field that is None is not there."""
    custom = {n.removeprefix(CUSTOM): v for n, v in columns.items() if n.startswith(CUSTOM)}
    rest = {name: value for name, value in columns.items() if not name.startswith(CUSTOM)}
    return rest | {"custom": {key: value for key, value in custom.items() if value is not None}}


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a person said last about being addressed for a purpose."""

    lead_id: UUID
    purpose: str
    granted: bool
    told: dict[str, Any]
    at: datetime

    @property
    def is_of_a_merge(self) -> bool:
        """Whether nobody said it but a merge, or the undoing of one."""
        return (self.told.get("cause") or {}).get("kind") in _MERGING


_MERGING = frozenset({CauseKind.MERGE.value, CauseKind.MERGE_UNDO.value})


def newest_words(words: Iterable[Word]) -> dict[str, Word]:
    """The last word on each purpose; `words` are in the order of time."""
    return {word.purpose: word for word in words}


def restricted(winner: Sequence[Word], loser: Sequence[Word]) -> list[Word]:
    """The words that have to be said again for the winner, so that the most restrictive counts.

    That is each no of the loser, and each no of the winner that a newer yes of the loser would
    stand above.
    """
    mine, theirs = newest_words(winner), newest_words(loser)
    found = []
    for purpose in sorted(mine.keys() | theirs.keys()):
        one, other = mine.get(purpose), theirs.get(purpose)
        if other is not None and not other.granted and (one is None or one.granted):
            found.append(other)
        elif one is not None and not one.granted and other is not None and other.granted:
            found.append(one)
    return found


def words_due(
    winner_id: UUID, words: Sequence[Word], joined: Mapping[UUID, datetime]
) -> list[Word]:
    """The words that a lead has to say again after a merge into it was undone.

    Only where a merge spoke last: what the lead said itself, unless one that is a part of it said
    no before it `joined` and the lead has not said otherwise since.
    """
    mine = newest_words(w for w in words if w.lead_id == winner_id and not w.is_of_a_merge)
    due = []
    for purpose, last in sorted(newest_words(words).items()):
        own = mine.get(purpose)
        theirs = _newest_of_each(w for w in words if w.purpose == purpose and w.lead_id in joined)
        counting = [w for w in theirs if own is None or own.at < joined[w.lead_id]]
        said = next((w for w in counting if not w.granted), own or next(iter(counting), None))
        if last.is_of_a_merge and said is not None and said.granted != last.granted:
            due.append(said)
    return due


def _newest_of_each(words: Iterable[Word]) -> list[Word]:
    """The last word that each lead said itself, on one purpose."""
    return list({word.lead_id: word for word in words if not word.is_of_a_merge}.values())


def joined_at(winner_id: UUID, standing: Iterable[Standing]) -> dict[UUID, datetime]:
    """Since when each lead that was merged into a winner, or into one of those, is a part of it."""
    by_loser = {merge.loser_id: merge for merge in standing}
    joined = {}
    for loser_id, merge in by_loser.items():
        lead_id, instant = loser_id, merge.created_at
        while lead_id != winner_id and lead_id in by_loser:
            instant = max(instant, by_loser[lead_id].created_at)
            lead_id = by_loser[lead_id].winner_id
        joined[loser_id] = instant
    return joined
