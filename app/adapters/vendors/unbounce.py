"""Unbounce: a form post with the answers as JSON in `data.json`, every value in a list."""

from datetime import datetime
from typing import Any

from app.adapters.vendors import VendorLead, shapes
from app.adapters.vendors.bodies import parse_answers, parse_object
from app.adapters.vendors.names import suggested
from app.adapters.vendors.webhook import Webhook
from app.domain.intake.submissions import Delivery

_ABOUT = (
    "page_id",
    "page_uuid",
    "page_name",
    "page_url",
    "variant",
    "page_variant",
    "ip_address",
    "date_submitted",
    "time_submitted",
    "lead_id",
)
_COPIES = ("data.json", "data.xml", "data_json")


class Unbounce(Webhook):
    """Landing pages."""

    name = "unbounce"

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Answers by the names of the fields."""
        posted = parse_answers(delivery.raw, delivery.content_type)
        written = shapes.text(posted.get("data.json") or posted.get("data_json"))
        inner = parse_object(written.encode()) if written else {}
        outer = {name: value for name, value in posted.items() if name not in _COPIES}
        said = {name: shapes.only(value) for name, value in (outer | inner).items()}
        answers = {name: value for name, value in said.items() if name not in _ABOUT}
        page_url = shapes.url(said.get("page_url"))
        page_utm, page_click_ids = shapes.tags_of(page_url)
        utm, click_ids = shapes.tags_in(answers)
        return VendorLead(
            answers=answers,
            fields=suggested(answers),
            about=shapes.filled({name: said.get(name) for name in _ABOUT}),
            occurred_at=shapes.not_later(_submitted(said), delivery.received_at),
            page_url=page_url,
            utm=page_utm | utm,
            click_ids=page_click_ids | click_ids,
        )


def _submitted(said: dict[str, Any]) -> datetime | None:
    """`2026-03-02` and `04:59 PM UTC`."""
    day, clock = (shapes.text(said.get(n)) for n in ("date_submitted", "time_submitted"))
    if day is None or clock is None or not clock.endswith(" UTC"):
        return None
    try:
        time = datetime.strptime(clock[:20], "%I:%M %p UTC").time()  # noqa: DTZ007 - UTC, it says
    except ValueError:
        return None
    return shapes.instant(f"{day} {time:%H:%M}:00")
