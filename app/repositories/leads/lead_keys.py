"""What points to a lead, as it is shown: its keys and its devices in one list."""

from functools import cache
from typing import Any

from sqlalchemy import Text, Uuid, cast, func, literal, null, select, true, union_all
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.leads.identities import IdentityKind, IdentitySource
from app.repositories.paging import in_order
from app.repositories.statements import Statement, own, param
from app.repositories.tables.intake_visitors import visitors
from app.repositories.tables.leads import lead_identities

c = lead_identities.c
# In the order in which the devices give them.
_SHOWN = (*(column.name for column in c if column.name != "anchor"), "anchor")


def _of_lead() -> Any:
    """The identities of a lead, and its devices in the same form. A device has an id of its own
    making; it is shown under one that follows from that."""
    v = visitors.c
    digest = func.sha256(func.convert_to(v.visitor_id, "UTF8"))
    device_id = cast(func.encode(func.substring(digest, 1, 16), "hex"), Uuid)
    devices = select(
        v.workspace_id,
        device_id.label("id"),
        v.lead_id,
        literal(IdentityKind.VISITOR.value, Text).label("kind"),
        literal("", Text).label("system"),
        v.visitor_id.label("value"),
        v.shared,
        null().label("verified_at"),
        literal(IdentitySource.FORM.value, Text).label("source"),
        cast(literal([], JSONB), JSONB).label("other_names"),
        func.coalesce(v.identified_at, v.first_seen_at).label("created_at"),
        true().label("anchor"),
    ).where(own(visitors), v.lead_id == param("lead_id", v.lead_id))
    keys = select(*(c[name] for name in _SHOWN)).where(
        own(lead_identities), c.lead_id == param("lead_id", c.lead_id)
    )
    return union_all(keys, devices).subquery("held")


@cache
def identity_pages(descending: bool, after: bool) -> Statement:
    """A page of them, in the order in which they were added."""
    held = _of_lead()
    query = select(held)
    return Statement(
        in_order(query, held.c.created_at, held.c.id, descending=descending, after=after)
    )


def _identity_of_lead() -> Statement:
    held = _of_lead()
    return Statement(select(held).where(held.c.id == param("id", c.id)))


def _device_of_lead() -> Statement:
    held = _of_lead()
    is_device = held.c.kind == IdentityKind.VISITOR.value
    return Statement(select(held).where(is_device, held.c.value == param("value", c.value)))


IDENTITY_OF_LEAD = _identity_of_lead()
DEVICE_OF_LEAD = _device_of_lead()
