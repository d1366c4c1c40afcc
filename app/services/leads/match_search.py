"""Looks up the records that may be the one somebody tells of, the likeliest first."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from app.domain.leads.duplicates import Match, MatchingSettings
from app.domain.leads.matching import Features, Record
from app.repositories.leads.duplicates import summary_of
from app.repositories.leads.match_candidates import MOST_OF_A_KEY
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.match_scoring import (
    Scorer,
    counted_by,
    features_by_id,
    keys_for,
    known_counts,
)

MOST_COMPARED = 80
# Of keys that too many have, so many are looked at when there is nothing rarer.
SAMPLE_OF_A_KEY = 50
_NOBODY = UUID(int=0)


class MatchSearch:
    """Compares one record with those that share a key with it."""

    def __init__(self, uow: UnitOfWork, settings: MatchingSettings) -> None:
        self._uow = uow
        self._settings = settings

    async def find(
        self,
        features: Features,
        records: Sequence[Record],
        *,
        least: float,
        itself: tuple[Record, UUID] | None = None,
    ) -> list[Match]:
        """Matches of a probability of at least `least`, without the record itself and without
        those that somebody dismissed."""
        found: list[Match] = []
        for record in records:
            own_id = itself[1] if itself and itself[0] is record else None
            found += await self._among(record, features, own_id)
        likely = [match for match in found if match.score.probability >= least]
        return sorted(likely, key=lambda match: (-match.score.weight, str(match.id)))

    async def _among(self, record: Record, features: Features, own_id: UUID | None) -> list[Match]:
        excluded = {own_id} if own_id else set()
        if own_id:
            for pair in await self._uow.dismissals.among(record, [own_id]):
                excluded |= {*pair}
        ids = await self._candidates(record, features, excluded)
        rows = await self._uow.matching.records(record, ids)
        others = await features_by_id(self._uow, record, rows)
        scan_id, counted = counted_by(self._settings, record)
        scorer = Scorer(self._settings, counted)
        await known_counts(self._uow, scorer, record, scan_id, [features])
        return [self._match(record, row, features, others[row["id"]], scorer) for row in rows]

    def _match(
        self,
        record: Record,
        row: Any,
        features: Features,
        other: Features,
        scorer: Scorer,
    ) -> Match:
        scored = scorer.score(features, other)
        return Match(
            record=record,
            id=row["id"],
            summary=summary_of(record, row["id"], row),
            band=scorer.band(scored),
            score=scored,
        )

    async def _candidates(
        self, record: Record, features: Features, excluded: Collection[UUID]
    ) -> list[UUID]:
        """Those with the rarest keys, up to as many as can be compared in a few milliseconds."""
        shared = await self._uow.matching.sharing(
            record,
            [(_NOBODY, key) for key in keys_for(record, features)],
            [(_NOBODY, kind, value) for kind, value in _reached(features)],
        )
        groups = sorted((ids for _, ids in shared), key=len)
        found: dict[UUID, None] = {}
        for ids in groups:
            frequent = len(ids) > MOST_OF_A_KEY
            if frequent and found:
                break
            for record_id in ids[:SAMPLE_OF_A_KEY] if frequent else ids:
                if record_id not in excluded and len(found) < MOST_COMPARED:
                    found[record_id] = None
        return list(found)


def _reached(features: Features) -> list[tuple[str, str]]:
    emails = [("email", box.address) for box in features.mailboxes]
    return emails + [("phone", phone) for phone in sorted(features.phones)]
