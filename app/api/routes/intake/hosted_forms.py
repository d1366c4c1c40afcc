"""Forms for visitors: a page of their own, and a script for the pages of others."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.pages.rendering import closed_page, form_page, message_page, success_page
from app.api.pages.script import script_of
from app.api.pages.texts import TEXTS
from app.api.runtime import runtime_of
from app.domain.errors import NotFound, Unavailable
from app.domain.intake.form_posts import REFERRER, RENDERED_AT
from app.domain.intake.forms import Form
from app.platform import clock
from app.services.intake.hosted_forms import find_form

router = APIRouter(prefix="/f", tags=["public forms"], include_in_schema=False)

_SCRIPT_HEADERS = {
    # A page whose visitor comes back while we are away still shows its form.
    "Cache-Control": "public, max-age=60, stale-while-revalidate=3600, stale-if-error=604800",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/{form_token}.js")
async def get_form_script(form_token: str, request: Request) -> Response:
    """Shows the form where the script element stands, or takes over one of the page."""
    runtime = runtime_of(request)
    form = await find_form(runtime.secrets, runtime.forms, form_token)
    script = script_of(form, form_token)
    headers = {**_SCRIPT_HEADERS, "ETag": script.etag}
    if request.headers.get("if-none-match", "").removeprefix("W/") == script.etag:
        return Response(status_code=304, headers=headers)
    return Response(script.body, headers=headers, media_type="text/javascript; charset=utf-8")


@router.get("/{form_token}/sent")
async def get_sent_page(form_token: str, request: Request) -> Response:
    """What a browser without script is sent to after its post: a page that is safe to reload."""
    return await _shown(request, form_token, success_page)


@router.get("/{form_token}")
async def get_form_page(form_token: str, request: Request) -> Response:
    """The form on a page of its own. Answers in the address are filled in beforehand."""
    values: dict[str, list[Any]] = {
        name: request.query_params.getlist(name)
        for name in request.query_params
        if not name.startswith("tl_")
    }
    values[RENDERED_AT] = [int(clock.now().timestamp() * 1000)]
    if referrer := request.headers.get("referer"):
        values[REFERRER] = [referrer]

    def page(form: Form) -> Response:
        return form_page(form, form_token, values, query=request.url.query)

    return await _shown(request, form_token, page)


async def _shown(request: Request, form_token: str, page: Callable[[Form], Response]) -> Response:
    """The page of a form; what goes wrong is told to a person, not to a program."""
    runtime = runtime_of(request)
    try:
        form = await find_form(runtime.secrets, runtime.forms, form_token)
    except NotFound:
        return message_page(TEXTS["not_found"], TEXTS["check_address"], status=404)
    except Unavailable:
        answer = message_page(TEXTS["unavailable"], TEXTS["try_again"], status=503)
        answer.headers["Retry-After"] = "5"
        return answer
    return page(form) if form.archived_at is None else closed_page(form)
