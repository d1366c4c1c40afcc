"""From what a vendor sent to what it says of a lead. Pure, and never an error on content."""

import hashlib
import json
from typing import Any

from app.adapters.vendors import Vendor, VendorLead
from app.adapters.vendors.registry import VENDORS
from app.domain.intake.connectors import Connector
from app.domain.intake.fitting import fit
from app.domain.intake.mapping import apply_mapping
from app.domain.intake.storable import storable
from app.domain.intake.submissions import ConsentGiven, Delivery, Finding, Reading
from app.domain.record.channels import derive_channel
from app.domain.record.touchpoints import NewTouchpoint

CUSTOM = "custom."
LARGEST_PAYLOAD = 64_000
_LONGEST_ID = 255


def read_connector(connector: Connector, delivery: Delivery) -> Reading:
    """What a delivery to this connector says."""
    vendor = VENDORS[connector.vendor]
    lead = vendor.read(delivery)
    told, unmapped = _told(connector, lead)
    custom = {name.removeprefix(CUSTOM): v for name, v in told.items() if name.startswith(CUSTOM)}
    fields, unfit = fit({name: v for name, v in told.items() if not name.startswith(CUSTOM)})
    if custom:
        fields["custom"] = custom
    if connector.campaign_id:
        fields["campaign_id"] = connector.campaign_id
    payload, shortened = _payload(connector, lead)
    return Reading(
        fields=fields,
        default_country=connector.default_country,
        touch=_touch(connector, vendor, lead, payload, delivery),
        consents=[_consent(connector, given) for given in lead.consents],
        is_test=lead.is_test or delivery.is_test,
        holds=[*lead.holds, *_closed(connector, delivery)],
        notes=[*lead.notes, *unmapped, *unfit, *shortened],
        fetch=lead.fetch,
    )


def _told(connector: Connector, lead: VendorLead) -> tuple[dict[str, Any], list[Finding]]:
    """What the vendor's shape tells by itself, and over it what the connector's mapping says.

    The mapping finds the answers by their names, and what is said about the lead under `vendor`.
    """
    mapped, findings = apply_mapping(connector.mapping, {"vendor": lead.about} | lead.answers)
    told = storable(lead.fields) | mapped
    told.setdefault("source", connector.source or connector.vendor)
    return told, findings


def _touch(
    connector: Connector,
    vendor: Vendor,
    lead: VendorLead,
    payload: dict[str, Any],
    delivery: Delivery,
) -> NewTouchpoint:
    external_id = _external_id(connector, vendor, lead.vendor_id)
    referrer = lead.referrer or delivery.headers.get("referer")
    return NewTouchpoint(
        kind=connector.touch_kind or lead.touch_kind or vendor.touch_kind,
        channel=derive_channel(lead.utm, lead.click_ids, lead.referrer) or vendor.channel,
        occurred_at=lead.occurred_at or delivery.received_at,
        campaign_id=connector.campaign_id,
        utm=lead.utm or None,
        click_ids=lead.click_ids or None,
        page_url=lead.page_url,
        referrer=referrer,
        summary=storable(lead.summary) or connector.name,
        payload=payload,
        source_system=vendor.name if external_id else None,
        external_id=external_id,
        is_test=lead.is_test or delivery.is_test,
    )


def _external_id(connector: Connector, vendor: Vendor, vendor_id: str | None) -> str | None:
    """The vendor's id for the lead; where ids count from one on each site, with the connector's."""
    if vendor_id is None:
        return None
    found = vendor_id if vendor.ids_are_global else f"{connector.id}:{vendor_id}"
    if len(found) > _LONGEST_ID:
        found = f"sha256:{hashlib.sha256(found.encode()).hexdigest()}"
    return str(storable(found))


def _payload(connector: Connector, lead: VendorLead) -> tuple[dict[str, Any], list[Finding]]:
    """All that was said; when it is too much for a touchpoint, the lengths. The body has it all."""
    payload: dict[str, Any] = {"connector_id": str(connector.id), "answers": lead.answers}
    if lead.about:
        payload["vendor"] = lead.about
    if lead.campaigns:
        payload["campaigns"] = lead.campaigns
    payload = storable(payload)
    if len(_as_json(payload)) <= LARGEST_PAYLOAD:
        return payload, []
    lengths = {n: {"characters": len(_as_json(v))} for n, v in payload["answers"].items()}
    short: dict[str, Any] = {"connector_id": str(connector.id), "shortened": True}
    short["answers"] = lengths if len(_as_json(lengths)) < LARGEST_PAYLOAD else {}
    detail = f"the answers have more than {LARGEST_PAYLOAD:,} characters; only lengths are shown"
    return short, [Finding(code="payload_shortened", detail=detail)]


def _consent(connector: Connector, given: ConsentGiven) -> ConsentGiven:
    """With our own word for the purpose, where the connector has one."""
    purpose = connector.consent_purposes.get(given.purpose, given.purpose)
    return ConsentGiven(
        purpose=storable(purpose)[:200],
        version=storable(given.version)[:200],
        text=storable(given.text),
        granted=given.granted,
    )


def _closed(connector: Connector, delivery: Delivery) -> list[Finding]:
    if connector.took(delivery.received_at):
        return []
    detail = "the connector was archived before it was sent"
    return [Finding(code="connector_closed", detail=detail)]


def _as_json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
