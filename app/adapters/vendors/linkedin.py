"""LinkedIn lead sync: a notification names a form response, which must be fetched."""

import re
from datetime import datetime
from json import dumps
from typing import Any

from app.adapters.vendors import Answer, Call, Part, Proof, VendorLead, shapes, signatures
from app.adapters.vendors.bodies import UnreadableBody, parse_object, query_of
from app.adapters.vendors.names import fits, suggested
from app.adapters.vendors.webhook import Webhook, not_a_lead, unreadable
from app.domain.intake.submissions import ConsentGiven, Delivery

_PREFIX = b"hmacsha256="
FIELDS = {
    "FIRST_NAME": "first_name",
    "LAST_NAME": "last_name",
    "EMAIL": "email",
    "WORK_EMAIL": "email",
    "PHONE_NUMBER": "phone",
    "WORK_PHONE_NUMBER": "phone",
    "COMPANY_NAME": "company",
    "JOB_TITLE": "title",
    "CITY": "city",
    "STATE": "region",
    "COUNTRY": "country",
    "COUNTRY_REGION": "country",
    "POSTAL_CODE": "postal_code",
    "ZIP_CODE": "postal_code",
    "INDUSTRY": "industry",
}


class LinkedIn(Webhook):
    """Lead gen forms of ads, events and company pages."""

    name = "linkedin"
    proof = Proof.SIGNATURE
    ids_are_global = True
    fetches = True

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """X-LI-Signature: the HMAC of `hmacsha256=` and the body, by the app's client secret."""
        del now
        if secret is None:
            return signatures.NO_SECRET
        given = call.headers.get("x-li-signature", "").strip().removeprefix(_PREFIX.decode())
        if not given:
            return signatures.MISSING
        fits_body = signatures.fits_hex(given, secret, _PREFIX, call.raw)
        return None if fits_body else signatures.WRONG

    def greet(self, query: str, secret: bytes | None, token: str) -> Answer:
        """The challenge with its HMAC."""
        del token
        code = query_of(query).get("challengeCode", "")
        if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", code) or secret is None:
            return Answer(status=400, body=b"{}")
        response = signatures.mac(secret, code.encode()).hex()
        return Answer(body=dumps({"challengeCode": code, "challengeResponse": response}).encode())

    def parts(self, call: Call) -> list[Part]:
        """One form response."""
        try:
            body = parse_object(call.raw)
        except UnreadableBody:
            return [Part()]
        vendor_id = _id_of(body)
        if vendor_id and _is_deletion(body):
            vendor_id = f"{vendor_id}/deleted"
        return [Part(vendor_id=vendor_id, is_test=body.get("testLead") is True)]

    def read_body(self, delivery: Delivery) -> VendorLead:
        """What was fetched; before that, the id to fetch it by."""
        body = parse_object(delivery.raw)
        vendor_id = _id_of(body)
        if _is_deletion(body):
            return not_a_lead("LinkedIn says that a lead was deleted there", deleted=vendor_id)
        if delivery.fetched is None and "formResponse" not in body:
            if vendor_id is None:
                return unreadable("names no lead")
            return VendorLead(vendor_id=vendor_id, fetch=vendor_id, about=_about(body))
        given = body if delivery.fetched is None else body | parse_object(delivery.fetched)
        return _lead(given, vendor_id, delivery)


def _lead(given: dict[str, Any], vendor_id: str | None, delivery: Delivery) -> VendorLead:
    response = shapes.members(given.get("formResponse"))
    questions = _questions(given)
    answers: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for entry in map(shapes.members, shapes.items(response.get("answers"))):
        number = shapes.text(entry.get("questionId")) or ""
        question = questions.get(number, {})
        known = shapes.text(entry.get("predefinedField")) or question.get("field")
        name = known or shapes.text(entry.get("name")) or question.get("name") or number
        answers[name] = _said(shapes.members(entry.get("answerDetails")), question)
        field, said = FIELDS.get(known or ""), shapes.text(answers[name])
        if field and field not in fields and said and fits(field, said):
            fields[field] = said
    hidden = _hidden(given)
    utm, click_ids = shapes.tags_in(hidden)
    if not answers:
        return unreadable("has no answers")
    return VendorLead(
        answers=answers | {name: value for name, value in hidden.items() if name not in answers},
        fields=suggested(answers) | fields,
        about=_about(given),
        vendor_id=vendor_id,
        occurred_at=shapes.not_later(
            shapes.instant(given.get("submittedAt")), delivery.received_at
        ),
        utm=utm,
        click_ids=click_ids,
        campaigns=_campaigns(given),
        consents=_consents(response),
        is_test=given.get("testLead") is True,
    )


def _questions(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By id: the standard field or the name of each question, and the texts of its choices."""
    content = shapes.members(shapes.members(given.get("form")).get("content"))
    found = {}
    for entry in map(shapes.members, shapes.items(content.get("questions"))):
        details = shapes.members(entry.get("questionDetails"))
        choices = shapes.members(details.get("multipleChoiceQuestionDetails"))
        options = map(shapes.members, shapes.items(choices.get("options")))
        found[shapes.text(entry.get("questionId")) or ""] = {
            "field": shapes.text(entry.get("predefinedField")),
            "name": shapes.text(entry.get("name")) or _localized(entry.get("question")),
            "choices": {shapes.text(o.get("id")): _localized(o.get("text")) for o in options},
        }
    return found


def _said(details: dict[str, Any], question: dict[str, Any]) -> Any:
    written = shapes.members(details.get("textQuestionAnswer")).get("answer")
    if written is not None:
        return written
    chosen = shapes.items(shapes.members(details.get("multipleChoiceAnswer")).get("options"))
    choices = question.get("choices", {})
    return shapes.only([choices.get(shapes.text(one)) or shapes.text(one) for one in chosen])


def _hidden(given: dict[str, Any]) -> dict[str, Any]:
    entries = shapes.items(shapes.members(given.get("form")).get("hiddenFields"))
    return {
        name: entry.get("value")
        for entry in map(shapes.members, entries)
        if (name := shapes.text(entry.get("name")))
    }


def _localized(value: Any) -> str | None:
    texts = shapes.members(shapes.members(value).get("localized"))
    return next((found for said in texts.values() if (found := shapes.text(said))), None)


def _campaigns(given: dict[str, Any]) -> list[str]:
    data = shapes.members(given.get("leadMetadata"))
    campaign = shapes.members(data.get("sponsoredLeadMetadata")).get("campaign")
    found = shapes.last_of_urn(campaign)
    return [found] if found else []


def _consents(response: dict[str, Any]) -> list[ConsentGiven]:
    return [
        ConsentGiven(
            purpose=f"consent:{shapes.text(entry.get('consentId')) or ''}",
            version="",
            text="",
            granted=entry["accepted"],
        )
        for entry in map(shapes.members, shapes.items(response.get("consentResponses")))
        if isinstance(entry.get("accepted"), bool)
    ]


def _about(given: dict[str, Any]) -> dict[str, Any]:
    names = ("leadType", "leadGenForm", "versionedLeadGenFormUrn", "owner", "associatedEntity")
    return shapes.filled({name: given.get(name) for name in names})


def _id_of(body: dict[str, Any]) -> str | None:
    return shapes.last_of_urn(body.get("leadGenFormResponse")) or shapes.text(body.get("id"))


def _is_deletion(body: dict[str, Any]) -> bool:
    return body.get("leadAction") == "DELETED"
