"""Typeform: answers by the `ref` of each question, which stays when its title changes."""

from datetime import datetime
from typing import Any

from app.adapters.vendors import Call, Part, Proof, VendorLead, shapes, signatures
from app.adapters.vendors.bodies import UnreadableBody, parse_object
from app.adapters.vendors.names import meant, suggested
from app.adapters.vendors.webhook import Webhook, not_a_lead
from app.domain.intake.submissions import Delivery

_BY_TYPE = {"email": "email", "phone_number": "phone"}
_ABOUT = ("form_id", "landed_at", "calculated", "variables", "ending", "thankyou_screen_ref")


class Typeform(Webhook):
    """The webhook `form_response`."""

    name = "typeform"
    proof = Proof.SIGNATURE
    ids_are_global = True

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """Typeform-Signature: `sha256=` and the HMAC of the body in base64."""
        del now
        if secret is None:
            return signatures.NO_SECRET
        scheme, _, given = call.headers.get("typeform-signature", "").partition("=")
        if scheme != "sha256":
            return signatures.MISSING
        return None if signatures.fits_base64(given, secret, call.raw) else signatures.WRONG

    def parts(self, call: Call) -> list[Part]:
        """One response by its token."""
        try:
            body = parse_object(call.raw)
        except UnreadableBody:
            return [Part()]
        return [Part(vendor_id=_id_of(body))]

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Each answer's value, whatever key its type has it under."""
        body = parse_object(delivery.raw)
        response = shapes.members(body.get("form_response"))
        if body.get("event_type") not in (None, "form_response") or not response:
            return not_a_lead("is no form_response", event=shapes.text(body.get("event_type")))
        answers, fields, titles = _answers(response)
        hidden = {
            name: value
            for name, value in shapes.members(response.get("hidden")).items()
            if name not in answers
        }
        utm, click_ids = shapes.tags_in(hidden)
        definition = shapes.members(response.get("definition"))
        return VendorLead(
            answers=answers | hidden,
            fields=suggested(hidden) | suggested(answers) | fields,
            about=shapes.filled(
                {name: response.get(name) for name in _ABOUT}
                | {"form_title": definition.get("title"), "questions": titles}
            ),
            vendor_id=_id_of(body),
            occurred_at=shapes.not_later(
                shapes.instant(response.get("submitted_at")), delivery.received_at
            ),
            utm=utm,
            click_ids=click_ids,
        )


def _answers(response: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """By ref: the answers; the fields that type or title tell; the titles."""
    answers: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    titles = _titles(response)
    told: dict[str, str] = {}
    for entry in map(shapes.members, shapes.items(response.get("answers"))):
        question = shapes.members(entry.get("field"))
        key = shapes.first_of(question, "ref", "id")
        if key is None:
            continue
        value = answers[key] = _value(entry)
        title = titles.get(shapes.text(question.get("id")) or "") or titles.get(key)
        if title:
            told[key] = title
        field = _BY_TYPE.get(str(entry.get("type"))) or meant(title or "")
        if field and field not in fields and shapes.text(value) and not isinstance(value, bool):
            fields[field] = value
    return answers, fields, told


def _value(entry: dict[str, Any]) -> Any:
    kind = str(entry.get("type"))
    value = entry.get(kind)
    if kind == "choice":
        choice = shapes.members(value)
        return choice.get("label") if choice.get("label") is not None else choice.get("other")
    if kind == "choices":
        choices = shapes.members(value)
        other = choices.get("other")
        return shapes.items(choices.get("labels")) + ([other] if other is not None else [])
    return value


def _titles(response: dict[str, Any]) -> dict[str, str]:
    """By id and by ref."""
    definition = shapes.members(response.get("definition"))
    found: dict[str, str] = {}
    for field in map(shapes.members, shapes.items(definition.get("fields"))):
        title = shapes.text(field.get("title"))
        for name in ("id", "ref"):
            key = shapes.text(field.get(name))
            if title and key:
                found[key] = title
    return found


def _id_of(body: dict[str, Any]) -> str | None:
    response = shapes.members(body.get("form_response"))
    return shapes.text(response.get("token")) or shapes.text(body.get("event_id"))
