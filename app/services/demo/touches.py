"""The demo's campaigns, and the touches that they and the people behind the leads cause."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.domain.record.touchpoints import NewTouchpoint

SITE = "https://www.waermewerk.example"
PRODUCTS = (
    "Heat pump 12 kW",
    "Heat pump 40 kW",
    "Heat pump 120 kW",
    "Buffer tank 1000 l",
    "Energy management",
    "Maintenance contract",
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A campaign; days count back from the end of the story, None means for ever."""

    key: str
    name: str
    kind: str
    channel: str
    source: str
    first_kind: str
    first_summary: str
    weight: int
    started: int = 300
    ended: int | None = None
    budget_minor: int | None = None
    cost_minor: int = 0
    utm: dict[str, str] = field(default_factory=dict)
    referrer: str | None = None
    in_person: bool = False

    def runs(self, at: datetime, end: datetime) -> bool:
        """Whether it causes touches at this instant."""
        age = (end - at).days
        return age <= self.started and (self.ended is None or age > self.ended)


CAMPAIGNS = (
    Plan(
        key="search",
        name="Search: heat pumps for large buildings",
        kind="paid_search",
        channel="paid_search",
        source="website",
        first_kind="form_submitted",
        first_summary="Asked for a quote on the web site",
        weight=8,
        budget_minor=4_800_000,
        cost_minor=3_127_450,
        utm={"source": "google", "medium": "cpc", "campaign": "heat-pumps-large"},
        referrer="https://www.google.com/",
    ),
    Plan(
        key="social",
        name="LinkedIn: facility managers",
        kind="paid_social",
        channel="paid_social",
        source="website",
        first_kind="content_downloaded",
        first_summary="Downloaded “Heating 200 flats with air”",
        weight=5,
        started=150,
        budget_minor=2_500_000,
        cost_minor=1_904_000,
        utm={"source": "linkedin", "medium": "paid-social", "campaign": "facility-managers"},
        referrer="https://www.linkedin.com/",
    ),
    Plan(
        key="fair",
        name="Trade fair ISH, Frankfurt",
        kind="trade_fair",
        channel="event",
        source="trade fair",
        first_kind="event_attended",
        first_summary="Badge scanned at the stand",
        weight=26,
        started=96,
        ended=90,
        budget_minor=6_000_000,
        cost_minor=6_412_300,
        in_person=True,
    ),
    Plan(
        key="webinar",
        name="Webinar: subsidies for municipal buildings",
        kind="webinar",
        channel="webinar",
        source="webinar",
        first_kind="webinar_attended",
        first_summary="Stayed to the end of the webinar",
        weight=14,
        started=45,
        ended=38,
        budget_minor=300_000,
        cost_minor=221_000,
        in_person=True,
    ),
    Plan(
        key="guide",
        name="Planning guide (organic)",
        kind="content",
        channel="organic_search",
        source="website",
        first_kind="content_downloaded",
        first_summary="Downloaded the planning guide",
        weight=6,
        referrer="https://duckduckgo.com/",
    ),
    Plan(
        key="partners",
        name="Referrals by installers",
        kind="referral",
        channel="partner",
        source="partner",
        first_kind="referred",
        first_summary="An installer passed on the address",
        weight=4,
    ),
    Plan(
        key="calls",
        name="Inbound calls",
        kind="inbound_call",
        channel="phone",
        source="phone",
        first_kind="call",
        first_summary="Called and asked for somebody from sales",
        weight=3,
        in_person=True,
    ),
    Plan(
        key="display",
        name="Display: old boilers",
        kind="display",
        channel="display",
        source="website",
        first_kind="form_submitted",
        first_summary="Asked to be called back",
        weight=3,
        started=200,
        ended=120,
        budget_minor=1_000_000,
        cost_minor=998_700,
        utm={"source": "adnet", "medium": "display", "campaign": "old-boilers"},
    ),
)

# kind, channel, page, what the timeline shows
_VISITS: tuple[tuple[str, str | None, str | None, str], ...] = (
    ("page_viewed", "direct", "/prices", "Looked at the prices"),
    ("page_viewed", "organic_search", "/references/schools", "Read a reference"),
    ("page_viewed", "direct", "/products/heat-pump-40", "Looked at the 40 kW heat pump"),
    ("email_opened", "email", None, "Opened the newsletter"),
    ("email_opened", "email", None, "Opened the newsletter"),
    ("email_clicked", "email", "/subsidies", "Followed a link of the newsletter"),
    ("content_downloaded", "email", "/downloads/price-list", "Downloaded the price list"),
    ("chat", "chat", "/contact", "Asked the chat for delivery times"),
    ("calculator_used", "direct", "/calculator", "Reckoned the savings of a building"),
)

TALKS = (
    ("call", "phone", "Spoke for ten minutes, sends us the floor plans"),
    ("call", "phone", "Not reached, left a message"),
    ("call", "phone", "Knows the subsidy scheme, asked for noise levels"),
    ("email_replied", "email", "Answered the offer with three questions"),
    ("meeting", "event", "On site: roof and plant room seen, two variants wanted"),
    ("meeting", "other", "Video call with the planner and the owner"),
)


class TouchWriter:
    """Draws touches."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def first(self, plan: Plan, at: datetime) -> NewTouchpoint:
        """The touch with which a lead left a name."""
        clicked = (
            {"gclid": f"demo{self._chance.getrandbits(48):x}"} if plan.key == "search" else None
        )
        return NewTouchpoint(
            kind=plan.first_kind,
            channel=plan.channel,
            occurred_at=at,
            utm=plan.utm or None,
            click_ids=clicked,
            page_url=f"{SITE}/contact" if plan.source == "website" else None,
            referrer=plan.referrer,
            products=self._products(),
            summary=plan.first_summary,
        )

    def before(self, plan: Plan, arrived: datetime) -> Iterator[NewTouchpoint]:
        """Visits of somebody not yet known, learnt of when the name was left."""
        for _ in range(self._chance.randrange(4) if plan.source == "website" else 0):
            ago = timedelta(days=14 * self._chance.random(), minutes=5)
            yield self._visit("ad_clicked" if plan.utm else None, arrived - ago, plan)

    def after(self, arrived: datetime, count: int) -> Iterator[NewTouchpoint]:
        """Visits in the months that follow, at first often and then seldom."""
        at = arrived
        for number in range(count):
            at += timedelta(days=self._chance.expovariate(1 / (2 + number)), minutes=7)
            yield self._visit(None, at, None)

    def talk(self, at: datetime) -> NewTouchpoint:
        """Something a colleague did and wrote down."""
        kind, channel, summary = self._chance.choice(TALKS)
        return NewTouchpoint(kind=kind, channel=channel, occurred_at=at, summary=summary)

    def _visit(self, kind: str | None, at: datetime, plan: Plan | None) -> NewTouchpoint:
        drawn, channel, page, summary = self._chance.choice(_VISITS)
        details: dict[str, Any] = (
            {"utm": plan.utm or None, "referrer": plan.referrer} if plan else {}
        )
        return NewTouchpoint(
            kind=kind or drawn,
            channel=plan.channel if plan else channel,
            occurred_at=at,
            page_url=SITE + page if page else None,
            summary="Clicked an advertisement" if kind else summary,
            products=self._products() if page and "product" in page else None,
            **details,
        )

    def _products(self) -> list[str]:
        return self._chance.sample(PRODUCTS, self._chance.choice((1, 1, 2)))
