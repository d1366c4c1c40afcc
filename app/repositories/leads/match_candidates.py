"""Statements that find who shares a key, and read what is compared of them."""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Uuid, and_, column, func, literal, select

from app.domain.leads.matching import Record
from app.repositories.statements import Statement, array_param, own, param
from app.repositories.tables.leads import lead_identities, leads
from app.repositories.tables.matching import match_keys
from app.repositories.tables.sales import accounts, contacts

# A key that more records have tells too little; rarer ones find those it would have found.
MOST_OF_A_KEY = 100
REACHED_BY = ("email", "phone")

TABLES = {Record.LEAD: leads, Record.CONTACT: contacts, Record.ACCOUNT: accounts}


def _few(source: Any, found: Any, *conditions: Any) -> Any:
    """The ids that an index gives for one key, at most one more than are of use."""
    few = (
        select(found.label("record_id"))
        .where(*conditions)
        .limit(literal(MOST_OF_A_KEY + 1, Integer))
        .lateral("few")
    )
    ids = select(source.c.asker, func.array_agg(few.c.record_id).label("ids"))
    return ids.select_from(source.join(few, literal(True))).group_by(  # noqa: FBT003
        *(column for column in source.c)
    )


def _by_key() -> Any:
    wanted = (
        func.unnest(array_param("askers", leads.c.id), array_param("keys", match_keys.c.value))
        .table_valued(column("asker", Uuid), column("key", BigInteger), name="wanted")
        .render_derived()
    )
    return _few(
        wanted,
        match_keys.c.record_id,
        own(match_keys),
        match_keys.c.record == param("record", match_keys.c.record),
        match_keys.c.value == wanted.c.key,
    )


@cache
def sharing() -> Statement:
    """Who shares a key."""
    return Statement(_by_key())


@cache
def sharing_leads() -> Statement:
    """Which leads share a key, an address or a number."""
    identity = lead_identities.c
    told = (
        func.unnest(
            array_param("reachers", leads.c.id),
            array_param("kinds", identity.kind),
            array_param("values", identity.value),
        )
        .table_valued(column("asker", Uuid), "kind", "value", name="told")
        .render_derived()
    )
    by_reach = _few(
        told,
        identity.lead_id,
        own(lead_identities),
        identity.kind == told.c.kind,
        identity.system == "",
        identity.value == told.c.value,
    )
    return Statement(_by_key().union_all(by_reach))


_COMPARED = {
    Record.LEAD: "first_name last_name full_name company email email_norm phone phone_norm "
    "web_domain street city postal_code country_code custom status match_key created_at",
    Record.CONTACT: "first_name last_name full_name email email_norm phone phone_norm street city "
    "postal_code country_code match_key created_at",
    Record.ACCOUNT: "name web_domain phone phone_norm street city postal_code country_code "
    "match_key created_at",
}


def _compared(record: Record) -> Any:
    table = TABLES[record]
    columns = [table.c.id, *(table.c[name] for name in _COMPARED[record].split())]
    if record is not Record.CONTACT:
        query = select(*columns).where(own(table))
    else:
        company = accounts.alias("company")
        joined = and_(own(company), company.c.id == contacts.c.account_id)
        query = (
            select(*columns, company.c.name.label("company"), company.c.web_domain)
            .select_from(contacts.outerjoin(company, joined))
            .where(own(contacts))
        )
    if record is Record.LEAD:
        query = query.where(leads.c.deleted_at.is_(None), ~leads.c.is_test)
    return query


@cache
def records(record: Record) -> Statement:
    """What is compared of these records."""
    table = TABLES[record]
    return Statement(
        _compared(record).where(table.c.id == func.any(array_param("ids", table.c.id)))
    )


@cache
def after(record: Record) -> Statement:
    """The same of the next records in the order of their ids."""
    table = TABLES[record]
    query = _compared(record).where(table.c.id > param("last", table.c.id))
    return Statement(query.order_by(table.c.id).limit(param("limit", Integer)))


REACHED = Statement(
    select(
        lead_identities.c.lead_id,
        lead_identities.c.kind,
        lead_identities.c.value,
        lead_identities.c.shared,
    ).where(
        own(lead_identities),
        lead_identities.c.lead_id == func.any(array_param("ids", lead_identities.c.lead_id)),
        lead_identities.c.kind.in_([literal(kind) for kind in REACHED_BY]),
        lead_identities.c.system == "",
    )
)
