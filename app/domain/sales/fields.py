"""What is known of an opportunity, by name and type, for conditions and exports."""

from app.domain.conditions import ValueType
from app.domain.leads.fields import declared
from app.domain.sales.pipelines import StageKind

_TYPES: dict[ValueType, str] = {
    ValueType.TEXT: "name lost_reason source description",
    ValueType.CODE: "currency",
    ValueType.INTEGER: "amount_minor probability version",
    ValueType.INSTANT: "closed_at created_at updated_at",
    ValueType.DAY: "closes_on",
    ValueType.ID: "id account_id contact_id pipeline_id stage_id campaign_id owner_id "
    "originating_lead_id",
}
_ORDER = """
    id name account_id contact_id pipeline_id stage_id status amount_minor currency probability
    closes_on closed_at lost_reason source campaign_id description owner_id originating_lead_id
    created_at updated_at version
""".split()

OPPORTUNITY_COLUMNS = declared(_TYPES, {"status": tuple(StageKind)}, _ORDER)
