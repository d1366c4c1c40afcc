"""Posts of forms: from browsers with and without JavaScript, from any page."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.adapters.form_bodies import parse_form_body
from app.api.door import Door, accept, delivery_of, public_sender, read_submission
from app.api.pages.rendering import form_page, message_page
from app.api.pages.texts import TEXTS
from app.api.runtime import Runtime, runtime_of
from app.api.schemas.intake.form_posts import FormReceipt
from app.domain.errors import DomainError, Invalid, NotFound, TooMany, Unavailable
from app.domain.intake.form_posts import KEY, PROOF_OF_WORK, VISITOR, FormPost
from app.domain.intake.submissions import SubmissionKind
from app.domain.intake.tokens import PublicToken, parse_token
from app.domain.intake.visitors import is_visitor_id
from app.platform import clock
from app.services.intake.form_posts import Seen, at_the_form, fingerprint_of
from app.services.intake.reception import Accepted

router = APIRouter(prefix="/f", tags=["forms"], route_class=Door)


@router.post("/{form_token}", include_in_schema=False)
async def send_form(request: Request) -> Response:
    """Stored as it came before anything is made of it. A plain form post is answered with 303,
    a JSON post with 202; 422 names what is missing, and what was sent is kept all the same."""
    token = form_token(request)
    scripted = _is_scripted(request)
    try:
        sender = public_sender(request, token.workspace_id, token.subject_id)
        raw = await read_submission(request)
        post = parse_form_body(raw, request.headers.get("content-type", ""))
        runtime = runtime_of(request)
        seen = await at_the_form(runtime.forms, token.workspace_id, token.subject_id, post)
        if seen.form is None and seen.certain:
            raise NotFound("there is no such form")
        delivery = delivery_of(
            request,
            sender,
            raw,
            SubmissionKind.FORM,
            key=post.text(KEY),
            form_id=token.subject_id,
            visitor_id=_visitor(post),
            fingerprint=fingerprint_of(
                runtime.secrets, token.workspace_id, token.subject_id, seen, post
            ),
            suspicions=_proof_suspicions(runtime, seen, post, raw),
        )
        accepted = await accept(request, delivery)
    except (Unavailable, TooMany) as error:
        if scripted:
            raise
        return _come_back(error)
    if scripted:
        return _told(accepted, seen, sender.headers)
    return _shown(request, seen, post)


def form_token(request: Request) -> PublicToken:
    """What the path's token says; NotFound unless it was made here."""
    said = parse_token(runtime_of(request).secrets, request.path_params["form_token"])
    if said is None:
        raise NotFound("there is no such form")
    return said


def _visitor(post: FormPost) -> str | None:
    told = post.text(VISITOR)
    return told if told is not None and is_visitor_id(told) else None


def _is_scripted(request: Request) -> bool:
    essence = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return essence == "application/json" or "application/json" in request.headers.get("accept", "")


def _proof_suspicions(runtime: Runtime, seen: Seen, post: FormPost, raw: bytes) -> list[str]:
    if seen.form is None or not seen.form.definition.protection.proof_of_work:
        return []
    wrong = runtime.proof_of_work.check(
        post.text(PROOF_OF_WORK), seen.form.id, seen.parts or raw, clock.now()
    )
    return [wrong.value] if wrong else []


def _told(accepted: Accepted, seen: Seen, headers: dict[str, str]) -> Response:
    if seen.problems:
        raise Invalid(
            "some answers are missing or wrong; what was sent is kept, and waits",
            errors=seen.problems,
            extra={"receipt_id": str(accepted.receipt_id)},
        )
    success = seen.form.definition.success if seen.form else None
    told: dict[str, Any] = {
        "receipt_id": accepted.receipt_id,
        "status": accepted.status,
        "message": (success.message if success else None) or TEXTS["sent"],
        "redirect_url": success.redirect_url if success else None,
    }
    return Response(
        FormReceipt.model_validate(told).model_dump_json(),
        202,
        headers,
        "application/json",
    )


def _shown(request: Request, seen: Seen, post: FormPost) -> Response:
    if seen.form is None:
        return message_page(TEXTS["thanks"], TEXTS["sent"], status=202)
    token = request.path_params["form_token"]
    if seen.problems:
        query = request.url.query
        return form_page(seen.form, token, post.by_name, seen.problems, query=query, status=422)
    target = seen.form.definition.success.redirect_url
    return Response(status_code=303, headers={"Location": target or f"/f/{token}/sent"})


def _come_back(error: DomainError) -> Response:
    wait = error.retry_after if isinstance(error, TooMany) else 5
    status_code = 429 if isinstance(error, TooMany) else 503
    page = message_page(TEXTS["unavailable"], TEXTS["not_stored"], status=status_code)
    page.headers["Retry-After"] = str(wait)
    return page
