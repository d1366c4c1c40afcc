"""Elementor Pro's form action Webhook, plain and with advanced data."""

from typing import Any

from app.adapters.vendors import VendorLead, shapes
from app.adapters.vendors.bodies import (
    UnreadableBody,
    essence,
    gathered,
    nested,
    parse_object,
    parse_pairs,
)
from app.adapters.vendors.names import meant, suggested
from app.adapters.vendors.webhook import Webhook
from app.domain.intake.submissions import Delivery

# What the plain shape says of the visit stands among the answers, under these titles.
_PLAIN = {
    "Page URL": "page_url",
    "User Agent": "user_agent",
    "Remote IP": "remote_ip",
    "Date": "date",
    "Time": "time",
    "Powered by": "credit",
    "form_id": "form_id",
    "form_name": "form_name",
}
_BY_TYPE = {"email": "email", "tel": "phone"}


class Elementor(Webhook):
    """It expects 200, and shows the visitor an error on anything else."""

    name = "elementor"

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Answers by field id (advanced data) or by label."""
        if essence(delivery.content_type).endswith("json"):
            body = parse_object(delivery.raw)
        else:
            pairs = parse_pairs(delivery.raw, delivery.content_type)
            advanced = any(name.startswith("fields[") for name, _ in pairs)
            body = nested(pairs) if advanced else gathered(pairs)
        if not body:
            raise UnreadableBody("is empty")
        fields = body.get("fields")
        if not isinstance(fields, dict):
            about = {_PLAIN[name]: value for name, value in body.items() if name in _PLAIN}
            answers = {name: value for name, value in body.items() if name not in _PLAIN}
            return _lead(answers, suggested(answers), about)
        answers, told = _advanced(fields)
        return _lead(answers, suggested(answers) | told, _about(body))


def _advanced(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    answers: dict[str, Any] = {}
    told: dict[str, Any] = {}
    for name, entry in fields.items():
        given = shapes.members(entry)
        value = answers[name] = given.get("raw_value", given.get("value", entry))
        by_type = _BY_TYPE.get(str(given.get("type")))
        field = by_type or meant(shapes.text(given.get("title")) or "")
        if field and field not in told and shapes.text(value):
            told[field] = value
    return answers, told


def _about(body: dict[str, Any]) -> dict[str, Any]:
    form = shapes.members(body.get("form"))
    about = {"form_id": form.get("id"), "form_name": form.get("name")}
    for name, entry in shapes.members(body.get("meta")).items():
        about[name] = shapes.members(entry).get("value", entry)
    return about


def _lead(answers: dict[str, Any], fields: dict[str, Any], about: dict[str, Any]) -> VendorLead:
    page_url = shapes.url(about.get("page_url"))
    page_utm, page_click_ids = shapes.tags_of(page_url)
    utm, click_ids = shapes.tags_in(answers)
    return VendorLead(
        answers=answers,
        fields=fields,
        about=shapes.filled(about),
        page_url=page_url,
        utm=page_utm | utm,
        click_ids=page_click_ids | click_ids,
    )
