"""Cross-origin requests to the public intake: allowed from any page, on errors as well.

No cookie and no other ambient right is used there, so any origin may read the answers. Which
origins a form expects is checked when the submission is read, and is a flag, never a refusal.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PUBLIC = ("/v1/submissions", "/v1/visitors", "/f/")

_EXPOSED = "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Location, Idempotency-Replayed"
_PREFLIGHT = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]


class Cors:
    """A pure ASGI middleware, outside of everything that may answer with an error."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_public(scope["path"]):
            await self.app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and _is_preflight(scope):
            await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = _EXPOSED
            await send(message)

        await self.app(scope, receive, send_open)


def _is_public(path: str) -> bool:
    return path.startswith(PUBLIC) or (
        path.startswith("/v1/connectors/") and path.endswith("/hook")
    )


def _is_preflight(scope: Scope) -> bool:
    return any(name == b"access-control-request-method" for name, _ in scope["headers"])
