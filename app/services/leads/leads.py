"""Leads: read, found, changed, deleted."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.adapters import normalisers
from app.domain.errors import AlreadyExists, Conflict, Invalid
from app.domain.leads.custom_fields import check_values, parse_filter
from app.domain.leads.identities import Identity, IdentityKind, IdentitySource
from app.domain.leads.leads import Lead, LeadFilter, advanced, moved
from app.domain.leads.status import LifecycleStage, Status, further
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import Cause, CauseKind, EventType, difference
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_currency
from app.services.leads.journal import record_changes
from app.services.leads.key_holders import KeyHolders, keys_of
from app.services.leads.normalisation import (
    KEYED,
    SOURCES,
    derived_names,
    following,
    names_after,
    needs_default_country,
    normalised,
)
from app.services.leads.score_keeping import ScoreKeeper, show_scores
from app.services.patching import check_version

_BY_HAND = IdentitySource.API
_SOURCES: dict[CauseKind | None, IdentitySource] = {
    CauseKind.ENRICHMENT: IdentitySource.ENRICHMENT,
    CauseKind.IMPORT: IdentitySource.IMPORT,
    CauseKind.MERGE: IdentitySource.MERGE,
}


class LeadService:
    """Use cases of leads."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._scores = ScoreKeeper(uow)

    async def get(self, lead_id: UUID) -> Lead:
        """One lead."""
        lead = await self._uow.leads.get_scored(lead_id)
        await show_scores(self._uow, [lead])
        return lead

    async def by_reference(self, reference: Identity) -> Lead | None:
        """The lead another system knows by this reference."""
        holders = await self._uow.identities.holders([reference])
        return await self._scores.show(holders[0][0]) if holders else None

    async def search(
        self, wanted: LeadFilter, custom: Mapping[str, str], request: PageRequest
    ) -> Page[Lead]:
        """A page of leads; `custom` holds filters on custom fields as typed in the query."""
        values: dict[str, Any] = vars(wanted) | {}
        if wanted.q is not None:
            values["q"] = normalisers.search_needle(wanted.q)
        if wanted.email is not None:
            values["email"] = normalisers.email(wanted.email) or wanted.email
        if custom:
            declared = await self._uow.custom_fields.by_key()
            unknown = [key for key in custom if key not in declared]
            if unknown:
                raise Invalid.parameter(f"custom.{unknown[0]}", "this field is not declared")
            values["custom"] = {
                key: parse_filter(declared[key], raw) for key, raw in custom.items()
            }
        page = await self._uow.lead_search.page(LeadFilter(**values), request)
        await show_scores(self._uow, page.data)
        return page

    async def delete(self, lead_id: UUID, if_match: int | None) -> None:
        """Take a lead out of every list; its touchpoints stay, its identities become free."""
        lead = await self._uow.leads.get(lead_id, lock=True)
        check_version(lead.version, if_match)
        if lead.status == Status.CONVERTED:
            raise Conflict("a converted lead carries the history of its account; it stays")
        await self._uow.identities.release_all(lead_id)
        await self._uow.leads.change(lead_id, self._stamped(lead, {"deleted_at": self._uow.now}))
        await self._scores.drop([lead_id])
        told = {"changes": {"deleted_at": {"before": None, "after": self._uow.now}}}
        self._uow.record(EventType.LEAD_DELETED, "lead", lead_id, told, lead_id=lead_id)

    async def columns(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The typed fields and all that follows from them."""
        columns = dict(fields)
        _check_codes(columns)
        columns |= {k: v for k, v in derived_names(columns).items() if v}
        country = await self._default_country(columns)
        return columns | normalised(columns, country)

    async def _default_country(self, columns: Mapping[str, Any]) -> str | None:
        if not needs_default_country(columns):
            return None
        settings = await self._uow.workspace_settings.get(self._uow.workspace_id)
        return settings.default_country

    async def checked_custom(self, custom: dict[str, Any], *, complete: bool) -> dict[str, Any]:
        """Custom fields as stored; Invalid names the wrong ones."""
        return check_values(custom, await self._uow.custom_fields.by_key(), complete=complete)

    async def apply(self, lead: Lead, fields: dict[str, Any], cause: Cause | None = None) -> Lead:
        """Work out what really changes, store it, tell the journal, and score the lead anew."""
        return await self.rescored(lead, await self.change(lead, fields, cause))

    async def rescored(self, before: Lead, stored: Lead) -> Lead:
        """The lead after a change, with the move that its score may have led to."""
        changed = difference(vars(before), vars(stored))
        if changed:
            await self._scores.keep(changed=[(stored, changed.keys())])
            await self._uow.flush()
        return stored

    async def change(self, lead: Lead, fields: dict[str, Any], cause: Cause | None = None) -> Lead:
        """Work out what really changes, store it, and tell the journal."""
        before = dict(vars(lead))
        changes: dict[str, Any] = {}
        status = fields.pop("status", None)
        stage = fields.pop("lifecycle_stage", None)
        _check_codes(fields)
        if "custom" in fields:
            fields["custom"] = await self._merged_custom(lead, fields["custom"])
        changes |= {name: value for name, value in fields.items() if before[name] != value}
        changes |= names_after(before, fields)
        if SOURCES & changes.keys():
            after = before | changes
            changes |= normalised(after, await self._default_country(after))
        elif KEYED & changes.keys():
            changes |= following(before | changes)
        if status is not None and status != lead.status:
            changes |= self._moved_by_hand(lead, Status(status))
        if stage is not None and stage != lead.lifecycle_stage:
            changes |= self._advanced_by_hand(lead, LifecycleStage(stage))
        changes = {name: value for name, value in changes.items() if before[name] != value}
        if not changes:
            return lead
        await self._move_identities(lead, changes, cause)
        stored = await self._uow.leads.change(lead.id, self._stamped(lead, changes))
        record_changes(self._uow, lead.id, difference(before, changes), cause)
        await self._uow.flush()
        return stored

    async def _merged_custom(self, lead: Lead, given: dict[str, Any] | None) -> dict[str, Any]:
        """The lead's custom fields with the given ones over them; null instead clears all."""
        wanted = dict.fromkeys(lead.custom) if given is None else given
        declared = await self._uow.custom_fields.by_key()
        merged = lead.custom | check_values(wanted, declared, complete=False, held=lead.custom)
        return {key: value for key, value in merged.items() if value is not None}

    async def _move_identities(
        self, lead: Lead, changes: Mapping[str, Any], cause: Cause | None
    ) -> None:
        """The keys follow the address and the number, but for those that were verified. Another
        lead's own address is refused; a number may be shared."""
        moved = [name for name in ("email_norm", "phone_norm") if name in changes]
        if not moved:
            return
        wanted = keys_of({name: changes[name] for name in moved})
        holders = KeyHolders(self._uow)
        await holders.find(wanted)
        for key in wanted:
            taken = [held for held in holders.others(lead, key) if not held.shared]
            if taken and key.kind is IdentityKind.EMAIL:
                raise duplicate_lead([(holders.leads[held.lead_id], key) for held in taken])
        freed = keys_of({name: getattr(lead, name) for name in moved})
        if freed:
            await self._uow.identities.release(lead.id, freed)
        holders.assign(lead, wanted, _SOURCES.get(cause.kind if cause else None, _BY_HAND))
        await holders.store()

    def _moved_by_hand(self, lead: Lead, wanted: Status) -> dict[str, Any]:
        if lead.status == Status.DISQUALIFIED:
            raise Conflict("a disqualified lead comes back by POST …/reactivate")
        return moved(lead, wanted)

    def _advanced_by_hand(self, lead: Lead, wanted: LifecycleStage) -> dict[str, Any]:
        if not further(lead.lifecycle_stage, wanted):
            raise Conflict(f"the lifecycle stage is {lead.lifecycle_stage} and only moves forward")
        return advanced(lead, wanted, self._uow.now)

    def _stamped(self, lead: Lead, changes: Mapping[str, Any]) -> dict[str, Any]:
        return {**changes, "updated_at": self._uow.now, "version": lead.version + 1}


def _check_codes(fields: Mapping[str, Any]) -> None:
    if fields.get("currency") is not None:
        check_currency(fields["currency"], "/currency")


def duplicate_lead(matches: Sequence[tuple[Lead, Identity]]) -> AlreadyExists:
    """The refusal that names the leads with the same identity."""
    candidates = [
        {
            "id": str(lead.id),
            "matched_on": identity.kind.value,
            "name": lead.display_name,
            "email": lead.email,
            "company": lead.company,
            "status": lead.status,
            "owner_id": str(lead.owner_id) if lead.owner_id else None,
        }
        for lead, identity in matches
    ]
    return AlreadyExists(
        "a lead with this identity exists; on_duplicate=update or on_duplicate=link adds to it",
        code="duplicate_lead",
        extra={"candidates": candidates},
    )
