"""The Idempotency-Key header: the first answer is kept with its effect and given again."""

from fastapi import FastAPI, Request, Response

from app.api.attempts import attempt_of
from app.api.body import read_body
from app.domain.access.idempotency import StoredAnswer
from app.domain.errors import AlreadyExists
from app.services.access.idempotency import IdempotencyService, checked_key, fingerprint_of

_KEPT_HEADERS = ("content-type", "etag", "location")
# Only successes are kept, so this status can stand for an answer that must not be.
_SHOWN_ONCE = 409


class Replayed(Exception):
    """The request was answered before."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__(answer.key)
        self.answer = answer


async def refuse_repeat(request: Request, answers: IdempotencyService) -> None:
    """Raise Replayed when the request's key has an answer already.

    AlreadyExists instead, when that answer held a secret.
    """
    key = checked_key(request.headers["idempotency-key"])
    answer = await answers.earlier_answer(key, await _fingerprint(request))
    if answer is not None and answer.status == _SHOWN_ONCE:
        raise AlreadyExists(
            "the first request with this Idempotency-Key made what this id names; "
            "its answer held a secret, which is shown once",
            code="already_created",
            extra={"id": answer.body.decode()},
        )
    if answer is not None:
        raise Replayed(answer)


async def keep_answer(request: Request, answers: IdempotencyService, response: Response) -> None:
    """Store a success in the transaction of its effect."""
    if response.status_code >= 300:
        return
    shown_once = attempt_of(request).shown_once
    await answers.keep(
        StoredAnswer(
            key=checked_key(request.headers["idempotency-key"]),
            fingerprint=await _fingerprint(request),
            status=_SHOWN_ONCE if shown_once else response.status_code,
            headers={
                name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
            },
            body=str(shown_once).encode() if shown_once else bytes(response.body),
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
        await read_body(request),
    )
