"""The pages behind the links of double opt-in. Only the button acts: mail scanners open links."""

from fastapi import APIRouter, Request, Response

from app.api.client_address import client_address
from app.api.pages.rendering import private_page
from app.api.pages.texts import TEXTS
from app.api.runtime import Runtime, runtime_of
from app.domain.errors import NotFound, Unavailable
from app.services.intake.double_opt_in import PATH, Asked, Confirmations

router = APIRouter(prefix=PATH.rstrip("/"), include_in_schema=False)


@router.get("/{token}")
async def show_confirmation(request: Request, token: str) -> Response:
    """What is to be confirmed, and a button."""
    try:
        asked = await _confirmations(runtime_of(request)).look(token)
    except NotFound:
        return _no_link()
    except Unavailable:
        return _later()
    if asked.confirmed:
        return _confirmed(asked)
    return private_page(
        "confirm.html", title=asked.subject, token=token, target=asked.confirmed_url
    )


@router.post("/{token}")
async def confirm(request: Request, token: str) -> Response:
    """The person behind the address says yes; saying it again changes nothing."""
    runtime = runtime_of(request)
    address = client_address(request.scope, runtime.trusted_proxies)
    try:
        asked = await _confirmations(runtime).confirm(token, address)
    except NotFound:
        return _no_link()
    except Unavailable:
        return _later()
    # Whatever was let go is captured within a moment.
    runtime.reception.arrived.add(asked.workspace_id)
    if asked.confirmed_url:
        return Response(status_code=303, headers={"Location": asked.confirmed_url})
    return _confirmed(asked)


def _confirmations(runtime: Runtime) -> Confirmations:
    return Confirmations(runtime.database, runtime.secrets)


def _confirmed(asked: Asked) -> Response:
    return _message(200, asked.subject, TEXTS["confirmed"])


def _no_link() -> Response:
    return _message(404, TEXTS["no_link"], TEXTS["no_link_hint"])


def _later() -> Response:
    page = _message(503, TEXTS["unavailable"], TEXTS["try_again"])
    page.headers["Retry-After"] = "5"
    return page


def _message(status: int, title: str, paragraph: str) -> Response:
    return private_page("message.html", status, title=title, paragraphs=[paragraph], back="")
