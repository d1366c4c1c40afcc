"""Vendors' interfaces for fetching a lead by its id."""

from urllib.parse import quote

from app.adapters.http_client import Answer, HttpClient
from app.adapters.vendors import shapes
from app.adapters.vendors.bodies import UnreadableBody, parse_object
from app.domain.reach.jobs import AttemptFailed

META_GRAPH = "https://graph.facebook.com/v23.0"
META_FIELDS = (
    "id,created_time,ad_id,ad_name,adset_id,adset_name,campaign_id,campaign_name,form_id,"
    "is_organic,platform,field_data"
)
LINKEDIN_REST = "https://api.linkedin.com/rest"
LINKEDIN_VERSION = "202509"
LINKEDIN_FIELDS = (
    "id,submittedAt,leadType,testLead,formResponse,owner,leadMetadata,versionedLeadGenFormUrn,"
    "form:(hiddenFields,name,content)"
)
# What Meta answers with 400 or 403 although it means: later.
_PASSING_CODES = frozenset({"1", "2", "4", "17", "32", "341", "368", "613"})
_PASSING_STATUSES = frozenset({408, 425, 429})


class LeadApi:
    """Asks Meta and LinkedIn."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def fetch_lead(
        self, vendor: str, api_url: str | None, token: str | None, vendor_id: str
    ) -> bytes:
        """The lead in the vendor's own bytes; AttemptFailed when there is none."""
        if token is None:
            raise AttemptFailed(
                "the connector has no access_token, and without one no lead can be fetched; "
                "give it one and retry this job",
                final=True,
            )
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        lead_id = quote(vendor_id, safe="")
        if vendor == "linkedin":
            url, fields = f"{api_url or LINKEDIN_REST}/leadFormResponses/{lead_id}", LINKEDIN_FIELDS
            headers |= {
                "LinkedIn-Version": LINKEDIN_VERSION,
                "X-Restli-Protocol-Version": "2.0.0",
            }
        else:
            url, fields = f"{api_url or META_GRAPH}/{lead_id}", META_FIELDS
        answer = await self._client.request("GET", url, headers=headers, params={"fields": fields})
        return _lead_in(answer, vendor)


def _lead_in(answer: Answer, vendor: str) -> bytes:
    try:
        told = parse_object(answer.body)
    except UnreadableBody:
        told = {}
    if 200 <= answer.status < 300 and told:
        return answer.body
    error = shapes.members(told.get("error"))
    code = shapes.text(error.get("code")) or shapes.text(told.get("code"))
    passing = (
        not 300 <= answer.status < 500
        or answer.status in _PASSING_STATUSES
        or error.get("is_transient") is True
        or code in _PASSING_CODES
    )
    named = f" with its error {code[:20]}" if code and code.isalnum() else ""
    raise AttemptFailed(
        f"{vendor} answered {answer.status}{named}",
        final=not passing,
        retry_after=answer.retry_after,
    )
