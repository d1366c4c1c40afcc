"""The errors every operation may answer with, for the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, Field

from app.api.errors import MEDIA_TYPE


class ProblemField(BaseModel):
    """One field that is wrong."""

    pointer: str | None = Field(
        default=None, description="JSON pointer into the body.", examples=["/email"]
    )
    parameter: str | None = Field(
        default=None, description="Name of the parameter or header.", examples=["limit"]
    )
    code: str = Field(description="A stable code.", examples=["missing"])
    detail: str = Field(description="A sentence for people.", examples=["Field required"])


class Problem(BaseModel):
    """An RFC 9457 problem."""

    type: str = Field(description="URN of the problem.", examples=["urn:touchline:problem:invalid"])
    title: str = Field(description="What kind of problem.", examples=["The request is not valid"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(description="A sentence for people.", examples=["no such campaign"])
    code: str = Field(description="A stable code.", examples=["invalid"])
    errors: list[ProblemField] = Field(description="The fields that are wrong.")
    request_id: str = Field(description="Names this request in the log.", examples=["0192…"])


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses, answered as problems."""
    titles = {
        301: "The lead was merged; Location and `lead_id` name the one that has all of it",
        308: "The lead was merged; Location and `lead_id` name the one that has all of it",
        401: "No valid API key",
        403: "The API key may not do this",
        404: "Not found in this workspace",
        409: "The present state does not allow this",
        412: "The resource has changed since it was read",
        413: "The body is too large",
        415: "The body is not JSON",
        422: "The request is not valid",
        429: "Too many requests; Retry-After says when to come back",
        501: "This installation lacks an extra; the problem says which",
        503: "Try again",
    }
    return {
        status: {
            "description": titles[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


EVERYWHERE = problems(401, 403, 422, 503)
