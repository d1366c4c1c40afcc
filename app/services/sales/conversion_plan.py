"""The plan of a conversion: which records are linked, which are created, which blanks filled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from app.adapters import normalisers
from app.domain.access.workspaces import WorkspaceSettings
from app.domain.errors import AlreadyExists, FieldError, Invalid, NotFound
from app.domain.leads.leads import Lead
from app.domain.sales.accounts import Account
from app.domain.sales.contacts import Contact
from app.domain.sales.conversion import (
    OnMatch,
    Wanted,
    account_values,
    contact_values,
    fill_blanks,
    opportunity_values,
    overridden,
)
from app.domain.sales.opportunities import Opportunity
from app.repositories.resources import Resources
from app.repositories.unit_of_work import UnitOfWork
from app.services.sales.accounts import AccountService
from app.services.sales.contacts import ContactService
from app.services.sales.opportunities import OpportunityService

R = TypeVar("R", Account, Contact, Opportunity)


@dataclass(frozen=True, kw_only=True)
class Part(Generic[R]):
    """A record of the plan: one to store, or one to link with these blanks filled."""

    record: R
    new: bool
    filled: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a conversion will do."""

    account: Part[Account]
    contact: Part[Contact]
    opportunity: Part[Opportunity] | None

    @property
    def parts(self) -> dict[str, Part[Any]]:
        """The records by name."""
        parts: dict[str, Part[Any]] = {"account": self.account, "contact": self.contact}
        return parts | ({"opportunity": self.opportunity} if self.opportunity else {})


@dataclass(kw_only=True)
class Found:
    """The existing records that a conversion links; None where one is to be created."""

    account: Account | None
    contact: Contact | None
    opportunity: Opportunity | None


