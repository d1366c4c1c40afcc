"""Any sender that can post JSON or a form: one object, or a list of them."""

from datetime import datetime
from json import dumps
from typing import Any

from app.adapters.vendors import Answer, Call, Part, Reply, VendorLead, shapes, signatures
from app.adapters.vendors.bodies import UnreadableBody, essence, parse_answers, parse_json
from app.adapters.vendors.names import suggested
from app.adapters.vendors.webhook import Webhook
from app.domain.intake.submissions import Delivery

MOST_PARTS = 1_000
_IDS = ("submission_id", "event_id", "external_id")
_TIMES = ("occurred_at", "submitted_at", "created_at", "timestamp")
_PAGES = ("page_url", "page", "url", "landing_page")


class GenericJson(Webhook):
    """What has no vendor of its own; the mapping says what its fields mean."""

    name = "generic_json"

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """A signature, when the call has one: Standard Webhooks, or that of GitHub and Meta.

        Otherwise the shared secret itself, if one was agreed upon.
        """
        if secret is None:
            return None
        if "webhook-signature" in call.headers:
            return signatures.check_standard(call.headers, call.raw, secret, now)
        scheme, _, given = call.headers.get("x-hub-signature-256", "").partition("=")
        if scheme == "sha256":
            return None if signatures.fits_hex(given, secret, call.raw) else signatures.WRONG
        return signatures.check_shared(call.headers, call.query, secret)

    def parts(self, call: Call) -> list[Part]:
        """Each object, by the id that the headers or the object itself give it."""
        try:
            found = _objects(call.raw, call.content_type)
        except UnreadableBody:
            return [Part()]
        sent = call.headers.get("webhook-id") or call.headers.get("idempotency-key")
        several = len(found) > 1
        return [
            Part(
                vendor_id=_id_of(one, sent, place if several else None),
                is_test=_is_test(one),
                content=dumps(one, sort_keys=True).encode() if several else None,
            )
            for place, one in enumerate(found)
        ]

    def answer(self, call: Call, reply: Reply, receipts: list[str]) -> Answer:
        """The receipts, for whoever wrote the sender."""
        del call, reply
        return Answer(body=dumps({"receipt_ids": receipts}).encode())

    def read_body(self, delivery: Delivery) -> VendorLead:
        """The object as it is."""
        found = _objects(delivery.raw, delivery.content_type)
        if delivery.part >= len(found):
            raise UnreadableBody("has no such part")
        body = found[delivery.part]
        if not isinstance(body, dict):
            raise UnreadableBody(f"has an item, number {delivery.part}, that is no object")
        page_url = next((page for name in _PAGES if (page := shapes.url(body.get(name)))), None)
        page_utm, page_click_ids = shapes.tags_of(page_url)
        inner = {f"utm_{n}": v for n, v in shapes.members(body.get("utm")).items()}
        utm, click_ids = shapes.tags_in(inner | shapes.members(body.get("click_ids")) | body)
        occurred_at = next((at for n in _TIMES if (at := shapes.instant(body.get(n)))), None)
        return VendorLead(
            answers=body,
            fields=suggested(body),
            vendor_id=_id_of(
                body,
                delivery.headers.get("webhook-id"),
                delivery.part if len(found) > 1 else None,
            ),
            occurred_at=shapes.not_later(occurred_at, delivery.received_at),
            page_url=page_url,
            referrer=shapes.url(body.get("referrer")),
            utm=page_utm | utm,
            click_ids=page_click_ids | click_ids,
            is_test=_is_test(body),
        )


def _objects(raw: bytes, content_type: str) -> list[Any]:
    kind = essence(content_type)
    if kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        return [parse_answers(raw, content_type)]
    value = parse_json(raw)
    found = value if isinstance(value, list) else [value]
    if not 1 <= len(found) <= MOST_PARTS:
        raise UnreadableBody(f"is a list of {len(found)} items; 1 to {MOST_PARTS} are taken")
    return found


def _id_of(body: Any, sent: str | None, place: int | None) -> str | None:
    own = shapes.first_of(shapes.members(body), *_IDS)
    if own is not None or not sent:
        return own
    return sent if place is None else f"{sent}/{place}"


def _is_test(body: Any) -> bool:
    said = shapes.members(body)
    return said.get("is_test") is True or said.get("test") is True
