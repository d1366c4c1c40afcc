"""Salesforce Web-to-Lead: a form in a page, posted by the browser, answered with a redirect."""

import html
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from app.adapters.vendors import Answer, Call, Proof, Reply, VendorLead, shapes
from app.adapters.vendors.bodies import UnreadableBody, parse_answers, query_of
from app.adapters.vendors.names import fits
from app.adapters.vendors.webhook import Webhook
from app.domain.intake.submissions import ConsentGiven, Delivery

# Several of theirs may stand for one of ours; the first that says something counts.
FIELDS = {
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "email": ("email",),
    "company": ("company",),
    "phone": ("phone", "mobile"),
    "street": ("street",),
    "city": ("city",),
    "region": ("state", "state_code"),
    "postal_code": ("zip",),
    "country": ("country", "country_code"),
    "title": ("title",),
    "website": ("URL", "url"),
    "industry": ("industry",),
    "employee_count": ("employees",),
    "description": ("description",),
    "source": ("lead_source",),
}
ABOUT = ("oid", "orgid", "retURL", "recordType", "Campaign_ID", "member_status", "debugEmail")
# Machinery of the form, no answers.
_MACHINERY = frozenset(
    (*ABOUT, "debug", "encoding", "captcha_settings", "g-recaptcha-response", "submit")
)


class SalesforceWebToLead(Webhook):
    """What used to be posted to webto.salesforce.com."""

    name = "salesforce_web_to_lead"
    proof = Proof.NONE

    def read_body(self, delivery: Delivery) -> VendorLead:
        """The fields by their Web-to-Lead names; custom ones (00N…) need the mapping."""
        posted = self._posted(delivery.raw, delivery.content_type, delivery.query)
        answers = {name: value for name, value in posted.items() if name not in _MACHINERY}
        utm, click_ids = shapes.tags_in(answers)
        fields: dict[str, Any] = {}
        for field, names in FIELDS.items():
            said = shapes.first_of({name: shapes.only(posted.get(name)) for name in names}, *names)
            if said is not None and fits(field, said):
                fields[field] = said
        campaign = shapes.text(posted.get("Campaign_ID"))
        return VendorLead(
            answers=answers,
            fields=fields,
            about=shapes.filled({name: posted.get(name) for name in ABOUT}),
            utm=utm,
            click_ids=click_ids,
            campaigns=[campaign] if campaign else [],
            consents=_consents(posted),
            is_test=_is_on(posted.get("debug")),
        )

    def answer(self, call: Call, reply: Reply, receipts: list[str]) -> Answer:
        """On to the page that the form names, if its host is allowed; else thanks."""
        del receipts
        wanted: Any = None
        with suppress(UnreadableBody):
            wanted = self._posted(call.raw, call.content_type, call.query).get("retURL")
        asked = shapes.text(wanted)
        target = asked if asked and is_allowed(asked, reply.allowed_hosts) else reply.redirect_url
        if target is not None:
            return Answer(status=303, content_type="text/plain", headers={"location": target})
        return thanks(reply.message)

    def _posted(self, raw: bytes, content_type: str, query: str) -> dict[str, Any]:
        in_query = query_of(query)
        posted = parse_answers(raw, content_type, in_query.get("encoding"))
        # An older form has its organisation in the URL.
        if "oid" not in posted and "orgId" in in_query:
            posted["orgid"] = in_query["orgId"]
        return posted


def is_allowed(target: str, hosts: frozenset[str]) -> bool:
    """Whether it is a page of one of these hosts: nobody is sent elsewhere from here."""
    found = shapes.url(target)
    if found is None or "\\" in found or not found.isascii():
        return False
    parts = urlsplit(found)
    return parts.hostname in hosts and not parts.username and not parts.password


def thanks(message: str) -> Answer:
    """A plain page."""
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Thank you</title>'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<p>{html.escape(message)}</p></html>"
    )
    return Answer(
        body=page.encode(),
        content_type="text/html; charset=utf-8",
        headers={
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
        },
    )


def _consents(posted: dict[str, Any]) -> list[ConsentGiven]:
    if not _is_on(posted.get("emailOptOut")):
        return []
    return [ConsentGiven(purpose="email", version="emailOptOut", text="", granted=False)]


def _is_on(value: Any) -> bool:
    return (shapes.text(shapes.only(value)) or "").lower() in {"1", "true", "on", "yes"}
