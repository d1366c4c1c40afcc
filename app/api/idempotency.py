"""The Idempotency-Key header: the first answer is kept with its effect and given again."""

from typing import cast

from fastapi import FastAPI, Request, Response

from app.repositories.access.idempotency import StoredAnswer
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.idempotency import IdempotencyService, checked_key, fingerprint_of

_KEPT_HEADERS = ("content-type", "etag", "location")


class Replayed(Exception):
    """The request was answered before."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__(answer.key)
        self.answer = answer


async def refuse_repeat(request: Request, uow: UnitOfWork) -> None:
    """Raise Replayed when the request's key has an answer already."""
    key = checked_key(request.headers["idempotency-key"])
    answer = await IdempotencyService(uow).earlier_answer(key, await _fingerprint(request))
    if answer is not None:
        raise Replayed(answer)


async def keep_answer(request: Request, response: Response) -> None:
    """Store a success in the transaction of its effect."""
    uow = cast("UnitOfWork | None", request.scope.get("touchline.unit_of_work"))
    if uow is None or response.status_code >= 300:
        return
    await IdempotencyService(uow).keep(
        StoredAnswer(
            key=checked_key(request.headers["idempotency-key"]),
            fingerprint=await _fingerprint(request),
            status=response.status_code,
            headers={
                name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
            },
            body=bytes(response.body),
        )
    )


def install(app: FastAPI) -> None:
    """Answer repeats with the stored answer."""

    @app.exception_handler(Replayed)
    async def _replay(_: Request, repeat: Replayed) -> Response:
        answer = repeat.answer
        return Response(
            answer.body, answer.status, {**answer.headers, "Idempotency-Replayed": "true"}
        )


async def _fingerprint(request: Request) -> bytes:
    return fingerprint_of(
        request.method,
        f"{request.url.path}?{request.url.query}",
        request.headers.get("touchline-actor", ""),
        await request.body(),
    )
