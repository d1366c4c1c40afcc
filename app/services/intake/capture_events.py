"""What the journal says of leads that capture made, and of keys that it added to others."""

from collections.abc import Iterable

from app.domain.leads.identities import LeadIdentity
from app.domain.leads.leads import Lead
from app.domain.reach.events import Cause, CauseKind, EventType
from app.domain.record.touchpoints import Touchpoint
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.journal import caused_by


def record_created(
    uow: UnitOfWork, lead: Lead, touch: Touchpoint | None, cause: Cause | None
) -> None:
    """A lead that was not there before; a trial is marked as one."""
    told = {
        "status": lead.status,
        "source": lead.source,
        "owner_id": lead.owner_id,
        "campaign_id": lead.campaign_id,
        "touchpoint_id": touch.id if touch else None,
    }
    if cause is not None:
        told |= {"is_test": lead.is_test} | caused_by(cause)
        if cause.kind is CauseKind.SUBMISSION:
            told["submission_id"] = cause.id
    uow.record(EventType.LEAD_CREATED, "lead", lead.id, told, lead_id=lead.id)


def record_keys(uow: UnitOfWork, added: Iterable[LeadIdentity], cause: Cause | None) -> None:
    """Further keys of a lead that was there."""
    for identity in added:
        told = {
            "kind": identity.kind,
            "system": identity.system,
            "value": identity.value,
            "shared": identity.shared,
            "source": identity.source,
        }
        uow.record(
            EventType.IDENTITY_ADDED,
            "identity",
            identity.id,
            told | caused_by(cause),
            lead_id=identity.lead_id,
        )
