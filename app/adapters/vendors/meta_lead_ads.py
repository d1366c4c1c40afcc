"""Meta Lead Ads: a notification names leads, of several forms at once; the lead must be fetched."""

from collections.abc import Iterator
from datetime import datetime
from json import dumps
from typing import Any

from app.adapters.vendors import Answer, Call, Part, Proof, VendorLead, shapes, signatures
from app.adapters.vendors.bodies import UnreadableBody, parse_object, query_of
from app.adapters.vendors.names import suggested
from app.adapters.vendors.webhook import Webhook, not_a_lead, unreadable
from app.domain.intake.submissions import Delivery, Finding
from app.domain.record.channels import Channel

_TEST = "<test lead:"
_LONGEST_CHALLENGE = 1_000
_ABOUT = (
    "page_id",
    "form_id",
    "ad_id",
    "ad_name",
    "adgroup_id",
    "adset_id",
    "adset_name",
    "campaign_id",
    "campaign_name",
    "is_organic",
    "platform",
)


class MetaLeadAds(Webhook):
    """Facebook and Instagram lead forms."""

    name = "meta_lead_ads"
    proof = Proof.SIGNATURE
    ids_are_global = True
    channel = Channel.PAID_SOCIAL
    fetches = True

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """X-Hub-Signature-256: `sha256=` and the HMAC of the body, by the app's secret."""
        del now
        if secret is None:
            return signatures.NO_SECRET
        scheme, _, given = call.headers.get("x-hub-signature-256", "").partition("=")
        if scheme != "sha256":
            return signatures.MISSING
        return None if signatures.fits_hex(given, secret, call.raw) else signatures.WRONG

    def greet(self, query: str, secret: bytes | None, token: str) -> Answer:
        """The challenge, when the verify token is ours."""
        del secret
        said = query_of(query)
        challenge = said.get("hub.challenge", "")[:_LONGEST_CHALLENGE]
        ours = signatures.same(said.get("hub.verify_token", ""), token)
        if said.get("hub.mode") != "subscribe" or not ours:
            return Answer(status=403, body=b"{}")
        return Answer(
            body=challenge.encode("utf-8", "replace"),
            content_type="text/plain; charset=utf-8",
            headers={"x-content-type-options": "nosniff"},
        )

    def parts(self, call: Call) -> list[Part]:
        """Every lead that is named."""
        try:
            found = list(_changes(parse_object(call.raw)))
        except UnreadableBody:
            return [Part()]
        return [
            Part(vendor_id=_id_of(change), is_test=_is_test(change), content=_alone(change))
            for change in found
        ] or [Part()]

    def read_body(self, delivery: Delivery) -> VendorLead:
        """What was fetched; before that, the id to fetch it by."""
        changes = list(_changes(parse_object(delivery.raw)))
        if delivery.part >= len(changes):
            return not_a_lead("no lead is named in it; subscribe the app to leadgen alone")
        named = changes[delivery.part]
        if delivery.fetched is None and not isinstance(named.get("field_data"), list):
            return _to_fetch(named, delivery)
        given = named if delivery.fetched is None else named | parse_object(delivery.fetched)
        if not isinstance(given.get("field_data"), list):
            return unreadable("of the fetched lead has no field_data")
        return _lead(given, delivery)


def _to_fetch(named: dict[str, Any], delivery: Delivery) -> VendorLead:
    vendor_id = _id_of(named)
    if vendor_id is None:
        return unreadable("names a lead without an id")
    return VendorLead(
        vendor_id=vendor_id,
        fetch=vendor_id,
        about=_about(named),
        occurred_at=shapes.not_later(
            shapes.instant(named.get("created_time")), delivery.received_at
        ),
    )


def _lead(given: dict[str, Any], delivery: Delivery) -> VendorLead:
    answers = _answers(given)
    campaigns = (shapes.text(given.get(n)) for n in ("campaign_id", "adset_id", "ad_id", "form_id"))
    utm, click_ids = shapes.tags_in(answers)
    return VendorLead(
        answers=answers,
        fields=suggested(answers),
        about=_about(given),
        vendor_id=_id_of(given),
        occurred_at=shapes.not_later(
            shapes.instant(given.get("created_time")), delivery.received_at
        ),
        utm=utm,
        click_ids=click_ids,
        campaigns=[campaign for campaign in campaigns if campaign],
        is_test=_is_test(given),
        notes=_odd(given),
    )


def _changes(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in map(shapes.members, shapes.items(body.get("entry"))):
        for change in map(shapes.members, shapes.items(entry.get("changes"))):
            if change.get("field") == "leadgen":
                yield shapes.members(change.get("value"))


def _alone(change: dict[str, Any]) -> bytes:
    changes = [{"field": "leadgen", "value": change}]
    return dumps({"object": "page", "entry": [{"changes": changes}]}, sort_keys=True).encode()


def _answers(given: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for entry in map(shapes.members, shapes.items(given.get("field_data"))):
        name = shapes.text(entry.get("name"))
        if name is not None:
            answers[name] = shapes.only(entry.get("values"))
    return answers


def _about(given: dict[str, Any]) -> dict[str, Any]:
    return shapes.filled({name: given.get(name) for name in _ABOUT})


def _id_of(given: dict[str, Any]) -> str | None:
    return shapes.first_of(given, "leadgen_id", "id")


def _is_test(given: dict[str, Any]) -> bool:
    said = [shapes.text(value) or "" for value in _answers(given).values()]
    return any(one.startswith(_TEST) for one in said)


def _odd(given: dict[str, Any]) -> list[Finding]:
    asked, fetched = shapes.text(given.get("leadgen_id")), shapes.text(given.get("id"))
    if asked is None or fetched in (None, asked):
        return []
    return [Finding(code="other_lead", detail=f"asked for {asked}, the vendor gave {fetched}")]
