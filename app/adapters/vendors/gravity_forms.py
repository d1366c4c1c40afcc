"""Gravity Forms, Webhooks add-on: an entry with all fields by number, or chosen ones by name."""

import re
from typing import Any

from app.adapters.vendors import Call, Part, VendorLead, shapes
from app.adapters.vendors.bodies import UnreadableBody, parse_answers
from app.adapters.vendors.names import suggested
from app.adapters.vendors.webhook import Webhook
from app.domain.intake.submissions import Delivery, Finding

_NUMBER = re.compile(r"\d{1,6}(\.\d{1,6})?")
_ABOUT = (
    "id",
    "form_id",
    "post_id",
    "date_created",
    "date_updated",
    "source_url",
    "source_id",
    "ip",
    "user_agent",
    "status",
    "created_by",
    "currency",
    "transaction_id",
    "payment_status",
    "payment_amount",
    "payment_date",
    "payment_method",
    "is_starred",
    "is_read",
    "is_fulfilled",
    "transaction_type",
    "resume_token",
)


class GravityForms(Webhook):
    """Forms of WordPress sites."""

    name = "gravity_forms"

    def parts(self, call: Call) -> list[Part]:
        """One entry; its id counts from 1 on each site."""
        try:
            body = parse_answers(call.raw, call.content_type)
        except UnreadableBody:
            return [Part()]
        return [Part(vendor_id=_id_of(body))]

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Answers by number (`1.3`) or name; all that has no number and is known is about it."""
        body = parse_answers(delivery.raw, delivery.content_type)
        is_entry = _id_of(body) is not None
        own = _ABOUT if is_entry else ()
        answers = {name: value for name, value in body.items() if name not in own}
        page_url = shapes.url(body.get("source_url")) if is_entry else None
        utm, click_ids = shapes.tags_of(page_url)
        own_utm, own_click_ids = shapes.tags_in(answers)
        return VendorLead(
            answers=answers,
            fields=_names(answers) | suggested(answers),
            about=shapes.filled({name: body.get(name) for name in own}),
            vendor_id=_id_of(body),
            occurred_at=shapes.not_later(
                shapes.instant(body.get("date_created")) if is_entry else None,
                delivery.received_at,
            ),
            page_url=page_url,
            utm=utm | own_utm,
            click_ids=click_ids | own_click_ids,
            holds=_spam(body) if is_entry else [],
        )


def _names(answers: dict[str, Any]) -> dict[str, Any]:
    """First and last name of a name field, which has the parts .3 and .6 and no .1 and .5."""
    for key, first in answers.items():
        number, _, part = key.partition(".")
        if part != "3" or not _NUMBER.fullmatch(key) or f"{number}.6" not in answers:
            continue
        if not {f"{number}.1", f"{number}.5"} & answers.keys():
            parts = {"first_name": first, "last_name": answers[f"{number}.6"]}
            return {field: said for field, value in parts.items() if (said := shapes.text(value))}
    return {}


def _spam(body: dict[str, Any]) -> list[Finding]:
    status = shapes.text(body.get("status"))
    if status not in {"spam", "trash"}:
        return []
    return [Finding(code="spam", detail=f"the entry's status is {status}")]


def _id_of(body: dict[str, Any]) -> str | None:
    """Only a whole entry has an id; a field that was chosen may be called `id` as well."""
    if "form_id" not in body or "date_created" not in body:
        return None
    return shapes.text(body.get("id"))
