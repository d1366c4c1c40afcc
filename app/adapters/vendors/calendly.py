"""Calendly: somebody booked, canceled or missed a meeting, or filled in a routing form."""

from datetime import datetime
from typing import Any

from app.adapters.vendors import Call, Part, Proof, VendorLead, shapes, signatures
from app.adapters.vendors.bodies import UnreadableBody, parse_object
from app.adapters.vendors.names import suggested
from app.adapters.vendors.webhook import Webhook, not_a_lead
from app.domain.intake.submissions import Delivery

KINDS = {
    "invitee.created": "meeting_booked",
    "invitee.canceled": "meeting_canceled",
    "invitee_no_show.created": "meeting_missed",
    "routing_form_submission.created": "form_submitted",
}
_DONE = {"meeting_booked": "Booked", "meeting_canceled": "Canceled", "meeting_missed": "Missed"}
_ABOUT = (
    "uri",
    "event",
    "status",
    "rescheduled",
    "old_invitee",
    "new_invitee",
    "timezone",
    "cancellation",
    "routing_form",
    "submitter",
    "submitter_type",
)


class Calendly(Webhook):
    """Webhook subscriptions of API version 2."""

    name = "calendly"
    proof = Proof.SIGNATURE
    ids_are_global = True
    touch_kind = "meeting_booked"

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """Calendly-Webhook-Signature: `t=…,v1=…`, the HMAC over the time, a dot and the body."""
        if secret is None:
            return signatures.NO_SECRET
        header = call.headers.get("calendly-webhook-signature", "")
        said = [piece.strip().partition("=") for piece in header.split(",")[:10]]
        sent = next((value for name, _, value in said if name == "t"), "")
        given = [value for name, _, value in said if name == "v1"]
        if not sent or not given:
            return signatures.MISSING
        pieces = (sent.encode("latin-1", "replace"), b".", call.raw)
        if not any(signatures.fits_hex(one, secret, *pieces) for one in given):
            return signatures.WRONG
        return None if signatures.is_fresh(sent, now) else signatures.STALE

    def parts(self, call: Call) -> list[Part]:
        """One invitee or routing form submission."""
        try:
            body = parse_object(call.raw)
        except UnreadableBody:
            return [Part()]
        return [Part(vendor_id=_id_of(body))]

    def read_body(self, delivery: Delivery) -> VendorLead:
        """The invitee; the questions are asked in the words of whoever made the page."""
        body = parse_object(delivery.raw)
        event, payload = shapes.text(body.get("event")), shapes.members(body.get("payload"))
        kind = KINDS.get(event or "")
        if kind is None:
            return not_a_lead("is no booking", event=event)
        answers = _answers(payload)
        tracking = shapes.members(payload.get("tracking"))
        utm, click_ids = shapes.tags_in(tracking)
        meeting = shapes.members(payload.get("scheduled_event"))
        own = {
            "email": payload.get("email"),
            "full_name": payload.get("name"),
            "first_name": payload.get("first_name"),
            "last_name": payload.get("last_name"),
            "phone": payload.get("text_reminder_number"),
        }
        campaign = shapes.text(tracking.get("salesforce_uuid"))
        return VendorLead(
            answers=answers,
            fields=suggested(answers)
            | {name: said for name, value in own.items() if (said := shapes.text(value))},
            about=shapes.filled(
                {name: payload.get(name) for name in _ABOUT}
                | {"calendly_event": event, "scheduled_event": meeting or None}
            ),
            vendor_id=_id_of(body),
            touch_kind=kind,
            summary=_summary(kind, meeting),
            occurred_at=shapes.not_later(
                shapes.instant(body.get("created_at")), delivery.received_at
            ),
            utm=utm,
            click_ids=click_ids,
            campaigns=[campaign] if campaign else [],
        )


def _answers(payload: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for entry in map(shapes.members, shapes.items(payload.get("questions_and_answers"))):
        question = shapes.first_of(entry, "question", "question_uuid")
        if question is not None:
            answers[question] = entry.get("answer")
    return answers


def _summary(kind: str, meeting: dict[str, Any]) -> str | None:
    done, name = _DONE.get(kind), shapes.text(meeting.get("name"))
    if done is None or name is None or len(name) > 1_000:
        return None
    start = shapes.instant(meeting.get("start_time"))
    return f"{done}: {name}" + (f", {start:%Y-%m-%d %H:%M} UTC" if start else "")


def _id_of(body: dict[str, Any]) -> str | None:
    """A booking and its cancellation are two touches, so the event is a part of the id."""
    payload = shapes.members(body.get("payload"))
    uri = shapes.text(payload.get("uri"))
    if uri is None:
        return None
    event = shapes.text(body.get("event"))
    found = shapes.last_of_urn(uri)
    return found if event == "invitee.created" else f"{found}/{event}"
