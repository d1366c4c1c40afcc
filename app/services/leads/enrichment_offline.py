"""Leads enriched by themselves, from what they tell: shortly after they came, and set by set.

The journal says which leads came or changed. So whoever captures a lead pays nothing for this, and
no job is kept for each; see docs/enrichment.md.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from app.adapters.enrichment.offline import OfflineEnrichment
from app.domain.leads.enrichment import Addresses, Fill, offline_fills
from app.domain.leads.leads import Lead
from app.domain.leads.status import Status
from app.domain.reach.events import Cause, CauseKind, Event, EventType, difference
from app.domain.reach.jobs import NewJob
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.journal import record_changes
from app.services.leads.normalisation import following, normal_forms
from app.services.leads.score_keeping import ScoreKeeper

ENRICH_LEAD = "enrich_lead"
MOST_EVENTS = 500

_TYPES = [EventType.LEAD_CREATED.value, EventType.LEAD_UPDATED.value]
_TOLD_BY = frozenset({"email", "phone", "full_name"})
_ENDED = (Status.CONVERTED, Status.DISQUALIFIED)


async def enrich_new(uow: UnitOfWork, offline: OfflineEnrichment) -> int:
    """Enrich the leads of the next events that nobody has looked at; how many events those were."""
    if not await uow.enrichment_progress.behind():
        return 0
    position = await uow.enrichment_progress.lock()
    last = await uow.events.last_position()
    found = await uow.events.after(position, _TYPES, MOST_EVENTS)
    relevant = [event for event in found if _is_news(event)]
    if relevant:
        locked = await uow.leads.lock_many(event.subject_id for event in relevant)
        living = {k: lead for k, lead in locked.items() if lead.status not in _ENDED}
        addresses = await _addresses(uow, offline, relevant)
        await fill_blanks(
            uow,
            {
                lead: offline.known_of(vars(lead), addresses.get(lead.id))
                for lead in living.values()
            },
        )
        created = {e.subject_id for e in relevant if e.type == EventType.LEAD_CREATED}
        await _ask_providers(uow, [lead for lead in living.values() if lead.id in created])
    full = len(found) == MOST_EVENTS
    await uow.enrichment_progress.advance((found[-1].position or last) if full else last)
    return len(found)


async def fill_blanks(uow: UnitOfWork, known: Mapping[Lead, Addresses]) -> list[UUID]:
    """Fill what is blank in locked leads and can be known; the leads that changed."""
    changed: dict[Lead, set[str]] = {}
    for lead, addresses in known.items():
        fills = offline_fills(vars(lead), addresses)
        if fills:
            changed[lead] = _fill(uow, lead, fills)
    if changed:
        await uow.leads.store_many(list(changed))
        await ScoreKeeper(uow).keep(changed=changed.items())
        await uow.flush()
    return [lead.id for lead in changed]


def _fill(uow: UnitOfWork, lead: Lead, fills: Iterable[Fill]) -> set[str]:
    """Fill a lead in memory; the columns that changed."""
    filled: set[str] = set()
    by_rule: dict[str, dict[str, Any]] = {}
    for fill in fills:
        by_rule.setdefault(fill.rule, {})[fill.field] = fill.value
    for rule, fields in by_rule.items():
        before = dict(vars(lead))
        # Of other fields the normal forms stay: they may be due to another country.
        after = {**fields, **normal_forms(fields, None)}
        after |= following({**before, **after})
        vars(lead).update(after)
        cause = Cause(CauseKind.ENRICHMENT, None, rule)
        changes = difference(before, after)
        record_changes(uow, lead.id, changes, cause)
        filled |= changes.keys()
    lead.updated_at, lead.version = uow.now, lead.version + 1
    return filled


def _is_news(event: Event) -> bool:
    if event.type == EventType.LEAD_CREATED:
        return True
    cause = event.data.get("cause") or {}
    changes = event.data.get("changes") or {}
    return cause.get("kind") != CauseKind.ENRICHMENT and bool(_TOLD_BY & changes.keys())


async def _addresses(
    uow: UnitOfWork, offline: OfflineEnrichment, events: Iterable[Event]
) -> dict[UUID, str]:
    """The address that each new lead filled in a form at, where that can be of use."""
    if not offline.knows_addresses:
        return {}
    of_submissions = {
        UUID(str(event.data["submission_id"])): event.subject_id
        for event in events
        if event.type == EventType.LEAD_CREATED and event.data.get("submission_id")
    }
    if not of_submissions:
        return {}
    found = await uow.enrichment_progress.addresses_of(of_submissions)
    return {of_submissions[submission_id]: address for submission_id, address in found.items()}


async def _ask_providers(uow: UnitOfWork, created: list[Lead]) -> None:
    if not created:
        return
    asked = [p for p in await uow.enrichment_providers.active() if p.on_create]
    if asked:
        ids = [str(provider.id) for provider in asked]
        await uow.jobs.add_all(
            [
                NewJob(
                    kind=ENRICH_LEAD,
                    payload={"lead_id": str(lead.id), "provider_ids": ids, "overwrite": False},
                    dedupe_key=str(lead.id),
                )
                for lead in created
                if not lead.is_test
            ]
        )
