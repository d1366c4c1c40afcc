"""Data quality of all leads of a workspace, counted in one statement."""

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Table, Text, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from app.domain.intake.imports import RowOutcome
from app.domain.leads.data_quality import WEIGHTS, GroupBy, GroupQuality
from app.repositories.statements import Statement, own, param
from app.repositories.tables.imports import import_rows, imports
from app.repositories.tables.intake import submissions
from app.repositories.tables.intake_forms import forms
from app.repositories.tables.leads import lead_identities, leads
from app.repositories.transaction import Transaction

c = leads.c
MOST_GROUPS = 200
_CREATED = "created"


class DataQualityRepository:
    """Counts of leads by what is known of them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def groups(
        self, group_by: GroupBy, free_mail: Collection[str], disposable: Collection[str]
    ) -> list[GroupQuality]:
        """The largest groups; leads that are deleted, merged or trials are not counted."""
        rows = await self._transaction.rows(
            _groups(group_by),
            free_mail=sorted(free_mail),
            disposable=sorted(disposable),
            limit=MOST_GROUPS,
        )
        return [
            GroupQuality(
                **{name: row[name] for name in _COUNTS},
                group=row["key"],
                label=row["label"],
                present={name: row[f"has_{name}"] for name in WEIGHTS},
            )
            for row in rows
        ]

    async def verified(self, lead_id: UUID) -> set[tuple[str, str]]:
        """Kind and value of the keys of a lead that were verified."""
        rows = await self._transaction.rows(_VERIFIED, lead_id=lead_id)
        return {(row["kind"], row["value"]) for row in rows}


_COUNTS = ("leads", "valid_email", "valid_phone", "reachable", "free_mail", "disposable")


def _listed(name: str) -> Any:
    given = param(name, ARRAY(Text))
    return func.unnest(given).table_valued("domain", name=name).render_derived()


def _filled(name: str) -> Any:
    column = c[name]
    return and_(column.is_not(None), column != "")


@cache
def _groups(group_by: GroupBy) -> Statement:
    # Tables to join with, and not `= ANY`: a generic plan would walk the list for every lead.
    free, thrown_away = _listed("free_mail"), _listed("disposable")
    domain = func.split_part(c.email_norm, "@", 2)
    key, source = _GROUPS[group_by]
    counts = source.outerjoin(free, free.c.domain == domain).outerjoin(
        thrown_away, thrown_away.c.domain == domain
    )
    reachable = or_(c.phone_norm.is_not(None), c.email_norm.is_not(None))
    usable = and_(reachable, or_(c.phone_norm.is_not(None), thrown_away.c.domain.is_(None)))
    counted = (
        select(
            key.label("key"),
            func.count().label("leads"),
            func.count(c.email_norm).label("valid_email"),
            func.count(c.phone_norm).label("valid_phone"),
            func.count().filter(usable).label("reachable"),
            func.count(free.c.domain).label("free_mail"),
            func.count(thrown_away.c.domain).label("disposable"),
            *(func.count().filter(_filled(name)).label(f"has_{name}") for name in WEIGHTS),
        )
        .select_from(counts)
        .where(own(leads), c.deleted_at.is_(None), ~c.is_test)
        .group_by(key)
        .order_by(func.count().desc(), key)
        .limit(param("limit", Integer))
        .subquery("counted")
    )
    label = counted.c.key.label("label")
    query = select(counted, label).select_from(counted)
    named = _NAMES.get(group_by)
    if named is not None:
        query = select(counted, named.c.name.label("label")).select_from(
            counted.outerjoin(named, own(named) & (cast(named.c.id, Text) == counted.c.key))
        )
    return Statement(query.order_by(counted.c.leads.desc(), counted.c.key))


def _by_form() -> Any:
    return _brought_by(submissions, submissions.c.form_id, _CREATED, submissions.c.id)


def _by_import() -> Any:
    order = (import_rows.c.import_id, import_rows.c.line)
    return _brought_by(import_rows, import_rows.c.import_id, RowOutcome.CREATED.value, *order)


def _brought_by(table: Table, key: Any, created: str, *order: Any) -> Any:
    """The first that brought a lead: one that absorbed others has what brought those as well."""
    first = (
        select(table.c.lead_id, key.label("key"))
        .ext(distinct_on(table.c.lead_id))
        .where(own(table), table.c.outcome == created)
        .order_by(table.c.lead_id, *order)
        .subquery("brought")
    )
    return cast(first.c.key, Text), leads.outerjoin(first, first.c.lead_id == c.id)


_GROUPS: dict[GroupBy, Any] = {
    GroupBy.SOURCE: (c.source, leads),
    GroupBy.FORM: _by_form(),
    GroupBy.IMPORT: _by_import(),
}
_NAMES: dict[GroupBy, Any] = {GroupBy.FORM: forms, GroupBy.IMPORT: imports}
_VERIFIED = Statement(
    select(lead_identities.c.kind, lead_identities.c.value).where(
        own(lead_identities),
        lead_identities.c.lead_id == param("lead_id", lead_identities.c.lead_id),
        lead_identities.c.verified_at.is_not(None),
    )
)
