"""From the post of a browser to what it says of a lead. Pure, and never an error on content."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.adapters.form_bodies import parse_form_body
from app.domain.errors import FieldError
from app.domain.intake.fitting import fit
from app.domain.intake.form_context import Context, read_context
from app.domain.intake.form_envelopes import ToldBySender, told_by_sender
from app.domain.intake.form_payload import payload_of
from app.domain.intake.form_posts import CONSENT, RENDERED_AT, FormPost
from app.domain.intake.forms import FieldType, Form
from app.domain.intake.mapping import JOINED_BY, apply_mapping, as_text
from app.domain.intake.submissions import (
    ConsentGiven,
    Delivery,
    Finding,
    QuestionAnswered,
    Reading,
    SubmissionKind,
)
from app.domain.record.touchpoints import NewTouchpoint
from app.services.intake.form_answers import (
    Answer,
    email_misfit,
    is_granted,
    is_phone,
    read_answers,
)

CUSTOM = "custom."


def read_form(form: Form, delivery: Delivery) -> Reading:
    """What a delivery to this form says."""
    return read_post(form, parse_form_body(delivery.raw, delivery.content_type), delivery)


def read_post(form: Form, post: FormPost, delivery: Delivery) -> Reading:
    """The same for a body that has been parsed."""
    context = read_context(post, delivery)
    answers, odd = read_answers(form, post)
    told, unmapped = _told(form, answers)
    fields, unfit = _fitted(told)
    consents, refused = _consents(form, post)
    sender = told_by_sender(post) if delivery.kind is SubmissionKind.API else ToldBySender()
    elsewhere = context.read | sender.read | {CONSENT + consent.purpose for consent in consents}
    payload, changed = payload_of(form, post, elsewhere)
    holds = list(post.holds)
    if not form.took(delivery.received_at):
        holds.append(Finding(code="form_closed", detail="the form was archived before it was sent"))
    if post.answers:
        holds += [_incomplete(answer) for answer in answers if answer.missing]
        holds += refused
    bad_address, harmless = _address_findings(form, told)
    holds += bad_address
    campaign_id = sender.campaign_id or form.campaign_id
    if campaign_id:
        fields["campaign_id"] = campaign_id
    return Reading(
        fields=fields,
        default_country=form.default_country,
        references=sender.references,
        touch=_touch(form, context, campaign_id, payload),
        visitor_id=context.visitor_id,
        consents=consents,
        answers=_answered(answers),
        is_test=delivery.is_test or sender.is_test,
        holds=holds,
        signs=_signs(form, post, context),
        notes=[*post.notes, *odd, *unmapped, *unfit, *harmless, *context.notes, *changed],
    )


def missing_in(form: Form, post: FormPost) -> list[FieldError]:
    """What the sender can still put right: answers and consents that are missing, and e-mail
    addresses that are none. Nothing for a body that could not be read as a whole."""
    if post.holds:
        return []
    answers, _ = read_answers(form, post)
    problems = []
    for answer in answers:
        field = answer.field
        pointer = f"/fields/{_escaped(field.name)}"
        is_address = field.type is FieldType.EMAIL or field.to == "email"
        if answer.missing:
            detail = f"“{field.label}” is needed"
            problems.append(FieldError(pointer=pointer, code="missing", detail=detail))
        elif is_address and answer.value is not None and (bad := email_misfit(answer.value)):
            problems.append(FieldError(pointer=pointer, detail=f"“{field.label}” {bad}"))
    for consent in form.definition.consents:
        if consent.required and not is_granted(consent, post):
            pointer = f"/consents/{consent.purpose}"
            detail = "the form cannot be sent without this consent"
            problems.append(FieldError(pointer=pointer, code="missing", detail=detail))
    return problems


def fingerprint_parts(form: Form, post: FormPost) -> bytes | None:
    """What makes two posts the same: answers, consents and files, however they were sent.

    None when there is nothing to tell two posts apart by, or not all of it could be read.
    """
    if post.holds:
        return None
    answers, _ = read_answers(form, post)
    parts = [
        [answer.field.name, *(" ".join(as_text(v).split()) for v in _listed(answer.value))]
        for answer in answers
        if answer.value is not None
    ]
    parts += [
        [CONSENT + consent.purpose, str(is_granted(consent, post))]
        for consent in form.definition.consents
        if is_granted(consent, post) is not None
    ]
    parts += [["file", file.field, file.filename, str(file.size)] for file in post.files]
    return json.dumps(sorted(parts)).encode() if parts else None


def _told(form: Form, answers: Sequence[Answer]) -> tuple[dict[str, Any], list[Finding]]:
    """The value for each target, by the form's mapping and its fields."""
    by_name = {a.field.name: a.value for a in answers if a.value is not None}
    told, notes = apply_mapping(form.mapping, by_name)
    for answer in answers:
        if answer.field.to and answer.value is not None and not answer.field.question:
            told[answer.field.to] = _one_value(answer.value)
    if form.source:
        told.setdefault("source", form.source)
    return told, notes


