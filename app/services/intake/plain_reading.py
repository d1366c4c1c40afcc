"""Submissions that are JSON of this API, and need neither a form nor a connector to be read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from app.adapters.json_bodies import Context, Misfit, SubmissionBody, Touch, VisitBody, shaped
from app.domain.intake.fitting import LEAD_FIELDS, fit
from app.domain.intake.forms import FORM_SUBMITTED
from app.domain.intake.submissions import ConsentGiven, Delivery, Finding, Reading
from app.domain.leads.identities import Identity, IdentityKind
from app.domain.record.touchpoints import NewTouchpoint

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def unknown_fields(fields: Mapping[str, Any]) -> list[str]:
    """The names in `fields` that a lead does not have and that are not `custom`."""
    return [name for name in fields if name not in LEAD_FIELDS and name != "custom"]


def read_plain(delivery: Delivery) -> Reading:
    """What such a submission says. It was checked when it came; what it is now is checked again."""
    try:
        body = shaped(_parsed(delivery), SubmissionBody)
    except (Misfit, msgspec.MsgspecError, ValueError) as error:
        return Reading(holds=[Finding(code="unreadable", detail=str(error))])
    custom = body.fields.get("custom")
    plain = {name: value for name, value in body.fields.items() if name in LEAD_FIELDS}
    fields, notes = fit(plain)
    if isinstance(custom, dict):
        fields["custom"] = custom
    if body.campaign_id:
        fields["campaign_id"] = body.campaign_id
    return Reading(
        fields=fields,
        references=[
            Identity(IdentityKind.EXTERNAL, reference.external_id, reference.system)
            for reference in body.external_references
        ],
        touch=_touch(body, delivery),
        visitor_id=body.context.visitor_id,
        consents=[
            ConsentGiven(
                purpose=consent.purpose,
                version=consent.version,
                text=consent.text,
                granted=consent.granted,
            )
            for consent in body.consents
            if not isinstance(consent, str)
        ],
        is_test=body.is_test or delivery.is_test,
        notes=notes,
    )


def read_visit(delivery: Delivery) -> tuple[list[NewTouchpoint], list[Finding]]:
    """What a visitor did, or why it cannot be read."""
    try:
        body = shaped(_parsed(delivery), VisitBody)
    except (Misfit, msgspec.MsgspecError, ValueError) as error:
        return [], [Finding(code="unreadable", detail=str(error))]
    return [_told(touch) for touch in body.touchpoints], []


def _parsed(delivery: Delivery) -> Any:
    return msgspec.json.decode(delivery.raw.removeprefix(_BYTE_ORDER_MARK))


def _touch(body: SubmissionBody, delivery: Delivery) -> NewTouchpoint:
    context = body.context
    payload = {"fields": body.fields}
    if body.touchpoint is None:
        touch = NewTouchpoint(kind=FORM_SUBMITTED)
    else:
        touch = _told(body.touchpoint)
        if touch.payload is not None:
            payload["payload"] = touch.payload
    return replace(
        _with_context(touch, context),
        occurred_at=touch.occurred_at or _aware(context.submitted_at) or delivery.received_at,
        campaign_id=touch.campaign_id or body.campaign_id,
        payload=payload,
        referrer=touch.referrer or context.referrer or delivery.headers.get("referer"),
    )


def _with_context(touch: NewTouchpoint, context: Context) -> NewTouchpoint:
    return replace(
        touch,
        utm=touch.utm or context.utm or None,
        click_ids=touch.click_ids or context.click_ids or None,
        page_url=touch.page_url or context.page_url,
    )


def _told(touch: Touch) -> NewTouchpoint:
    return NewTouchpoint(
        kind=touch.kind,
        occurred_at=_aware(touch.occurred_at),
        campaign_id=touch.campaign_id,
        utm=touch.utm,
        click_ids=touch.click_ids,
        page_url=touch.page_url,
        referrer=touch.referrer,
        products=touch.products,
        summary=touch.summary,
        payload=touch.payload,
        source_system=touch.source_system,
        external_id=touch.external_id,
    )


def _aware(instant: datetime | None) -> datetime | None:
    """An instant without a zone is taken for UTC."""
    if instant is None:
        return None
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        # The first or the last day there is, which is no time that anything happened at.
        return None
