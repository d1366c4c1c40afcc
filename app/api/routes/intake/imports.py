"""Imports."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response, status
from fastapi.responses import StreamingResponse

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.runtime import runtime_of
from app.api.schemas.intake.imports import (
    ImportCreated,
    ImportFieldList,
    ImportQuery,
    ImportRead,
    ImportRowQuery,
    ImportRowRead,
    ImportUpdate,
    ImportUpload,
)
from app.api.uploads import Upload, uploaded
from app.domain.access.api_keys import Scope
from app.domain.intake.imports import Import, ImportRow, RowOutcome
from app.domain.paging import Page
from app.services.intake.import_following import follow, rejects
from app.services.intake.import_receiving import ImportReceiver
from app.services.intake.imports import ImportService

uploads = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=Upload)
router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=Operation)

Reading = Annotated[ImportService, service(ImportService, Scope.LEADS_READ)]
Writing = Annotated[ImportService, service(ImportService, Scope.LEADS_WRITE)]
Receiving = Annotated[ImportReceiver, service(ImportReceiver, Scope.LEADS_WRITE)]
Listing = Annotated[ImportReceiver, service(ImportReceiver, Scope.LEADS_READ)]
ImportId = Annotated[UUID, Path(description="The import's id.")]

_A_FILE: dict[str, Any] = {
    "requestBody": {
        "description": "The file: CSV, XLSX or lines of JSON, compressed with gzip or not.",
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "example": "name,email\nAda,ada@example.com\n",
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}
_CSV: dict[int | str, Any] = {
    200: {"description": "The rows", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
_EVENTS: dict[int | str, Any] = {
    200: {
        "description": "Server-sent events: `progress` with the import as data, then `end`",
        "content": {"text/event-stream": {"schema": {"type": "object"}}},
    }
}


@uploads.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ImportCreated,
    responses=problems(413),
    openapi_extra=_A_FILE,
    summary="Send a file to import",
)
async def create_import(
    imports: Receiving,
    query: Annotated[ImportUpload, Query()],
    request: Request,
    response: Response,
) -> ImportCreated:
    """Tells how it is written, what its columns hold, and what they are likely meant for. Nothing
    is imported yet."""
    file = uploaded(request)
    import_, sample = await imports.receive(
        file,
        name=query.name,
        kind=query.kind,
        told=query.to_format(),
        in_thread=asyncio.to_thread,
    )
    response.headers["Location"] = f"/v1/imports/{import_.id}"
    response.headers["ETag"] = f'"{import_.version}"'
    return ImportCreated.of_import(import_, sample)


@router.get("", response_model=PageOf[ImportRead], summary="List imports")
async def list_imports(imports: Reading, query: Annotated[ImportQuery, Query()]) -> Page[Import]:
    """Newest first."""
    filters = query.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
    return await imports.page(filters, page_request(query.limit, query.cursor))


@router.get("/fields", response_model=ImportFieldList, summary="List what columns can become")
async def list_import_fields(imports: Listing) -> ImportFieldList:
    """The fields of all kinds of files, the workspace's own among them."""
    return ImportFieldList.model_validate({"data": await imports.fields()}, from_attributes=True)


@router.get(
    "/{import_id}", response_model=ImportRead, responses=problems(404), summary="Read an import"
)
async def read_import(import_id: ImportId, imports: Reading, response: Response) -> Import:
    """How far it is, with its version as ETag."""
    return _tagged(await imports.get(import_id), response)


@router.patch(
    "/{import_id}",
    response_model=ImportRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Confirm the mapping of an import",
)
async def update_import(
    import_id: ImportId,
    body: ImportUpdate,
    imports: Writing,
    if_match: IfMatch,
    response: Response,
) -> Import:
    """Before it starts: what each column is, and how rows are taken."""
    return _tagged(await imports.update(import_id, body.told(), if_match), response)


