"""Mailchimp audiences: somebody subscribed, left, or changed their data."""

from typing import Any

from app.adapters.vendors import Answer, Call, Part, VendorLead, shapes
from app.adapters.vendors.bodies import (
    UnreadableBody,
    essence,
    nested,
    parse_object,
    parse_pairs,
)
from app.adapters.vendors.names import fits, suggested
from app.adapters.vendors.webhook import NOTHING, Webhook, not_a_lead
from app.domain.intake.submissions import ConsentGiven, Delivery
from app.domain.record.channels import Channel

KINDS = {
    "subscribe": "subscribed",
    "unsubscribe": "unsubscribed",
    "profile": "profile_updated",
    "upemail": "email_changed",
    "cleaned": "email_bounced",
}
FIELDS = {
    "EMAIL": "email",
    "FNAME": "first_name",
    "LNAME": "last_name",
    "PHONE": "phone",
    "SMSPHONE": "phone",
    "COMPANY": "company",
}
_ADDRESS = {
    "addr1": "street",
    "city": "city",
    "state": "region",
    "zip": "postal_code",
    "country": "country",
}
_ABOUT = (
    "id",
    "web_id",
    "list_id",
    "email_type",
    "ip_opt",
    "ip_signup",
    "reason",
    "action",
    "campaign_id",
    "old_email",
    "new_email",
)


class Mailchimp(Webhook):
    """It sends no signature: the URL is the secret, and another may stand in its query."""

    name = "mailchimp"
    ids_are_global = True
    channel = Channel.EMAIL
    touch_kind = "subscribed"

    def greet(self, query: str, secret: bytes | None, token: str) -> Answer:
        """Mailchimp wants 200 for its GET before it sends anything."""
        del query, secret, token
        return NOTHING

    def parts(self, call: Call) -> list[Part]:
        """One member of one audience at one time."""
        try:
            body = _body(call.raw, call.content_type)
        except UnreadableBody:
            return [Part()]
        return [Part(vendor_id=_id_of(body))]

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Merge fields by their tags."""
        body = _body(delivery.raw, delivery.content_type)
        event, data = shapes.text(body.get("type")), shapes.members(body.get("data"))
        kind = KINDS.get(event or "")
        if kind is None:
            return not_a_lead("is about no member of an audience", event=event)
        answers = dict(shapes.members(data.get("merges")))
        campaign = shapes.text(data.get("campaign_id"))
        return VendorLead(
            answers=answers,
            fields=_fields(answers, data),
            about=shapes.filled({name: data.get(name) for name in _ABOUT} | {"type": event}),
            vendor_id=_id_of(body),
            touch_kind=kind,
            occurred_at=shapes.not_later(
                shapes.instant(body.get("fired_at")), delivery.received_at
            ),
            campaigns=[campaign] if campaign else [],
            consents=_consents(event or "", data),
        )


def _body(raw: bytes, content_type: str) -> dict[str, Any]:
    if essence(content_type).endswith("json"):
        return parse_object(raw)
    if not raw.strip():
        raise UnreadableBody("is empty")
    return nested(parse_pairs(raw, content_type))


def _fields(answers: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    address = shapes.members(answers.get("ADDRESS"))
    fields = {
        field: said for name, field in _ADDRESS.items() if (said := shapes.text(address.get(name)))
    }
    fields |= suggested({name: value for name, value in answers.items() if name != "ADDRESS"})
    for name, field in FIELDS.items():
        said = shapes.text(answers.get(name))
        if said is not None and fits(field, said):
            fields[field] = said
    email = shapes.first_of(data, "new_email", "email")
    return fields | ({"email": email} if email else {})


def _consents(event: str, data: dict[str, Any]) -> list[ConsentGiven]:
    if event not in {"subscribe", "unsubscribe"}:
        return []
    audience = shapes.text(data.get("list_id")) or ""
    return [
        ConsentGiven(purpose=f"list:{audience}", version="", text="", granted=event == "subscribe")
    ]


def _id_of(body: dict[str, Any]) -> str | None:
    data = shapes.members(body.get("data"))
    fired_at = shapes.text(body.get("fired_at"))
    who = shapes.first_of(data, "id", "email", "new_email")
    if fired_at is None or who is None:
        return None
    event, audience = (shapes.text(v) or "" for v in (body.get("type"), data.get("list_id")))
    return f"{event}:{audience}:{who}:{fired_at}"
