"""Files sent in the body of a request: kept on the disk, whole or not at all, never in memory."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, cast

from fastapi import Request, Response

from app.adapters.file_posts import FilePost, boundary_of
from app.api.operations import Handler, Operation
from app.api.runtime import runtime_of
from app.domain.errors import TooLarge
from app.services.intake.import_receiving import SentFile, measured

_STATE = "touchline.upload"


class Upload(Operation):
    """An operation whose body is a file, bare or as the one file of a form."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handle_upload(request: Request) -> Response:
            # Whoever has no key shall fill no disk.
            kind, _, token = request.headers.get("authorization", "").partition(" ")
            await runtime_of(request).authenticator.authenticate(
                token.strip() if kind.lower() == "bearer" else None,
                (),
                request.headers.get("touchline-actor"),
            )
            async with _received(request) as file:
                request.scope[_STATE] = file
                # What a repeat with the same Idempotency-Key is compared by.
                request._body = file.sha256.encode()
                return await handle(request)

        return handle_upload


def uploaded(request: Request) -> SentFile:
    """The file that was sent; `name` is empty when the body does not say it."""
    return cast(SentFile, request.scope[_STATE])


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[SentFile]:
    folder = Path(tempfile.mkdtemp(prefix="touchline-upload-"))
    try:
        path = folder / "file"
        with path.open("wb") as stream:
            name = await _written(request, stream)
        yield measured(path, name.replace("\\", "/").rpartition("/")[2])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _written(request: Request, stream: IO[bytes]) -> str:
    limit = runtime_of(request).settings.max_import_bytes
    too_large = f"the body has more than {limit:,} bytes"
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise TooLarge(too_large)
    boundary = boundary_of(request.headers.get("content-type", ""))
    post = FilePost(boundary, stream) if boundary is not None else None
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise TooLarge(too_large)
        if post is not None:
            post.feed(piece)
        else:
            stream.write(piece)
    return post.finish() if post is not None else ""
