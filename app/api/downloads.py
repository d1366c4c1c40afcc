"""Answers that are made while they are sent."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from fastapi.responses import StreamingResponse
from starlette.types import Send


class Download(StreamingResponse):
    """A file, piece by piece.

    The status is sent with the first piece: what fails before it is answered as a problem. What
    fails later breaks the connection off, so that the chunked body lacks its end and no client
    takes half a file for a whole one. A caller who hangs up ends the work at once.
    """

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], *, media_type: str, file_name: str
    ) -> None:
        super().__init__(pieces)
        self._pieces = pieces
        # Set here, for Starlette would add a charset to every text.
        self.headers["content-type"] = media_type
        self.headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(file_name)}"
        self.headers["x-content-type-options"] = "nosniff"
        self.headers["cache-control"] = "no-store"

    async def stream_response(self, send: Send) -> None:
        """Send what there is, as soon as it is there."""
        async with aclosing(self._pieces) as pieces:
            first = await anext(pieces, b"")
            await send(self._start())
            await send(_body(first))
            async for piece in pieces:
                await send(_body(piece))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _start(self) -> dict[str, Any]:
        return {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }


def _body(piece: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": piece, "more_body": True}
