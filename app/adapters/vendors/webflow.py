"""Webflow: the `form_submission` webhook of version 2, and the bare shape of version 1."""

from datetime import datetime
from typing import Any

from app.adapters.vendors import Call, Part, Proof, VendorLead, shapes, signatures
from app.adapters.vendors.bodies import UnreadableBody, parse_object
from app.adapters.vendors.names import suggested
from app.adapters.vendors.webhook import Webhook, not_a_lead
from app.domain.intake.submissions import Delivery

_ABOUT = ("name", "siteId", "site", "formId", "formElementId", "pageId", "publishedPath", "locale")


class Webflow(Webhook):
    """Forms of sites made with Webflow."""

    name = "webflow"
    proof = Proof.SIGNATURE
    ids_are_global = True

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """X-Webflow-Signature: the HMAC over the time in milliseconds, a colon and the body."""
        if secret is None:
            return signatures.NO_SECRET
        sent = call.headers.get("x-webflow-timestamp", "").strip()
        given = call.headers.get("x-webflow-signature", "")
        if not sent or not given:
            return signatures.MISSING
        pieces = (sent.encode("latin-1", "replace"), b":", call.raw)
        if not signatures.fits_hex(given, secret, *pieces):
            return signatures.WRONG
        return None if signatures.is_fresh(sent, now, per_second=1_000) else signatures.STALE

    def parts(self, call: Call) -> list[Part]:
        """One submission."""
        try:
            payload = _payload(parse_object(call.raw))
        except UnreadableBody:
            return [Part()]
        return [Part(vendor_id=_id_of(payload))]

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Answers by the names of the fields."""
        body = parse_object(delivery.raw)
        trigger = body.get("triggerType", "form_submission")
        if trigger != "form_submission":
            return not_a_lead("is no form submission", event=shapes.text(trigger))
        payload = _payload(body)
        answers = dict(shapes.members(payload.get("data")))
        utm, click_ids = shapes.tags_in(answers)
        page_url = shapes.url(payload.get("pageUrl"))
        page_utm, page_click_ids = shapes.tags_of(page_url)
        return VendorLead(
            answers=answers,
            fields=suggested(answers),
            about=shapes.filled({name: payload.get(name) for name in _ABOUT}),
            vendor_id=_id_of(payload),
            occurred_at=shapes.not_later(
                shapes.instant(payload.get("submittedAt") or payload.get("d")),
                delivery.received_at,
            ),
            utm=page_utm | utm,
            click_ids=page_click_ids | click_ids,
            page_url=page_url,
        )


def _payload(body: dict[str, Any]) -> dict[str, Any]:
    return shapes.members(body.get("payload")) or body


def _id_of(payload: dict[str, Any]) -> str | None:
    return shapes.first_of(payload, "id", "_id")