def _answered(answers: Sequence[Answer]) -> list[QuestionAnswered]:
    """What the lead says of its own qualification."""
    return [
        QuestionAnswered(
            framework=question.framework,
            criterion=question.criterion,
            values=[as_text(value) for value in _listed(answer.value)],
            field=answer.field.name,
        )
        for answer in answers
        if (question := answer.field.question) and answer.value is not None
    ]


def _fitted(told: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The fields that a lead can hold, with `custom`, and what it cannot."""
    custom = {name.removeprefix(CUSTOM): v for name, v in told.items() if name.startswith(CUSTOM)}
    plain = {name: value for name, value in told.items() if not name.startswith(CUSTOM)}
    fields, notes = fit(plain)
    return (fields | {"custom": custom} if custom else fields), notes


def _one_value(value: Any) -> Any:
    """Several chosen values as one text."""
    return JOINED_BY.join(value) if isinstance(value, list) else value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _consents(form: Form, post: FormPost) -> tuple[list[ConsentGiven], list[Finding]]:
    """The consents that the post speaks of, and those that are required and not given."""
    given: list[ConsentGiven] = []
    missing: list[Finding] = []
    for consent in form.definition.consents:
        granted = is_granted(consent, post)
        if granted is not None:
            given.append(
                ConsentGiven(
                    purpose=consent.purpose,
                    version=consent.version,
                    text=consent.text,
                    granted=granted,
                )
            )
        if consent.required and not granted:
            detail = "a consent that the form requires was not given"
            missing.append(
                Finding(code="consent_missing", detail=detail, field=CONSENT + consent.purpose)
            )
    return given, missing


def _incomplete(answer: Answer) -> Finding:
    detail = "a required answer is missing"
    return Finding(code="incomplete", detail=detail, field=answer.field.name)


def _address_findings(form: Form, told: Mapping[str, Any]) -> tuple[list[Finding], list[Finding]]:
    """Holds and notes for addresses nobody can be reached at.

    A bad e-mail address holds the submission only when there is no other way to know the sender.
    """
    holds: list[Finding] = []
    notes: list[Finding] = []
    phone = told.get("phone")
    dialled = phone is not None and is_phone(phone, told.get("country"), form.default_country)
    if phone is not None and not dialled:
        detail = "is no phone number of this country"
        notes.append(Finding(code="invalid_value", detail=detail, field="phone"))
    address = told.get("email")
    if address is not None and (bad := email_misfit(address)):
        found = Finding(code="invalid_value", detail=bad, field=_asked_as(form, "email"))
        (notes if dialled else holds).append(found)
    return holds, notes


def _asked_as(form: Form, target: str) -> str:
    """The name of the field that fills the target."""
    return next((f.name for f in form.definition.fields if f.to == target), target)


def _touch(
    form: Form, context: Context, campaign_id: UUID | None, payload: dict[str, Any]
) -> NewTouchpoint:
    return NewTouchpoint(
        kind=form.touch_kind,
        occurred_at=context.occurred_at,
        campaign_id=campaign_id,
        utm=context.utm,
        click_ids=context.click_ids,
        page_url=context.page_url,
        referrer=context.referrer,
        summary=form.name,
        payload=payload,
    )


def _signs(form: Form, post: FormPost, context: Context) -> dict[str, Any]:
    """What a robot would get wrong."""
    honeypot = form.definition.protection.honeypot
    return {
        "honeypot": post.text(honeypot) if honeypot else None,
        "rendered_at": post.text(RENDERED_AT),
        "submitted_at": context.submitted_at,
    }


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
