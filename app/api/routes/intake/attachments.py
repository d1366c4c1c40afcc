"""The files in messages that were taken in."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.api.deps import service
from app.api.operations import Operation
from app.api.responses import problems
from app.api.schemas.intake.attachments import AttachmentList, AttachmentRead
from app.domain.access.api_keys import Scope
from app.services.intake.attachments import AttachmentService

router = APIRouter(prefix="/v1/submissions", tags=["submissions"], route_class=Operation)

Reading = Annotated[AttachmentService, service(AttachmentService, Scope.LEADS_READ)]
ReceiptId = Annotated[UUID, Path(description="The receipt.")]
Number = Annotated[int, Path(description="The attachment's place, from 0.", ge=0, le=10_000)]


@router.get(
    "/{receipt_id}/attachments",
    response_model=AttachmentList,
    responses=problems(404),
    summary="List a message's attachments",
)
async def list_attachments(receipt_id: ReceiptId, attachments: Reading) -> AttachmentList:
    """Empty for what is no message."""
    found = await attachments.list(receipt_id)
    return AttachmentList(
        data=[
            AttachmentRead(
                number=number, name=one.name, type=one.type, size=one.size, sha256=one.sha256
            )
            for number, one in enumerate(found)
        ]
    )


@router.get(
    "/{receipt_id}/attachments/{attachment_number}",
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        },
        **problems(404),
    },
    summary="Read an attachment",
)
async def read_attachment(
    receipt_id: ReceiptId, attachment_number: Number, attachments: Reading
) -> Response:
    """Byte for byte; shown as a download, whatever the sender says that it is."""
    found = await attachments.get(receipt_id, attachment_number)
    name = quote(found.name or f"attachment-{attachment_number}", safe="")
    return Response(
        found.content,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
        },
        media_type="application/octet-stream",
    )
