"""Records in comparable form, and the score of two of them by a workspace's settings."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from app.adapters.match_features import account_features, features_of
from app.adapters.match_keys import account_keys, lead_key, name_keys, reach_keys, record_key, term
from app.adapters.similarities import SIMILARITIES
from app.domain.leads.duplicates import MatchingSettings
from app.domain.leads.matching import CUSTOM, Band, Features, Record, Score, score
from app.domain.leads.matching_levels import compare
from app.repositories.unit_of_work import UnitOfWork

# So many records stand behind the default rate of a value before any have been counted.
BELIEVED = 1_000

Term = tuple[str, int]


def terms_of(features: Features, custom: Iterable[str]) -> Iterator[Term]:
    """The values whose frequency counts."""
    told = {
        "given_name": features.given,
        "family_name": features.family,
        "company": features.company,
        **{CUSTOM + key: features.custom.get(key, "") for key in custom},
    }
    return ((field, term(field, value)) for field, value in told.items() if value)


def counted_by(settings: MatchingSettings, record: Record) -> tuple[UUID, int]:
    """The scan whose count is in force, and of how many records it was."""
    told = settings.terms.get(record.value)
    return (UUID(told["scan_id"]), int(told["records"])) if told else (UUID(int=0), 0)


class Scorer:
    """Scores pairs by a workspace's weights and the frequencies it has counted."""

    def __init__(
        self, settings: MatchingSettings, records: int = 0, counts: Mapping[Term, int] | None = None
    ) -> None:
        self._weights = settings.effective_weights()
        self._bands = settings.bands
        self._custom = tuple(settings.compared_custom)
        self._ignored = frozenset(settings.ignored_fields)
        self._records = records
        self._counts = dict(counts or {})

    @property
    def custom(self) -> tuple[str, ...]:
        """The custom fields that are compared."""
        return self._custom

    def know(self, counts: Mapping[Term, int]) -> None:
        """Take up further frequencies."""
        self._counts.update(counts)

    def unknown(self, features: Iterable[Features]) -> set[Term]:
        """The values whose frequency has not been asked for."""
        asked = {t for each in features for t in terms_of(each, self._custom)}
        return asked - self._counts.keys()

    def score(self, one: Features, other: Features) -> Score:
        """How likely two records are one, and why."""
        compared = compare(one, other, SIMILARITIES, self._custom)
        if self._ignored:
            compared = [each for each in compared if each.field not in self._ignored]
        return score(compared, self._weights, self._frequency)

    def band(self, scored: Score) -> Band:
        """What is done about a pair with this score."""
        return self._bands.of(scored.probability)

    def _frequency(self, field: str, value: str) -> float:
        """The share of records with the value: counted, and drawn to the default where few were."""
        levels = self._weights.rates.get(field) or self._weights.rates["custom"]
        counted = "company" if field == "account" else field
        # The two at hand are among the counted, and would make what they share look usual.
        count = max(self._counts.get((counted, term(counted, value)), 0) - 2, 0)
        return (count + BELIEVED * levels["exact"].u) / (self._records + BELIEVED)


async def known_counts(
    uow: UnitOfWork, scorer: Scorer, record: Record, scan_id: UUID, features: Iterable[Features]
) -> None:
    """Ask for the frequencies that scoring these records needs."""
    unknown = scorer.unknown(features)
    counts = await uow.matching.counts(record, scan_id, unknown)
    scorer.know({asked: counts.get(asked, 0) for asked in unknown})


def keys_for(record: Record, features: Features) -> list[int]:
    """The keys under which records of this kind that may be this one are found."""
    if record is Record.ACCOUNT:
        return account_keys(features)
    if record is Record.LEAD:
        return name_keys(features)
    return name_keys(features) + reach_keys(features)


def key_text(record: Record, features: Features) -> str:
    """What is stored with a record as its match key."""
    return lead_key(features) if record is Record.LEAD else record_key(features)


async def features_by_id(
    uow: UnitOfWork, record: Record, rows: Collection[Any]
) -> dict[UUID, Features]:
    """The features of stored records; those of leads with all their addresses and numbers."""
    if record is Record.ACCOUNT:
        return {row["id"]: account_features(row) for row in rows}
    if record is Record.CONTACT:
        return {row["id"]: features_of(row) for row in rows}
    emails: dict[UUID, list[str]] = {}
    phones: dict[UUID, list[str]] = {}
    shared: dict[UUID, set[str]] = {}
    for key in await uow.matching.reached([row["id"] for row in rows]):
        lead_id, value = key["lead_id"], key["value"]
        (emails if key["kind"] == "email" else phones).setdefault(lead_id, []).append(value)
        if key["shared"]:
            shared.setdefault(lead_id, set()).add(value)
    return {
        row["id"]: features_of(
            row,
            emails=emails.get(row["id"], ()),
            phones=phones.get(row["id"], ()),
            shared=shared.get(row["id"], ()),
        )
        for row in rows
    }
