"""Where the values of a lead come from, what they were before, and the lead as it was."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.leads import field_history
from app.domain.leads.field_history import FIELDS, FieldValue, ValueOrigin
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import Event, EventType
from app.domain.record.touchpoints import Touchpoint
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.score_keeping import show_scores

_CUSTOM = "custom."


async def of_lead(uow: UnitOfWork, lead_ids: Iterable[UUID]) -> dict[UUID, dict[str, ValueOrigin]]:
    """Where each value comes from that these leads have now; custom fields as `custom.<key>`.

    Leads that are deleted or merged are told of as well.
    """
    ids = sorted(set(lead_ids))
    leads = await uow.field_history.leads_ever(ids)
    by_lead: dict[UUID, list[Event]] = defaultdict(list)
    for event in await uow.field_history.events_of(ids):
        by_lead[event.subject_id].append(event)
    return {
        lead.id: field_history.origins(lead, field_history.in_order(by_lead[lead.id]))
        for lead in leads
    }


class ProvenanceService:
    """Use cases of what a lead was and where its values come from."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def get(self, lead_id: UUID) -> Lead:
        """One lead as it is."""
        lead = await self._uow.leads.get_scored(lead_id)
        await show_scores(self._uow, [lead])
        return lead

    async def origins(self, lead_id: UUID) -> dict[str, ValueOrigin]:
        """Where each value of a lead comes from."""
        return (await of_lead(self._uow, [lead_id]))[lead_id]

    async def as_of(
        self, lead_id: UUID, instant: datetime, *, with_origins: bool
    ) -> tuple[Lead, dict[str, ValueOrigin] | None]:
        """The lead as it was, and on demand where its values came from then.

        NotFound before its creation, and from its deletion on.
        """
        present = await self._ever(lead_id)
        events = field_history.in_order(await self._uow.field_history.events_of([lead_id]))
        lead = await self._then(present, events, instant)
        touches = await self._uow.field_history.touches_until(
            lead_id,
            instant,
            trials=lead.is_test,
            moved=field_history.is_merged_after(events, instant),
        )
        lead = replace(lead, **touches)
        # To work out what it was takes all of its touches; it is told where that is asked for.
        vars(lead)["score"] = None
        if not with_origins:
            return lead, None
        until, _ = field_history.split_at(events, instant)
        return lead, field_history.origins(lead, until)

    async def touched_as_of(
        self, lead_id: UUID, instant: datetime
    ) -> tuple[Lead, list[Touchpoint]]:
        """The lead as it was, with the touches that counted then."""
        present = await self._ever(lead_id)
        events = field_history.in_order(await self._uow.field_history.events_of([lead_id]))
        lead = await self._then(present, events, instant)
        return lead, await self._uow.field_history.touches_held(
            lead_id,
            instant,
            trials=lead.is_test,
            moved=field_history.is_merged_after(events, instant),
        )

    async def _then(self, present: Lead, events: Sequence[Event], instant: datetime) -> Lead:
        lead = field_history.as_of(present, events, instant)
        if lead is None:
            # Of one that was merged this tells where it went.
            await self._uow.leads.get(present.id)
            raise NotFound("there was no such lead at that time")
        return lead

    async def history(self, lead_id: UUID, name: str, request: PageRequest) -> Page[FieldValue]:
        """The values that a field had, newest first."""
        if name not in FIELDS and not name.startswith(_CUSTOM):
            raise NotFound("a lead has no such field")
        lead = await self._uow.leads.get(lead_id)
        page = await self._uow.field_history.changes_of(lead_id, name, request)
        return Page([_value(lead, name, row) for row in page.data], page.next_cursor)

    async def _ever(self, lead_id: UUID) -> Lead:
        found = await self._uow.field_history.leads_ever([lead_id])
        if not found:
            raise NotFound("no such lead in this workspace")
        return found[0]


def _value(lead: Lead, name: str, row: Mapping[str, Any]) -> FieldValue:
    value = row["value"]
    if row["type"] == EventType.LEAD_CREATED:
        present = field_history.present_values(lead).get(name)
        value = present if row["until"] is None else row["found_by_next"]
    data = {name: row[name] for name in ("cause", "submission_id") if row[name] is not None}
    event = Event(
        workspace_id=lead.workspace_id,
        id=row["id"],
        type=row["type"],
        subject_type="lead",
        subject_id=lead.id,
        lead_id=lead.id,
        user_id=row["user_id"],
        api_key_id=row["api_key_id"],
        data=data,
        occurred_at=row["recorded_at"],
        recorded_at=row["recorded_at"],
        position=None,
    )
    return FieldValue(
        value=field_history.read_value(name, value),
        since=row["recorded_at"],
        until=row["until"],
        origin=field_history.origin_of(event),
    )
