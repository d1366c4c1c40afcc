"""What every refusal looks like, whatever it refuses."""

from typing import Any

import httpx

from app.api.errors import MEDIA_TYPE

# Stands in hostile values, and so in no answer.
ECHO = "ECHOEDCANARY"

MEMBERS = {"type", "title", "status", "detail", "code", "errors", "request_id"}


def assert_problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """A problem+json with its request id, one of these statuses, and nothing of what was sent."""
    shown = f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    wanted = statuses or range(400, 500)
    assert answer.status_code in wanted, shown
    assert answer.headers["content-type"] == MEDIA_TYPE, shown
    problem: dict[str, Any] = answer.json()
    assert problem.keys() >= MEMBERS, shown
    assert problem["status"] == answer.status_code, shown
    assert problem["request_id"] == answer.headers["x-request-id"], shown
    assert problem["type"] == f"urn:touchline:problem:{problem['code']}", shown
    assert ECHO not in answer.text, shown
    for error in problem["errors"]:
        assert error["detail"], shown
        assert error["code"], shown
        assert ("pointer" in error) != ("parameter" in error), shown
    return problem


def named_by(problem: dict[str, Any]) -> list[str]:
    """The fields and parameters a problem names."""
    return [error.get("pointer") or error["parameter"] for error in problem["errors"]]
