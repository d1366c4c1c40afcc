"""What rules of a scoring model may test: facts that stay as they are while time passes.

Whoever a lead is can be scored when it changes, and a touch when it comes. A test of scores, of
work done on the lead or of relative times would change its answer with nobody there to notice.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.conditions import Condition, Field, ValueType, terms_of
from app.domain.leads.fields import LEAD_COLUMNS

CUSTOM = "custom."
PROFILE = tuple(
    """
    first_name last_name full_name title company email phone website street city region postal_code
    country industry employee_count annual_revenue_minor currency language description source
    campaign_id email_norm phone_norm web_domain country_code unnormalised
    """.split()
)


def profile_fields(custom: Mapping[str, Field]) -> dict[str, Field]:
    """What a fit rule may test: what is told of the lead, and the workspace's own fields."""
    return {name: LEAD_COLUMNS[name] for name in PROFILE} | dict(custom)


def custom_in(conditions: Iterable[Condition]) -> dict[str, dict[str, Any]]:
    """How the workspace's own fields that these conditions test are declared, to be kept with
    them: declarations may change, and what a version says may not."""
    tested = (test.field for condition in conditions for test in terms_of(condition))
    return {
        field.name: {"type": field.type.value, "choices": list(field.choices)}
        for field in tested
        if field.name.startswith(CUSTOM)
    }


def custom_as_kept(kept: Mapping[str, Mapping[str, Any]]) -> dict[str, Field]:
    """The fields that `custom_in` told of."""
    return {
        name: Field(
            name,
            ValueType(told["type"]),
            "custom",
            key=name.removeprefix(CUSTOM),
            choices=tuple(told["choices"]),
        )
        for name, told in kept.items()
    }
