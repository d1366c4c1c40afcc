"""What is known of a touchpoint, by name and type, for conditions and exports."""

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

TOUCHPOINT_COLUMNS = declared(_TYPES, {"channel": tuple(Channel)}, _ORDER)


def touchpoint_fields() -> dict[str, Field]:
    """Everything a condition on touchpoints may test."""
    utm = {f"utm.{name}": Field(f"utm.{name}", ValueType.TEXT, "utm", key=name) for name in _UTM}
    return {**TOUCHPOINT_COLUMNS, **utm}
