"""Visitors over the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.api.schemas.fields import Read, about


class VisitorRead(Read):
    """A device that was on our pages."""

    visitor_id: str = about("The id that the site keeps for it.", "0f8fad5b-d9cb-469f-a165")
    lead_id: UUID | None = about("The lead behind it, when one is known.")
    shared: bool = about(
        "Whether more than one person was identified on it; then its later touches are nobody's.",
        example=False,
    )
    first_seen_at: datetime = about("When it was first seen.")
    last_seen_at: datetime = about("When it was last seen.")
    identified_at: datetime | None = about("When the lead became known.")


class VisitorTouchRead(Read):
    """Something a visitor did."""

    id: UUID = about("Id; the touchpoint on the lead's timeline has the same.")
    kind: str = about("What happened.", "page_viewed")
    occurred_at: datetime = about("When.")
    recorded_at: datetime = about("When we learnt of it.")
    submission_id: UUID = about("The submission it came with.")
    lead_id: UUID | None = about("The lead on whose timeline it is.")
    page_url: str | None = about("The page.", "https://example.com/pricing")
    referrer: str | None = about("The page before.", "https://www.google.com/")
    utm: dict[str, str] | None = about("UTM parameters.", {"source": "google"})
    click_ids: dict[str, str] | None = about("Click ids.", {"gclid": "Cj0"})
    products: list[str] | None = about("Products of interest.", ["Heat pump 12 kW"])
    summary: str | None = about("One line for people.", "Downloaded the price list")
    payload: dict[str, Any] | None = about("Anything else.", {"file": "a.pdf"})
    campaign_id: UUID | None = about("The campaign that caused it.")
    is_test: bool = about("Whether it is a trial; such a touch joins no lead.", example=False)
