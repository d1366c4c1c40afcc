"""The proof of a consent: who, when, to which text in which version, from where."""

from uuid import UUID

from app.domain.intake.submissions import Claimed, ConsentGiven
from app.domain.reach.events import EventType
from app.repositories.unit_of_work import UnitOfWork


def record_consent(uow: UnitOfWork, lead_id: UUID, claimed: Claimed, consent: ConsentGiven) -> None:
    """An entry in the journal, which is never changed. `granted` False says that the person did
    not agree here; it takes nothing back that was given before."""
    delivery = claimed.delivery
    uow.record(
        EventType.CONSENT_RECORDED,
        "submission",
        delivery.id,
        {
            "purpose": consent.purpose,
            "version": consent.version,
            "text": consent.text,
            "granted": consent.granted,
            "form_id": delivery.form_id,
            "address": delivery.address,
        },
        lead_id=lead_id,
        occurred_at=delivery.received_at,
    )
