"""Conditions over the wire: described here, understood and judged by the domain."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema

from app.api.schemas.fields import kept
from app.domain.condition_types import Op

_EXAMPLE: dict[str, Any] = {
    "all": [
        {"field": "country_code", "op": "in", "value": ["DE", "AT"]},
        {
            "any": [
                {"field": "touches", "kind": "form_submitted", "days": 30, "op": "gte", "value": 2},
                {"field": "custom.tier", "op": "eq", "value": "gold"},
            ]
        },
        {"not": {"field": "status", "op": "eq", "value": "disqualified"}},
    ]
}


class TouchPick(BaseModel):
    """Which touches are meant."""

    model_config = ConfigDict(extra="forbid")

    kind: str = kept("Only touchpoints of this kind.", "content_downloaded")
    kinds: list[str] = kept("Only touchpoints of one of these kinds.", ["call", "meeting"])
    where: "Condition" = kept(
        "Only touchpoints that meet this: a condition on `channel`, `page_url`, `products`, "
        "`utm.<key>`, `payload.<key>` …",
        {"field": "page_url", "op": "contains", "value": "/pricing"},
    )


class Condition(BaseModel):
    """Which records are meant: exactly one of `all`, `any`, `not`, or a test of a `field`.

    On a field without a value every test is false but `is_null` and `is_empty`: `ne` asks for
    another value, and `not` around `eq` takes records without one as well. At most 8 levels and
    100 tests. docs/conditions.md lists the fields and operators.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    all: "Annotated[list[Condition], Field(min_length=1)]" = kept(
        "Every one of these holds.", [{"field": "country_code", "op": "eq", "value": "DE"}]
    )
    any: "Annotated[list[Condition], Field(min_length=1)]" = kept(
        "At least one of these holds.", [{"field": "source", "op": "eq", "value": "fair"}]
    )
    not_: "Condition" = kept(
        "This does not hold.",
        {"field": "status", "op": "eq", "value": "disqualified"},
        alias="not",
    )
    field: str = kept(
        "What is tested: an attribute, `custom.<key>`, what the touches of a lead come to "
        "(`touches`, how many; `first_touch`, `last_touch`, when), and where leads are searched "
        "also `fit`, `engagement`, `score`, `grade`, `temperature`, `knocked_out_by`, "
        "`prediction`, `segment`.",
        "country_code",
    )
    op: Op = kept("How; which ones there are depends on the type of the field.", "eq")
    value: Any = kept(
        "What it is compared with: a list for in, not_in, between, contains_any and "
        "has_any_word, a number of days for within_days (negative: days to come), nothing for "
        "is_null, is_empty and their opposites. An instant or a day may be told from now: "
        '`{"days_ago": 7}`, `{"hours_ago": 4}`, `"today"`, `"this_month"`, `"last_quarter"`.',
        "DE",
    )
    kind: str = kept("With touches: only touchpoints of this kind.", "form_submitted")
    kinds: list[str] = kept("With touches: only these kinds.", ["call", "meeting"])
    where: "Condition" = kept(
        "With touches: only touchpoints that meet this.",
        {"field": "page_url", "op": "contains", "value": "/pricing"},
    )
    days: int = kept("With touches: only those of the last so many days.", 30)
    since: TouchPick | dict[str, int] | str = kept(
        "With touches: only those after the newest touch that this picks (none when there is no "
        "such touch), or since an instant, which may be told from now.",
        {"kind": "content_downloaded"},
    )


# The document shows the model; the body is handed on as it came, so that the errors can name
# fields that only the workspace knows, by their place.
ConditionBody = Annotated[
    dict[str, Any],
    GetPydanticSchema(
        get_pydantic_json_schema=lambda _, handler: handler(Condition.__pydantic_core_schema__)
    ),
]