class ConversionPlanner:
    """Plans the conversion of one lead. It writes nothing; unless the conversion is rehearsed, the
    records to link are locked, and so is the workspace against other conversions."""

    def __init__(self, uow: UnitOfWork, lead: Lead, wanted: Wanted, *, rehearse: bool) -> None:
        self._uow = uow
        self._lead = lead
        self._wanted = wanted
        self._lock = not rehearse
        self._for_account = overridden(account_values(lead), wanted.account.create or {})
        self._for_contact = overridden(contact_values(lead), wanted.contact.create or {})

    async def plan(self) -> Plan:
        """The plan; Invalid or AlreadyExists where it cannot be carried out."""
        # Of two leads of a company, converted at the same moment, neither would see the other's
        # account; so conversions of a workspace wait for each other.
        settings = await self._uow.workspace_settings.get(self._uow.workspace_id, lock=self._lock)
        await self._check_references()
        found = await self._named()
        if self._wanted.on_match is not OnMatch.CREATE:
            await self._match(found)
        account = await self._account(found.account)
        contact = await self._contact(found.contact, account.record.id)
        members = {"account_id": account.record.id, "contact_id": contact.record.id}
        opportunity = await self._opportunity(found.opportunity, members, settings)
        return Plan(account=account, contact=contact, opportunity=opportunity)

    async def _account(self, account: Account | None) -> Part[Account]:
        if account is not None:
            return _linked(account, self._lead, self._for_account)
        return _new(await AccountService(self._uow).build(self._for_account, self._lead.id))

    async def _contact(self, contact: Contact | None, account_id: UUID) -> Part[Contact]:
        values = self._for_contact | {"account_id": account_id}
        if contact is not None:
            return _linked(contact, self._lead, values)
        return _new(await ContactService(self._uow).build(values, self._lead.id))

    async def _opportunity(
        self,
        opportunity: Opportunity | None,
        members: dict[str, UUID],
        settings: WorkspaceSettings,
    ) -> Part[Opportunity] | None:
        choice = self._wanted.opportunity
        if choice is None:
            return None
        budget = await self._uow.conversions.budget(self._lead.id)
        values = opportunity_values(self._lead, budget, settings.default_currency)
        values = overridden(values, choice.create or {}) | members
        if opportunity is not None:
            return _linked(opportunity, self._lead, values)
        service = OpportunityService(self._uow)
        return _new(await service.build(values, self._lead.id, at="/opportunity/create"))

    async def _named(self) -> Found:
        """The records named by id; an account left open is the one they belong to."""
        uow, wanted = self._uow, self._wanted
        opportunity_id = wanted.opportunity.id if wanted.opportunity else None
        account = await self._given(uow.accounts, wanted.account.id, "/account/id")
        contact = await self._given(uow.contacts, wanted.contact.id, "/contact/id")
        opportunity = await self._given(uow.opportunities, opportunity_id, "/opportunity/id")
        members = {"/contact/id": contact, "/opportunity/id": opportunity}
        homes = {at: m.account_id for at, m in members.items() if m and m.account_id}
        if homes and account is None and wanted.account.create is None:
            account = await uow.accounts.get(next(iter(homes.values())), lock=self._lock)
        for at, account_id in homes.items():
            if account is None or account.id != account_id:
                raise Invalid.field(at, "it belongs to another account", code="other_account")
        return Found(account=account, contact=contact, opportunity=opportunity)

    async def _match(self, found: Found) -> None:
        """Put the records that look like the lead's into `found`, or refuse and name them."""
        accounts = [] if found.account else await self._accounts_alike()
        contacts = [] if found.contact else await self._contacts_alike()
        if not accounts and not contacts:
            return
        refusal = _duplicates(self._for_account, accounts, contacts)
        if self._wanted.on_match is OnMatch.REFUSE or len(accounts) > 1 or len(contacts) > 1:
            raise refusal
        for account in accounts:
            found.account = await self._uow.accounts.get(account.id, lock=self._lock)
        for contact in contacts:
            found.contact = await self._uow.contacts.get(contact.id, lock=self._lock)
            home = found.contact.account_id
            if home and found.account is None and self._wanted.account.create is None:
                found.account = await self._uow.accounts.get(home, lock=self._lock)
            if home and (found.account is None or found.account.id != home):
                raise refusal

    async def _accounts_alike(self) -> list[Account]:
        website = self._for_account.get("website")
        domain = normalisers.web_domain(website) if website else None
        name = normalisers.name_key(self._for_account["name"])
        return await self._uow.accounts.alike(name, domain)

    async def _contacts_alike(self) -> list[Contact]:
        email = normalisers.email(self._for_contact.get("email") or "")
        return await self._uow.contacts.with_email(email) if email else []

    async def _given(self, repository: Resources[R], row_id: UUID | None, pointer: str) -> R | None:
        if row_id is None:
            return None
        try:
            return await repository.get(row_id, lock=self._lock)
        except NotFound as error:
            raise Invalid.field(pointer, error.detail, code="not_found") from error

    async def _check_references(self) -> None:
        """Refuse owners and campaigns that are not there, each by its own pointer."""
        await self._check_existing("owner_id", self._uow.users)
        await self._check_existing("campaign_id", self._uow.campaigns)

    async def _check_existing(self, name: str, repository: Resources[Any]) -> None:
        wanted = self._wanted
        choices = {
            "account": wanted.account,
            "contact": wanted.contact,
            "opportunity": wanted.opportunity,
        }
        ids = {
            f"/{record}/create/{name}": choice.create[name]
            for record, choice in choices.items()
            if choice and choice.create and choice.create.get(name)
        }
        known = await repository.existing(ids.values()) if ids else set()
        detail = "no such record in this workspace"
        errors = [
            FieldError(pointer=at, code="not_found", detail=detail)
            for at, row_id in ids.items()
            if row_id not in known
        ]
        if errors:
            raise Invalid(detail, errors=errors)


def _new(record: R) -> Part[R]:
    return Part(record=record, new=True, filled={})


def _linked(record: R, lead: Lead, offered: Mapping[str, Any]) -> Part[R]:
    country = offered.get("country")
    code = normalisers.country(country) if country else None
    origin = {"originating_lead_id": lead.id, "country_code": code}
    filled = fill_blanks(vars(record), {**offered, **origin})
    return Part(record=record, new=False, filled=filled)


def _duplicates(
    values: Mapping[str, Any], accounts: list[Account], contacts: list[Contact]
) -> AlreadyExists:
    name_norm = normalisers.name_key(values["name"])
    candidates: list[dict[str, Any]] = [
        {
            "type": "account",
            "id": str(account.id),
            "name": account.name,
            "matched_on": "name" if account.name_norm == name_norm else "web_domain",
        }
        for account in accounts
    ]
    candidates += [
        {
            "type": "contact",
            "id": str(contact.id),
            "name": contact.display_name,
            "matched_on": "email",
            "account_id": str(contact.account_id) if contact.account_id else None,
        }
        for contact in contacts
    ]
    return AlreadyExists(
        "records that look like this lead's exist; name one by id, or send on_duplicate=link to "
        "link the one match or on_duplicate=create to make a new one",
        code="duplicate_records",
        extra={"candidates": candidates},
    )
