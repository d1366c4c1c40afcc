"""HubSpot forms, as sites post them to the submission API (v3, and the older v2 form post)."""

import json
from typing import Any

from app.adapters.vendors import Answer, Call, Proof, Reply, VendorLead, shapes
from app.adapters.vendors.bodies import UnreadableBody, essence, parse_answers, parse_object
from app.adapters.vendors.names import fits
from app.adapters.vendors.webhook import Webhook
from app.domain.intake.submissions import ConsentGiven, Delivery

FIELDS = {
    "email": ("email", "work_email"),
    "first_name": ("firstname",),
    "last_name": ("lastname",),
    "full_name": ("full_name", "name"),
    "company": ("company", "0-2/name"),
    "title": ("jobtitle",),
    "phone": ("phone", "mobilephone"),
    "website": ("website", "0-2/domain"),
    "street": ("address",),
    "city": ("city",),
    "region": ("state",),
    "postal_code": ("zip",),
    "country": ("country", "country_dropdown"),
    "industry": ("industry", "0-2/industry"),
    "employee_count": ("numemployees", "0-2/numberofemployees"),
    "language": ("hs_language",),
    "description": ("message",),
}
_CONTACT = {None, "", "0-1", "CONTACT"}
_MACHINERY = frozenset({"hs_context", "g-recaptcha-response", "hs_recaptcha_response"})


class HubSpotForms(Webhook):
    """A site changes one URL, and its forms go on as before."""

    name = "hubspot_forms"
    proof = Proof.NONE

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Fields of a contact by their names, those of other objects as `0-2/name`."""
        body = _body(delivery.raw, delivery.content_type)
        answers = _answers(body)
        context = shapes.members(body.get("context"))
        page_url = shapes.url(context.get("pageUri"))
        utm, click_ids = shapes.tags_of(page_url)
        own_utm, own_click_ids = shapes.tags_in(answers)
        campaign = shapes.text(context.get("sfdcCampaignId"))
        return VendorLead(
            answers=answers,
            fields=_fields(answers),
            about=shapes.filled(context),
            occurred_at=shapes.not_later(
                shapes.instant(body.get("submittedAt")), delivery.received_at
            ),
            utm=utm | own_utm,
            click_ids=click_ids | own_click_ids,
            page_url=page_url,
            campaigns=[campaign] if campaign else [],
            consents=_consents(shapes.members(body.get("legalConsentOptions"))),
        )

    def answer(self, call: Call, reply: Reply, receipts: list[str]) -> Answer:
        """Where to go on, or what to show, in HubSpot's words."""
        try:
            _body(call.raw, call.content_type)
        except UnreadableBody as reason:
            # It is kept all the same; whoever builds the site should see what is wrong.
            return _error(400, f"The request body {reason}", ",".join(receipts))
        if reply.redirect_url:
            return _json(200, {"redirectUri": reply.redirect_url})
        return _json(200, {"inlineMessage": reply.message})

    def refusal(self, status: int, detail: str, request_id: str) -> Answer | None:
        """An error in HubSpot's shape."""
        return _error(status, detail, request_id)


def _body(raw: bytes, content_type: str) -> dict[str, Any]:
    if essence(content_type) in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        posted = parse_answers(raw, content_type)
        if "fields" not in posted:
            return _older(posted)
    return parse_object(raw)


def _older(posted: dict[str, Any]) -> dict[str, Any]:
    """Version 2: the fields bare, the context as JSON in one of them."""
    fields = [
        {"name": name, "value": value} for name, value in posted.items() if name not in _MACHINERY
    ]
    try:
        context = parse_object((shapes.text(posted.get("hs_context")) or "{}").encode())
    except UnreadableBody:
        context = {}
    renamed = {"pageUrl": "pageUri", "sfdcCampaignId": "sfdcCampaignId"}
    return {
        "fields": fields,
        "context": {renamed.get(name, name): value for name, value in context.items()},
    }


def _answers(body: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for entry in map(shapes.members, shapes.items(body.get("fields"))):
        name = shapes.text(entry.get("name"))
        if name is None:
            continue
        kind = shapes.text(entry.get("objectTypeId"))
        key = name if kind in _CONTACT else f"{kind}/{name}"
        if key in answers:
            earlier = answers[key] if isinstance(answers[key], list) else [answers[key]]
            answers[key] = [*earlier, entry.get("value")]
        else:
            answers[key] = entry.get("value")
    return answers


def _fields(answers: dict[str, Any]) -> dict[str, Any]:
    fields = {}
    for field, names in FIELDS.items():
        said = shapes.first_of({name: shapes.only(answers.get(name)) for name in names}, *names)
        if said is not None and fits(field, said):
            fields[field] = said
    return fields


def _consents(options: dict[str, Any]) -> list[ConsentGiven]:
    found = []
    consent = shapes.members(options.get("consent"))
    if isinstance(consent.get("consentToProcess"), bool):
        found.append(_consent("processing", consent["consentToProcess"], consent))
    found += [
        _consent(_subscription(entry), entry["value"], entry)
        for entry in map(shapes.members, shapes.items(consent.get("communications")))
        if isinstance(entry.get("value"), bool)
    ]
    interest = shapes.members(options.get("legitimateInterest"))
    if isinstance(interest.get("value"), bool):
        basis = shapes.text(interest.get("legalBasis")) or "legitimateInterest"
        found.append(_consent(_subscription(interest), interest["value"], interest, basis))
    return found


def _subscription(entry: dict[str, Any]) -> str:
    return f"subscription:{shapes.text(entry.get('subscriptionTypeId')) or ''}"


def _consent(purpose: str, granted: bool, entry: dict[str, Any], version: str = "") -> ConsentGiven:
    said = shapes.text(entry.get("text")) or ""
    return ConsentGiven(purpose=purpose, version=version, text=said, granted=granted)


def _error(status: int, detail: str, correlation_id: str) -> Answer:
    kind = {400: "INVALID_JSON", 404: "FORM_NOT_FOUND", 413: "REQUEST_TOO_LARGE"}
    told = {
        "status": "error",
        "message": "The request is not valid" if status < 500 else "Try again",
        "correlationId": correlation_id,
        "errors": [{"message": detail, "errorType": kind.get(status, "ERROR")}],
    }
    return _json(status, told)


def _json(status: int, value: dict[str, Any]) -> Answer:
    return Answer(status=status, body=json.dumps(value, ensure_ascii=False).encode())
