"""How good the data of a lead is, and that of all leads by where they came from."""

from uuid import UUID

from app.adapters.enrichment.offline import DISPOSABLE, OfflineEnrichment
from app.adapters.free_mail import FREE_MAIL
from app.domain.leads.data_quality import GroupBy, GroupQuality, LeadQuality, quality_of
from app.domain.leads.identities import IdentityKind
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.provenance import of_lead

_TABLES = OfflineEnrichment()


class DataQualityService:
    """Use cases of data quality."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def of_lead(self, lead_id: UUID) -> LeadQuality:
        """Field by field, and what is missing."""
        lead = await self._uow.leads.get(lead_id)
        origins = (await of_lead(self._uow, [lead_id]))[lead_id]
        keys = await self._uow.data_quality.verified(lead_id)
        verified = {
            "email": (IdentityKind.EMAIL.value, lead.email_norm) in keys,
            "phone": (IdentityKind.PHONE.value, lead.phone_norm) in keys,
        }
        known = _TABLES.known_of(vars(lead))
        return quality_of(vars(lead), origins, verified, known, self._uow.now)

    async def by_group(self, group_by: GroupBy) -> list[GroupQuality]:
        """Of all leads, by what brought them; the largest groups first."""
        return await self._uow.data_quality.groups(group_by, FREE_MAIL, DISPOSABLE)
