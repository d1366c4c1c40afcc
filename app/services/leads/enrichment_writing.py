"""Writing what a provider says: by the policy of each field, never over what came by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.errors import AlreadyExists, Invalid
from app.domain.intake.enrichment import blanks_filled
from app.domain.leads.custom_fields import CustomField, check_values
from app.domain.leads.enrichment import EnrichmentProvider, Proposal, ProposalStatus, decided
from app.domain.leads.leads import BLOCKS, Lead
from app.domain.reach.events import Cause, CauseKind, EventType
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_currency
from app.services.leads.leads import LeadService
from app.services.leads.provenance import of_lead

_CUSTOM = "custom."


@dataclass(frozen=True)
class Written:
    """The fields that were written, and those that were proposed."""

    written: list[str] = field(default_factory=list)
    proposed: list[str] = field(default_factory=list)


async def write(
    uow: UnitOfWork,
    lead: Lead,
    provider: EnrichmentProvider,
    told: Mapping[str, Any],
    *,
    overwrite: bool,
) -> Written:
    """Do with a provider's values what its policies say; the lead is locked."""
    offered = await _storable(uow, told)
    origins = (await of_lead(uow, [lead.id]))[lead.id]
    given = nested(offered)
    fitting = flat(blanks_filled(vars(lead), given))
    decision = decided(
        flat(vars(lead)),
        offered,
        fitting.keys(),
        provider.policies,
        provider.policy,
        origins,
        blocks=BLOCKS,
        overwrite=overwrite,
    )
    written = await put(uow, lead, provider, decision.write)
    proposed = await _propose(uow, lead, provider, decision.propose)
    if written or proposed:
        uow.record(
            EventType.LEAD_ENRICHED,
            "lead",
            lead.id,
            {
                "provider_id": provider.id,
                "provider": provider.name,
                "written": written,
                "proposed": proposed,
            },
            lead_id=lead.id,
        )
    return Written(written, proposed)


async def put(
    uow: UnitOfWork, lead: Lead, provider: EnrichmentProvider, values: Mapping[str, Any]
) -> list[str]:
    """Give a lead values of a provider; the names of those that it took."""
    if not values:
        return []
    cause = Cause(CauseKind.ENRICHMENT, provider.id, provider.name)
    try:
        await LeadService(uow).apply(lead, nested(values), cause)
    except AlreadyExists:
        # A number that is another lead's key.
        rest = {name: value for name, value in values.items() if name != "phone"}
        return await put(uow, lead, provider, rest) if len(rest) < len(values) else []
    return sorted(values)


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with custom ones by their names."""
    plain = {name: value for name, value in fields.items() if name != "custom"}
    return plain | {f"{_CUSTOM}{key}": v for key, v in (fields.get("custom") or {}).items()}


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The other way round."""
    plain = {name: value for name, value in fields.items() if not name.startswith(_CUSTOM)}
    custom = {n.removeprefix(_CUSTOM): v for n, v in fields.items() if n.startswith(_CUSTOM)}
    return plain | ({"custom": custom} if custom else {})


async def _storable(uow: UnitOfWork, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a lead of this workspace can hold of it."""
    declared = await uow.custom_fields.by_key() if "custom" in nested(told) else {}
    return {name: value for name, value in told.items() if _fits(name, value, declared)}


def _fits(name: str, value: Any, declared: dict[str, CustomField]) -> bool:
    try:
        if name == "currency":
            check_currency(value, "/currency")
        if name.startswith(_CUSTOM):
            check_values({name.removeprefix(_CUSTOM): value}, declared, complete=False)
    except Invalid:
        return False
    return True


async def _propose(
    uow: UnitOfWork, lead: Lead, provider: EnrichmentProvider, values: Mapping[str, Any]
) -> list[str]:
    """Propose values, but none that was rejected before, nor one that is proposed already."""
    if not values:
        return []
    told = await uow.enrichment_proposals.told_before(lead.id, provider.id)
    held = flat(vars(lead))
    wanted = [(name, value) for name, value in values.items() if (name, value) not in told]
    await uow.enrichment_proposals.put(
        [
            Proposal(
                workspace_id=uow.workspace_id,
                id=new_id(),
                lead_id=lead.id,
                provider_id=provider.id,
                field=name,
                value=value,
                present=held.get(name),
                status=ProposalStatus.OPEN.value,
                created_at=uow.now,
                decided_at=None,
                user_id=None,
                api_key_id=None,
            )
            for name, value in wanted
        ]
    )
    return sorted(name for name, _ in wanted)
