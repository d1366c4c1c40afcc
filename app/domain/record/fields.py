"""What is known of a touchpoint, by name and type, for conditions and exports."""

import re
from functools import cache

from app.domain.conditions import Field, ValueType
from app.domain.leads.fields import declared
from app.domain.record.channels import Channel

_TYPES: dict[ValueType, str] = {
    ValueType.TEXT: "page_url referrer summary",
    ValueType.CODE: "kind source_system external_id",
    ValueType.BOOLEAN: "is_test",
    ValueType.INSTANT: "occurred_at recorded_at",
    ValueType.ID: "id lead_id campaign_id supersedes_id user_id api_key_id",
    ValueType.LIST: "products",
    ValueType.OBJECT: "utm click_ids payload",
}
_ORDER = """
    id lead_id kind channel occurred_at is_test recorded_at campaign_id utm click_ids page_url
    referrer products summary payload source_system external_id supersedes_id user_id api_key_id
""".split()
_UTM = ("source", "medium", "campaign", "term", "content")
_DEEPEST_PATH = 5
_LONGEST_NAME = 200
# Postgres would take " 1" and "+1" for a place in a list.
_STEP = re.compile(r"[^\s+.\x00][^.\x00]*")

TOUCHPOINT_COLUMNS = declared(_TYPES, {"channel": tuple(Channel)}, _ORDER)


class _TouchpointFields(dict[str, Field]):
    """The columns, and whatever may stand under a key of `utm`, `click_ids` and `payload`."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and _keyed(name) is not None)

    def __missing__(self, name: str) -> Field:
        found = _keyed(name)
        if found is None:
            raise KeyError(name)
        return found


@cache
def touchpoint_fields() -> dict[str, Field]:
    """Everything a condition on touchpoints may test."""
    names = (f"utm.{key}" for key in _UTM)
    utm = {name: field for name in names if (field := _keyed(name)) is not None}
    return _TouchpointFields({**TOUCHPOINT_COLUMNS, **utm})


def _keyed(name: str) -> Field | None:
    column, _, key = name.partition(".")
    if not key or len(name) > _LONGEST_NAME or "\0" in key:
        return None
    if column == "utm":
        return Field(name, ValueType.TEXT, column, key=key)
    if column == "click_ids":
        return Field(name, ValueType.CODE, column, key=key)
    if column != "payload":
        return None
    path = tuple(key.split("."))
    if len(path) > _DEEPEST_PATH or not all(_STEP.fullmatch(step) for step in path):
        return None
    return Field(name, ValueType.ANY, column, key=path)
