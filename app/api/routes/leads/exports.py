"""Exports."""

from typing import Annotated

from fastapi import APIRouter, Request, status

from app.adapters.tables_out import MEDIA_TYPES
from app.api.deps import service
from app.api.downloads import Download
from app.api.openapi import REPEATS
from app.api.operations import Operation
from app.api.responses import problems
from app.api.runtime import runtime_of
from app.api.schemas.leads.exports import ExportCreate
from app.domain.leads.exports import Format
from app.services.leads.exports import ExportService

router = APIRouter(prefix="/v1/exports", tags=["exports"], route_class=Operation)

# An answer as long as the table is not kept for a repeat: who asks again gets it as it is then.
Exporting = Annotated[ExportService, service(ExportService, replays=False)]


@router.post(
    "",
    status_code=status.HTTP_200_OK,
    response_class=Download,
    responses={
        200: {
            "description": "The file, sent while it is made; without the end of a chunked body it "
            "is not whole",
            "content": {
                MEDIA_TYPES[form].partition(";")[0]: {"schema": {"type": "string"}}
                for form in Format
            },
        },
        **problems(413, 415),
    },
    openapi_extra={REPEATS: True},
    summary="Export leads, touchpoints or opportunities",
)
async def export_records(body: ExportCreate, exports: Exporting, request: Request) -> Download:
    """Streams a file of every record that meets a condition. Each record is in it as it was when
    it was read, and once; what is added meanwhile may be in it or not."""
    export = await exports.open(body.to_order())
    pieces = export.pieces(runtime_of(request).database)
    return Download(pieces, media_type=export.media_type, file_name=export.file_name)
