"""The scan: every record is compared with those that share a key with it, once a pair.

Its steps, each in pieces of one transaction: `count` how often values come and give records the
keys they lack, `compare`, `group`, and `merge` what is certain when the workspace wants that. How
far it is stands in the job's progress and is stored with each piece, so a scan that is killed goes
on where it was; one that takes long hands its place back and goes on later.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, Invalid, Merged, NotFound
from app.domain.leads.duplicates import (
    DuplicatePair,
    Pair,
    closure,
    cluster_ids,
    pair_of,
    told,
    undisputed,
)
from app.domain.leads.matching import Band, Features, Record, Score
from app.domain.reach.events import Cause, CauseKind
from app.platform.ids import new_id
from app.repositories.leads.match_candidates import MOST_OF_A_KEY
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.match_scoring import (
    Scorer,
    counted_by,
    features_by_id,
    key_text,
    keys_for,
    known_counts,
    terms_of,
)
from app.services.leads.merges import MergeService
from app.services.reach.job_runner import Handler, JobContext

# Well within the time limit of a job; what is left is for its next turn.
TURN_SECONDS = 300.0
COUNTED_AT_ONCE = 500
COMPARED_AT_ONCE = 100
GROUPED_AT_ONCE = 2_000
_FIRST = UUID(int=0)


def scanning(turn_seconds: float = TURN_SECONDS) -> Handler:
    """The handler of scans."""

    async def scan(context: JobContext) -> None:
        await DuplicateScan(context, turn_seconds).run()

    return scan


class DuplicateScan:
    """One turn of a scan."""

    def __init__(self, context: JobContext, turn_seconds: float) -> None:
        self._context = context
        self._until = time.monotonic() + turn_seconds
        self._record = Record(context.payload["record"])
        self._scan_id = context.job.id
        self._progress: dict[str, Any] = {
            "step": "count",
            "last": str(_FIRST),
            "records": 0,
            "compared": 0,
            "pairs": 0,
            "merged": 0,
            **context.job.progress,
        }

    async def run(self) -> None:
        """Go on until it is done, or the turn is over."""
        steps = {
            "count": self._count,
            "compare": self._compare,
            "group": self._group,
            "merge": self._merge,
        }
        while self._progress["step"] != "done":
            if time.monotonic() > self._until:
                async with self._context.unit_of_work() as uow:
                    await uow.jobs.give_back(self._context.job)
                self._context.finished = True
                return
            await steps[self._progress["step"]]()

    async def _told(self, uow: UnitOfWork, **progress: Any) -> None:
        """Keep how far it is, in the transaction of what was done."""
        self._progress |= progress
        await uow.jobs.report(self._context.job, self._progress)

    @property
    def _last(self) -> UUID:
        return UUID(self._progress["last"])

    async def _count(self) -> None:
        """Count values, and mend keys, of the next records."""
        record = self._record
        async with self._context.unit_of_work() as uow:
            settings = await uow.matching.settings()
            if self._last == _FIRST:
                # What an attempt counted that did not get to its end.
                await uow.matching.drop_counts_of(record, self._scan_id)
            rows = await uow.matching.after(record, self._last, COUNTED_AT_ONCE)
            if not rows:
                await self._counted(uow)
                return
            features = await features_by_id(uow, record, rows)
            keys = {lead_id: key_text(record, each) for lead_id, each in features.items()}
            stale = {
                row["id"]: keys[row["id"]] for row in rows if row["match_key"] != keys[row["id"]]
            }
            if stale:
                await _repository_of(uow, record).change_keys(stale)
            counts = Counter(
                term
                for each in features.values()
                for term in terms_of(each, settings.compared_custom)
            )
            await uow.matching.add_counts(record, self._scan_id, counts)
            seen = self._progress["records"] + len(rows)
            await self._told(uow, last=str(rows[-1]["id"]), records=seen)

    async def _counted(self, uow: UnitOfWork) -> None:
        settings = await uow.matching.settings(lock=True)
        counted = {"scan_id": str(self._scan_id), "records": self._progress["records"]}
        settings.terms = {**settings.terms, self._record.value: counted}
        await uow.matching.store_settings(settings)
        await uow.matching.drop_counts(self._record, self._scan_id)
        await self._told(uow, step="compare", last=str(_FIRST))

    async def _compare(self) -> None:
        """Compare the next records with those that share a key and have a larger id."""
        record = self._record
        async with self._context.unit_of_work() as uow:
            settings = await uow.matching.settings()
            rows = await uow.matching.after(record, self._last, COMPARED_AT_ONCE)
            if not rows:
                await self._told(uow, step="group", last=str(_FIRST))
                return
            features = await features_by_id(uow, record, rows)
            wanted = await self._wanted(uow, features)
            others = {other for _, other in wanted} - features.keys()
            more = await uow.matching.records(record, others)
            features |= await features_by_id(uow, record, more)
            scan_id, counted = counted_by(settings, record)
            scorer = Scorer(settings, counted)
            await known_counts(uow, scorer, record, scan_id, [features[row["id"]] for row in rows])
            dismissed = await uow.dismissals.among(record, [row["id"] for row in rows])
            pairs = [pair for pair in wanted if pair[1] in features and pair not in dismissed]
            # A thread, so that what else this process does is not held up.
            found = await asyncio.to_thread(_scored, scorer, features, pairs)
            await uow.duplicates.store([self._pair(uow, scorer, *each) for each in found])
            await self._told(
                uow,
                last=str(rows[-1]["id"]),
                compared=self._progress["compared"] + len(pairs),
                pairs=self._progress["pairs"] + len(found),
            )

    async def _wanted(self, uow: UnitOfWork, features: Mapping[UUID, Features]) -> list[Pair]:
        """The pairs to compare; keys that very many have are left out, for every record alike."""
        keys = [(i, key) for i, each in features.items() for key in keys_for(self._record, each)]
        reached = [
            (i, kind, value)
            for i, each in features.items()
            for kind, values in (
                ("email", [box.address for box in each.mailboxes]),
                ("phone", sorted(each.phones)),
            )
            for value in values
        ]
        shared = await uow.matching.sharing(self._record, keys, reached)
        found = {
            (asker, other)
            for asker, ids in shared
            if len(ids) <= MOST_OF_A_KEY
            for other in ids
            if asker < other
        }
        return sorted(found)

    def _pair(self, uow: UnitOfWork, scorer: Scorer, pair: Pair, scored: Score) -> DuplicatePair:
        return DuplicatePair(
            workspace_id=uow.workspace_id,
            id=new_id(),
            record=self._record.value,
            first_id=pair[0],
            second_id=pair[1],
            band=scorer.band(scored).value,
            probability=scored.probability,
            prior=scored.prior,
            signals=told(scored.signals),
            cluster_id=None,
            scan_id=self._scan_id,
            found_at=uow.now,
        )

    async def _group(self) -> None:
        """Note which pairs belong together, and forget what was not found again."""
        record = self._record
        async with self._context.unit_of_work() as uow:
            await uow.duplicates.drop_older(record, self._scan_id)
            links = await uow.duplicates.links(record, self._scan_id)
            groups = closure((link["first_id"], link["second_id"]) for link in links)
            heads = cluster_ids(groups)
            members = sorted({link["first_id"] for link in links})
            for start in range(0, len(members), GROUPED_AT_ONCE):
                some = members[start : start + GROUPED_AT_ONCE]
                await uow.duplicates.group(record, {member: heads[member] for member in some})
            settings = await uow.matching.settings()
            goes_on = settings.auto_merge and record is Record.LEAD
            await self._told(
                uow,
                step="merge" if goes_on else "done",
                clusters=len(groups),
                auto=sum(link["band"] == Band.AUTO for link in links),
            )

    async def _merge(self) -> None:
        """Merge the groups that certain pairs form, each lead in a transaction of its own."""
        async with self._context.unit_of_work() as uow:
            links = await uow.duplicates.links(self._record, self._scan_id)
            dismissed = await uow.dismissals.every(self._record)
            # Whoever undid a merge does not want it again, though the two may still look alike.
            dismissed |= {pair_of(*pair) for pair in await uow.merges.undone_pairs()}
        certain = closure(
            (link["first_id"], link["second_id"]) for link in links if link["band"] == Band.AUTO
        )
        for group in undisputed(certain, dismissed):
            if time.monotonic() > self._until:
                return
            await self._merge_group(sorted(group))
        async with self._context.unit_of_work() as uow:
            await self._told(uow, step="done")

    async def _merge_group(self, group: Sequence[UUID]) -> None:
        """Into the lead that was converted, else the oldest; who is gone meanwhile is left out."""
        async with self._context.unit_of_work() as uow:
            rows = await uow.matching.records(self._record, group)
        ordered = sorted(
            rows, key=lambda row: (row["status"] != "converted", row["created_at"], row["id"])
        )
        for loser in ordered[1:]:
            try:
                async with self._context.unit_of_work() as uow:
                    cause = Cause(CauseKind.MERGE, self._scan_id, "duplicate scan")
                    await MergeService(uow).merge(ordered[0]["id"], loser["id"], cause=cause)
                    await self._told(uow, merged=self._progress["merged"] + 1)
            except (Conflict, Invalid, Merged, NotFound):
                # Two converted leads, or one that somebody has just dealt with: people decide.
                continue


def _scored(
    scorer: Scorer, features: Mapping[UUID, Features], pairs: Sequence[Pair]
) -> list[tuple[Pair, Score]]:
    """The pairs that somebody should see."""
    scored = ((pair, scorer.score(features[pair[0]], features[pair[1]])) for pair in pairs)
    return [(pair, score) for pair, score in scored if scorer.band(score) is not Band.IGNORE]


def _repository_of(uow: UnitOfWork, record: Record) -> Any:
    return {
        Record.LEAD: uow.leads,
        Record.CONTACT: uow.contacts,
        Record.ACCOUNT: uow.accounts,
    }[record]