@router.post(
    "/{import_id}/preview",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=ImportRead,
    responses=problems(404, 409),
    summary="Rehearse an import",
)
async def preview_import(import_id: ImportId, imports: Writing) -> Import:
    """A job looks at every row and takes none; `preview` counts what would become of them."""
    return await imports.preview(import_id)


@router.post(
    "/{import_id}/start",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=ImportRead,
    responses=problems(404, 409),
    summary="Start an import",
)
async def start_import(import_id: ImportId, imports: Writing) -> Import:
    """A job takes the rows. One that failed or was cancelled goes on where it stopped."""
    return await imports.start(import_id)


@router.post(
    "/{import_id}/cancel",
    response_model=ImportRead,
    responses=problems(404, 409),
    summary="Cancel an import",
)
async def cancel_import(import_id: ImportId, imports: Writing) -> Import:
    """It stops within a few hundred rows; what is taken stays, and can be undone."""
    return await imports.cancel(import_id)


@router.post(
    "/{import_id}/undo",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=ImportRead,
    responses=problems(404, 409),
    summary="Undo an import",
)
async def undo_import(import_id: ImportId, imports: Writing) -> Import:
    """A job deletes what it created, unless somebody has touched it since, and takes back what it
    changed, unless that was changed again. What stays is listed with the rows."""
    return await imports.undo(import_id)


@router.get(
    "/{import_id}/rows",
    response_model=PageOf[ImportRowRead],
    responses=problems(404),
    summary="List the rows of an import",
)
async def list_import_rows(
    import_id: ImportId, imports: Reading, query: Annotated[ImportRowQuery, Query()]
) -> Page[ImportRow]:
    """What became of each, in the order of the file."""
    request = page_request(query.limit, query.cursor)
    return await imports.rows(import_id, query.phase, query.outcome or [], request)


@router.get(
    "/{import_id}/rejects",
    response_class=StreamingResponse,
    responses={**_CSV, **problems(404)},
    summary="Download the rows that were not taken",
)
async def download_import_rejects(
    import_id: ImportId,
    imports: Reading,
    request: Request,
    outcome: Annotated[
        list[RowOutcome] | None,
        Query(description="Which rows; else the invalid ones.", examples=[["invalid"]]),
    ] = None,
) -> StreamingResponse:
    """As CSV, with the columns of the file and why; it can be put right and sent again."""
    import_ = await imports.get(import_id)
    wanted = outcome or [RowOutcome.INVALID]
    lines = rejects(runtime_of(request).database, imports.caller, import_, wanted)
    headers = {
        "Content-Disposition": f'attachment; filename="rejects-{import_id}.csv"',
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")


@router.get(
    "/{import_id}/events",
    response_class=StreamingResponse,
    responses={**_EVENTS, **problems(404)},
    summary="Watch an import",
)
async def watch_import(
    import_id: ImportId,
    imports: Reading,
    request: Request,
    last_event_id: Annotated[
        str | None,
        Header(description="The last id seen, to go on from.", max_length=20, examples=["17"]),
    ] = None,
) -> StreamingResponse:
    """Server-sent events while it is at work, with a comment as a sign of life in between."""
    await imports.get(import_id)
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() else 0
    changes = follow(runtime_of(request).database, imports.caller, import_id, after)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_as_events(changes), headers=headers, media_type="text/event-stream")


async def _as_events(changes: AsyncIterator[Import | None]) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    async for import_ in changes:
        if import_ is None:
            yield ": still here\n\n"
        else:
            told = ImportRead.model_validate(import_).model_dump_json(exclude=_TOO_MUCH)
            yield f"id: {import_.version}\nevent: progress\ndata: {told}\n\n"
    yield "event: end\ndata: {}\n\n"


# What does not change while it is at work.
_TOO_MUCH = {"columns", "mapping", "options", "format"}


def _tagged(import_: Import, response: Response) -> Import:
    response.headers["ETag"] = f'"{import_.version}"'
    return import_
