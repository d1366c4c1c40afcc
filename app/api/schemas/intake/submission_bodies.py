"""What is looked at in a submission while its sender is still there to put it right."""

from typing import Any

from app.adapters.json_bodies import Misfit, SubmissionBody, shaped
from app.domain.errors import FieldError, Invalid
from app.domain.intake.fitting import fit, says_something
from app.services.intake.plain_reading import unknown_fields

_ONLY_SERVERS = "only a secret key may give this"


def checked_body(value: Any, *, trusted: bool) -> SubmissionBody:
    """The body in its shape; Invalid names all that is wrong. Who is not `trusted` may not refer
    to records of other systems: whoever knows a customer's number could write to that record."""
    try:
        body = shaped(value, SubmissionBody)
    except Misfit as misfit:
        raise Invalid.field(misfit.pointer, misfit.detail, code=misfit.code) from None
    problems = []
    if not trusted:
        told = body.touchpoint
        if body.external_references:
            problems.append(FieldError(pointer="/external_references", detail=_ONLY_SERVERS))
        if told is not None and (told.external_id or told.source_system):
            problems.append(FieldError(pointer="/touchpoint/external_id", detail=_ONLY_SERVERS))
    if body.touchpoint is not None and (
        (body.touchpoint.external_id is None) != (body.touchpoint.source_system is None)
    ):
        detail = "source_system and external_id go together"
        problems.append(FieldError(pointer="/touchpoint/external_id", detail=detail))
    if body.form_id is None:
        problems += _plain_problems(body)
    if problems:
        raise Invalid("the submission does not fit", errors=problems)
    return body


def _plain_problems(body: SubmissionBody) -> list[FieldError]:
    problems = [
        FieldError(
            pointer=f"/fields/{name.replace('~', '~0').replace('/', '~1')}",
            code="unknown_field",
            detail="a lead has no such field; other answers go into touchpoint.payload",
        )
        for name in unknown_fields(body.fields)
    ]
    if isinstance(body.consents, dict) and body.consents:
        detail = "without a form each consent needs its purpose, version and text"
        problems.append(FieldError(pointer="/consents", detail=detail))
    custom = body.fields.get("custom")
    if custom is not None and not isinstance(custom, dict):
        problems.append(FieldError(pointer="/fields/custom", detail="must be an object"))
    plain = {k: v for k, v in body.fields.items() if k != "custom"}
    if not problems:
        fields, misfits = fit(plain)
        problems += [FieldError(pointer=f"/fields/{m.field}", detail=m.detail) for m in misfits]
        if not problems and not says_something(fields) and not body.external_references:
            detail = "give a name, a company, an e-mail address or a phone number"
            problems.append(FieldError(pointer="/fields", code="missing", detail=detail))
    return problems
