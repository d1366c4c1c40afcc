"""Conditions over the wire: described here, understood and judged by the domain."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema

from app.api.schemas.fields import kept
from app.domain.conditions import Op

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


class Condition(BaseModel):
    """Which records are meant: exactly one of `all`, `any`, `not`, or a test of a `field`.

    On a field without a value every test is false but `is_null`: `ne` asks for another value, and
    `not` around `eq` takes records without one as well. At most 8 levels and 100 tests.
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
        "What is tested: an attribute, `custom.<key>`, or `touches`, how many touchpoints a lead "
        "has.",
        "country_code",
    )
    op: Op = kept("How; which ones there are depends on the type of the field.", "eq")
    value: Any = kept(
        "What it is compared with: a list for in, not_in and between, a number of days for "
        "within_days (negative: days to come), nothing for is_null and is_not_null.",
        "DE",
    )
    kind: str = kept("With `touches`: only touchpoints of this kind.", "form_submitted")
    days: int = kept("With `touches`: only those of the last so many days.", 30)


# The document shows the model; the body is handed on as it came, so that the errors can name
# fields that only the workspace knows, by their place.
ConditionBody = Annotated[
    dict[str, Any],
    GetPydanticSchema(
        get_pydantic_json_schema=lambda _, handler: handler(Condition.__pydantic_core_schema__)
    ),
]
