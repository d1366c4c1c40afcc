"""Accounts: created, read, found, changed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.adapters import normalisers
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.sales.accounts import Account
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_currency
from app.services.leads.normalisation import account_key, normal_forms_in
from app.services.patching import apply_patch, check_version

_SOURCES = frozenset({"name", "phone", "country", "website"})
_KEYED = _SOURCES | {"postal_code"}


class AccountService:
    """Use cases of accounts."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(self, fields: Mapping[str, Any]) -> Account:
        """A new account."""
        account = await self.build(fields)
        await self.add(account)
        await self._uow.flush()
        return account

    async def get(self, account_id: UUID) -> Account:
        """One account."""
        return await self._uow.accounts.get(account_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[Account]:
        """A page of accounts, narrowed to these values of name, web_domain and owner_id; names
        and domains are compared in their normal form."""
        wanted = dict(filters)
        if "name" in wanted:
            wanted["name_norm"] = [normalisers.name_key(name) for name in wanted.pop("name")]
        if "web_domain" in wanted:
            typed = wanted["web_domain"]
            wanted["web_domain"] = [normalisers.web_domain(value) or value for value in typed]
        return await self._uow.accounts.page(request, wanted)

    async def update(
        self, account_id: UUID, fields: Mapping[str, Any], if_match: int | None
    ) -> Account:
        """Change the given fields; a null clears one. Stale when the version has moved on."""
        account = await self._uow.accounts.get(account_id, lock=True)
        check_version(account.version, if_match)
        return await self.apply(account, fields)

    async def build(
        self, fields: Mapping[str, Any], originating_lead_id: UUID | None = None
    ) -> Account:
        """The account to store, with the normal forms of what was typed."""
        # Only a conversion knows the lead an account begins with.
        _check_currency(fields, "/account/create" if originating_lead_id else "")
        return Account(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            originating_lead_id=originating_lead_id,
            created_at=self._uow.now,
            updated_at=self._uow.now,
            **fields,
            **(forms := await self._normal_forms(fields)),
            match_key=account_key({**fields, **forms}),
        )

    async def add(self, account: Account) -> None:
        """Store a new account and tell the journal."""
        await self._uow.accounts.add(account)
        self._uow.record(
            EventType.ACCOUNT_CREATED,
            "account",
            account.id,
            {"name": account.name, "owner_id": account.owner_id},
            lead_id=account.originating_lead_id,
        )

    async def apply(self, account: Account, fields: Mapping[str, Any]) -> Account:
        """The account with these fields changed; its row is locked already."""
        changes = dict(fields)
        _check_currency(changes)
        if _SOURCES & changes.keys():
            changes |= await self._normal_forms(vars(account) | changes)
        if _KEYED & changes.keys():
            changes["match_key"] = account_key(vars(account) | changes)
        lead_id = changes.get("originating_lead_id", account.originating_lead_id)
        return await apply_patch(
            self._uow,
            self._uow.accounts,
            account,
            changes,
            EventType.ACCOUNT_UPDATED,
            lead_id=lead_id,
        )

    async def _normal_forms(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        forms = await normal_forms_in(self._uow, fields)
        return {"name_norm": normalisers.name_key(fields["name"]), **forms}


def _check_currency(fields: Mapping[str, Any], at: str = "") -> None:
    if fields.get("currency") is not None:
        check_currency(fields["currency"], f"{at}/currency")
