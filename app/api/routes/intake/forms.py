"""Forms."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.api.attempts import after_commit
from app.api.body import read_body
from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.runtime import runtime_of
from app.api.schemas.intake.forms import FormCreate, FormQuery, FormRead, FormTest, FormUpdate
from app.domain.access.api_keys import Scope
from app.services.intake.forms import FormService

router = APIRouter(prefix="/v1/forms", tags=["forms"], route_class=Operation)

Reading = Annotated[FormService, service(FormService, Scope.LEADS_READ)]
Administering = Annotated[FormService, service(FormService, Scope.ADMIN)]
FormId = Annotated[UUID, Path(description="The form's id.")]

# Bodies as browsers send them are no JSON of this API, so nothing checks them beforehand.
_AS_BROWSERS_DO: dict[str, Any] = {
    "requestBody": {
        "description": "A post as a browser would send it, of any media type, JSON included.",
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                "example": {"email": "ada@example.com", "tl_consent_newsletter": "1"},
            }
        },
    }
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=FormRead,
    responses=problems(413, 415),
    summary="Create a form",
)
async def create_form(
    body: FormCreate, forms: Administering, request: Request, response: Response
) -> FormRead:
    """What it asks, where the answers go, and what keeps robots out."""
    form = await forms.create(body.model_dump(by_alias=True))
    response.headers["Location"] = f"/v1/forms/{form.id}"
    response.headers["ETag"] = f'"{form.version}"'
    return FormRead.of_form(form, runtime_of(request).secrets)


@router.get("", response_model=PageOf[FormRead], summary="List forms")
async def list_forms(
    forms: Reading, query: Annotated[FormQuery, Query()], request: Request
) -> PageOf[FormRead]:
    """Newest first, archived ones too."""
    filters = {} if query.active is None else {"active": [query.active]}
    page = await forms.page(filters, page_request(query.limit, query.cursor))
    signer = runtime_of(request).secrets
    data = [FormRead.of_form(form, signer) for form in page.data]
    return PageOf[FormRead](data=data, next_cursor=page.next_cursor)


@router.get("/{form_id}", response_model=FormRead, responses=problems(404), summary="Read a form")
async def read_form(
    form_id: FormId, forms: Reading, request: Request, response: Response
) -> FormRead:
    """The form, archived or not, with its version as ETag."""
    form = await forms.get(form_id)
    response.headers["ETag"] = f'"{form.version}"'
    return FormRead.of_form(form, runtime_of(request).secrets)


@router.patch(
    "/{form_id}",
    response_model=FormRead,
    responses=problems(404, 412, 413, 415),
    summary="Change a form",
)
async def update_form(
    form_id: FormId,
    body: FormUpdate,
    forms: Administering,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> FormRead:
    """A JSON merge patch. Other words of a consent need another version."""
    form = await forms.update(form_id, body.told(), if_match)
    after_commit(request, partial(runtime_of(request).forms.forget, form_id))
    response.headers["ETag"] = f'"{form.version}"'
    return FormRead.of_form(form, runtime_of(request).secrets)


@router.delete(
    "/{form_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 412),
    summary="Archive a form",
)
async def archive_form(
    form_id: FormId, forms: Administering, if_match: IfMatch, request: Request
) -> None:
    """It can be sent no more; what came by it stays, and so does the form."""
    await forms.archive(form_id, if_match)
    after_commit(request, partial(runtime_of(request).forms.forget, form_id))


@router.post(
    "/{form_id}/test",
    response_model=FormTest,
    responses=problems(404, 413),
    openapi_extra=_AS_BROWSERS_DO,
    summary="Try out a form",
)
async def test_form(form_id: FormId, forms: Reading, request: Request) -> FormTest:
    """What a post would become: the lead, its touchpoint, and what would hold it up."""
    raw = await read_body(request)
    return FormTest.of_rehearsal(await forms.rehearse(form_id, raw, request.headers))
