"""Matching: who a record may be, and how a workspace decides that."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.adapters.match_features import features_of
from app.domain.errors import Invalid, LostRace
from app.domain.leads.duplicates import Match, MatchingSettings
from app.domain.leads.matching import CUSTOM, Record
from app.domain.leads.matching_weights import WEIGHTS
from app.domain.paging import PageRequest
from app.domain.reach.events import EventType, difference
from app.domain.reach.jobs import Job
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.leads import LeadService
from app.services.leads.match_scoring import features_by_id
from app.services.leads.match_search import MatchSearch
from app.services.patching import check_version

ESTIMATE_WEIGHTS = "estimate_weights"
_TOLD = (
    "auto_at",
    "review_at",
    "auto_merge",
    "compared_custom",
    "ignored_fields",
    "weights",
    "prior",
)


class MatchingService:
    """Use cases of matching."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def match(
        self, fields: Mapping[str, Any], records: Sequence[Record], limit: int, least: float | None
    ) -> list[Match]:
        """The stored records that may be the one told of, the likeliest first."""
        settings = await self._uow.matching.settings()
        custom = fields.get("custom") or {}
        columns = await LeadService(self._uow).columns({**fields, "custom": custom})
        search = MatchSearch(self._uow, settings)
        at_least = settings.review_at if least is None else least
        found = await search.find(features_of(columns), records, least=at_least)
        return found[:limit]

    async def duplicates_of(
        self, record: Record, record_id: UUID, records: Sequence[Record], limit: int
    ) -> list[Match]:
        """The records that may be this one."""
        row: Any = vars(await self._entity(record, record_id))
        [stored] = await self._uow.matching.records(record, [record_id]) or [row]
        settings = await self._uow.matching.settings()
        features = (await features_by_id(self._uow, record, [stored]))[record_id]
        search = MatchSearch(self._uow, settings)
        found = await search.find(
            features, records, least=settings.review_at, itself=(record, record_id)
        )
        return found[:limit]

    async def _entity(self, record: Record, record_id: UUID) -> Any:
        if record is Record.LEAD:
            return await self._uow.leads.get(record_id)
        if record is Record.CONTACT:
            return await self._uow.contacts.get(record_id)
        return await self._uow.accounts.get(record_id)

    async def settings(self) -> MatchingSettings:
        """The settings in force."""
        return await self._uow.matching.settings()

    async def update(self, changes: Mapping[str, Any], if_match: int | None) -> MatchingSettings:
        """Change the given settings; null brings a default back. Stale when the version moved."""
        settings = await self._uow.matching.settings(lock=True)
        check_version(settings.version, if_match)
        before = {name: getattr(settings, name) for name in _TOLD}
        after = {**before, **_with_defaults(changes)}
        changed = difference(before, after)
        if not changed:
            return settings
        await self._check(after)
        vars(settings).update(after)
        settings.version, settings.updated_at = settings.version + 1, self._uow.now
        await self._uow.matching.store_settings(settings)
        self._uow.record(
            EventType.MATCHING_UPDATED, "workspace", self._uow.workspace_id, {"changes": changed}
        )
        await self._uow.flush()
        return settings

    async def _check(self, after: Mapping[str, Any]) -> None:
        if after["review_at"] > after["auto_at"]:
            raise Invalid.field("/review_at", "must not be above auto_at")
        for name, levels in after["weights"].items():
            known = WEIGHTS.get(name) or (WEIGHTS["custom"] if name.startswith(CUSTOM) else {})
            for level in levels:
                if level not in known:
                    raise Invalid.field(f"/weights/{name}", f"there is no level {level}")
        if after["compared_custom"]:
            declared = await self._uow.custom_fields.by_key()
            unknown = [key for key in after["compared_custom"] if key not in declared]
            if unknown:
                raise Invalid.field("/custom_fields", f"not declared: {', '.join(unknown)}")

    async def start_estimate(self, *, dry_run: bool) -> Job:
        """A job that works the weights out anew from the workspace's own data."""
        job_id = await self._uow.jobs.add(
            ESTIMATE_WEIGHTS, {"dry_run": dry_run}, dedupe_key=f"dry_run={dry_run}", max_attempts=3
        )
        await self._uow.flush()
        if job_id is None:
            return await unfinished(self._uow, ESTIMATE_WEIGHTS)
        return await self._uow.jobs.get(job_id)


async def unfinished(uow: UnitOfWork, kind: str) -> Job:
    """The newest job of a kind that is still to be done; LostRace when it has just ended."""
    live = {"kind": [kind], "status": ["failed", "queued", "running"]}
    page = await uow.jobs.page(PageRequest(limit=1), live)
    if not page.data:
        raise LostRace("the job that was still to be done is over; try again")
    return page.data[0]


def _with_defaults(changes: Mapping[str, Any]) -> dict[str, Any]:
    defaults = vars(
        MatchingSettings(workspace_id=UUID(int=0), created_at=None, updated_at=None)  # type: ignore[arg-type]
    )
    return {name: defaults[name] if value is None else value for name, value in changes.items()}
