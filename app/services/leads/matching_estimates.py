"""The job that works a workspace's weights out from its own leads."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.adapters.match_keys import kinds_of
from app.adapters.similarities import SIMILARITIES
from app.domain.leads.duplicates import MatchingSettings
from app.domain.leads.matching import Features, Record
from app.domain.leads.matching_estimation import (
    Estimate,
    Lesson,
    Pattern,
    estimate,
    pattern_of,
    report,
)
from app.domain.leads.matching_levels import compare
from app.domain.reach.events import EventType
from app.platform.ids import new_id
from app.repositories.leads.match_candidates import MOST_OF_A_KEY
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.match_scoring import features_by_id
from app.services.reach.job_runner import Handler, JobContext

SAMPLED = 10_000
PIECES = 50
RANDOM_PAIRS = 50_000

_NAMES = frozenset({"given_name", "family_name", "name"})
_PLACES = frozenset({"company", "account", "address"})
# What a pair agrees on by the way it was found.
UNTAUGHT = {
    "email": frozenset({"email"}),
    "phone": frozenset({"phone"}),
    "names": _NAMES,
    "whole": _NAMES,
    "family": _NAMES | _PLACES,
    "given": _NAMES | _PLACES,
    "company": _PLACES,
    "trigram": _PLACES,
    "domain": _PLACES,
}


def estimating(seed: int = 0) -> Handler:
    """The handler of estimates; the same seed draws the same pairs."""

    async def run(context: JobContext) -> None:
        sample, settings = await _sampled(context)
        lessons = await _lessons(context, sample, settings)
        drawn = await asyncio.to_thread(_drawn, sample, settings, random.Random(seed))  # noqa: S311
        present = settings.effective_weights()
        found = await asyncio.to_thread(estimate, lessons, drawn, present)
        await _finish(context, found, len(sample), settings)

    return run


async def _sampled(context: JobContext) -> tuple[dict[UUID, Features], MatchingSettings]:
    """All leads or, of many, as many from each stretch of the ids, which grow with time."""
    async with context.unit_of_work() as uow:
        settings = await uow.matching.settings()
    sample: dict[UUID, Features] = {}
    last, more = UUID(int=0), True
    while more and len(sample) < SAMPLED:
        piece = await _piece(context, last)
        sample |= piece
        last, more = max(piece, default=last), len(piece) == SAMPLED // PIECES
    if not more:
        return sample, settings
    start, end = min(sample).int - 1, new_id().int
    sample = {}
    for number in range(PIECES):
        sample |= await _piece(context, UUID(int=start + (end - start) * number // PIECES))
    return sample, settings


async def _piece(context: JobContext, last: UUID) -> dict[UUID, Features]:
    async with context.unit_of_work() as uow:
        rows = await uow.matching.after(Record.LEAD, last, SAMPLED // PIECES)
        return await features_by_id(uow, Record.LEAD, rows)


async def _lessons(
    context: JobContext, sample: Mapping[UUID, Features], settings: MatchingSettings
) -> list[Lesson]:
    """The pairs that each kind of key finds, once a pair and kind."""
    lessons: dict[str, Lesson] = {}
    ids = sorted(sample)
    for start in range(0, len(ids), SAMPLED // PIECES):
        some = {lead_id: sample[lead_id] for lead_id in ids[start : start + SAMPLED // PIECES]}
        async with context.unit_of_work() as uow:
            found = await _found(uow, some)
            others = {other for _, _, other in found} - sample.keys()
            rows = await uow.matching.records(Record.LEAD, others)
            known = {**sample, **await features_by_id(uow, Record.LEAD, rows)}
        for kind, one, other in sorted(found):
            if other in known:
                _learn_from(lessons, kind, known[one], known[other], settings)
        await asyncio.sleep(0)
    return list(lessons.values())


async def _found(uow: UnitOfWork, some: Mapping[UUID, Features]) -> set[tuple[str, UUID, UUID]]:
    kinds = {lead_id: kinds_of(features) for lead_id, features in some.items()}
    found: set[tuple[str, UUID, UUID]] = set()
    for kind in sorted({kind for each in kinds.values() for kind in each}):
        keys = [(i, key) for i, each in kinds.items() for key in each.get(kind, ())]
        found |= _pairs(kind, await uow.matching.sharing(Record.LEAD, keys))
    emails = [(i, "email", box.address) for i, f in some.items() for box in f.mailboxes]
    phones = [(i, "phone", phone) for i, f in some.items() for phone in f.phones]
    for kind, reached in (("email", emails), ("phone", phones)):
        found |= _pairs(kind, await uow.matching.sharing(Record.LEAD, [], reached))
    return found


def _pairs(kind: str, shared: list[tuple[UUID, list[UUID]]]) -> set[tuple[str, UUID, UUID]]:
    return {
        (kind, asker, other)
        for asker, ids in shared
        if len(ids) <= MOST_OF_A_KEY
        for other in ids
        if asker < other
    }


def _learn_from(
    lessons: dict[str, Lesson],
    kind: str,
    one: Features,
    other: Features,
    settings: MatchingSettings,
) -> None:
    compared = compare(one, other, SIMILARITIES, settings.compared_custom)
    untaught = UNTAUGHT.get(kind, frozenset({kind}))
    pattern = pattern_of(compared, untaught | frozenset(settings.ignored_fields))
    if pattern:
        lessons.setdefault(kind, Lesson()).patterns[pattern] += 1


def _drawn(
    sample: Mapping[UUID, Features], settings: MatchingSettings, draw: random.Random
) -> Counter[Pattern]:
    """Patterns of pairs that nothing but chance brought together."""
    every = [sample[lead_id] for lead_id in sorted(sample)]
    patterns: Counter[Pattern] = Counter()
    if len(every) < 2:
        return patterns
    for _ in range(min(RANDOM_PAIRS, 20 * len(every))):
        one, other = draw.sample(every, 2)
        patterns[pattern_of(compare(one, other, SIMILARITIES, settings.compared_custom))] += 1
    return patterns


async def _finish(
    context: JobContext, found: Estimate, records: int, settings: MatchingSettings
) -> None:
    """Report, and put the weights in place if that is asked for and they are sound."""
    dry_run = bool(context.payload.get("dry_run"))
    applied = found.refusal is None and not dry_run
    told: dict[str, Any] = {
        "applied": applied,
        "dry_run": dry_run,
        "refusal": found.refusal,
        "records": records,
        "pairs": found.pairs,
        "matches": round(found.matches, 1),
        "rounds": found.rounds,
        "converged": found.converged,
        "weights": report(settings.effective_weights(), found),
    }
    async with context.finishing() as uow:
        stored = await uow.matching.settings(lock=True)
        stored.estimate = told
        if applied:
            stored.weights = _with_estimate(stored.weights, found)
        stored.version, stored.updated_at = stored.version + 1, uow.now
        await uow.matching.store_settings(stored)
        if applied:
            changes = {"weights": {"before": settings.weights, "after": stored.weights}}
            uow.record(
                EventType.MATCHING_UPDATED, "workspace", uow.workspace_id, {"changes": changes}
            )
        await uow.jobs.report(context.job, told)


def _with_estimate(
    weights: Mapping[str, Mapping[str, list[float]]], found: Estimate
) -> dict[str, dict[str, list[float]]]:
    after = {name: dict(levels) for name, levels in weights.items()}
    for name, levels in found.rates.items():
        after.setdefault(name, {}).update({level: [*rates] for level, rates in levels.items()})
    return after
