"""Google Ads lead forms: the shared key stands in the body, where it must not stay."""

import re
from collections.abc import Iterator
from datetime import datetime
from json import loads
from typing import Any

from app.adapters.vendors import Call, Part, Proof, VendorLead, shapes, signatures
from app.adapters.vendors.bodies import UnreadableBody, parse_object
from app.adapters.vendors.names import fits, suggested
from app.adapters.vendors.webhook import Webhook
from app.domain.intake.submissions import Delivery
from app.domain.record.channels import Channel

KEY = "google_key"
FIELDS = {
    "FULL_NAME": "full_name",
    "FIRST_NAME": "first_name",
    "LAST_NAME": "last_name",
    "EMAIL": "email",
    "USER_EMAIL": "email",
    "WORK_EMAIL": "email",
    "PHONE_NUMBER": "phone",
    "USER_PHONE": "phone",
    "WORK_PHONE": "phone",
    "COMPANY_NAME": "company",
    "JOB_TITLE": "title",
    "STREET_ADDRESS": "street",
    "CITY": "city",
    "REGION": "region",
    "POSTAL_CODE": "postal_code",
    "COUNTRY": "country",
}
_ABOUT = (
    "form_id",
    "campaign_id",
    "adgroup_id",
    "creative_id",
    "asset_group_id",
    "asset_id",
    "api_version",
    "lead_stage",
)
# A string, ended or not; or one character that opens, closes, or is a digit. Linear on anything.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\],:]|[0-9]+', re.DOTALL)


class GoogleAds(Webhook):
    """The webhook of lead form assets."""

    name = "google_ads"
    proof = Proof.SIGNATURE
    ids_are_global = True
    channel = Channel.PAID_SEARCH

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """The key in the body has to be ours."""
        del now
        if secret is None:
            return signatures.NO_SECRET
        try:
            said = parse_object(call.raw).get(KEY)
        except UnreadableBody as reason:
            return f"the body {reason}"
        given = said if isinstance(said, str) else ""
        return None if signatures.same(given, secret) else "google_key is missing or wrong"

    def parts(self, call: Call) -> list[Part]:
        """One lead with Google's lead_id."""
        try:
            body = parse_object(call.raw)
        except UnreadableBody:
            return [Part()]
        return [Part(vendor_id=shapes.text(body.get("lead_id")), is_test=_is_test(body))]

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Answers by column_id, or by name where a column has no id."""
        body = parse_object(delivery.raw)
        answers = _answers(body)
        fields: dict[str, Any] = {}
        for name, value in answers.items():
            field, said = FIELDS.get(name), shapes.text(value)
            if field and field not in fields and said and fits(field, said):
                fields[field] = said
        own = {name: value for name, value in answers.items() if name not in FIELDS}
        click_id = shapes.text(body.get("gcl_id")) or shapes.text(body.get("gclid"))
        campaign = shapes.text(body.get("campaign_id"))
        return VendorLead(
            answers=answers,
            fields=suggested(own) | fields,
            about=shapes.filled({name: body.get(name) for name in _ABOUT}),
            vendor_id=shapes.text(body.get("lead_id")),
            occurred_at=shapes.not_later(
                shapes.instant(body.get("lead_submit_time")), delivery.received_at
            ),
            click_ids={"gclid": click_id} if click_id and len(click_id) <= 500 else {},
            campaigns=[campaign] if campaign else [],
            is_test=_is_test(body),
        )

    def redact(self, raw: bytes, content_type: str) -> bytes | None:
        """The value of google_key, wherever it stands and however it is written."""
        del content_type
        return covered(raw, KEY)


def covered(raw: bytes, key: str) -> bytes | None:
    """JSON, or what was meant to be, with every value of this key made unreadable in place.

    Text becomes as many asterisks, digits become ones, all other bytes stay.
    """
    spans = list(_secret_spans(raw, key))
    if not spans:
        return None
    pieces, position = [], 0
    for start, end, cover in spans:
        pieces += [raw[position:start], cover * (end - start)]
        position = end
    return b"".join([*pieces, raw[position:]])


def _secret_spans(raw: bytes, key: str) -> Iterator[tuple[int, int, bytes]]:
    named = inside = False
    depth = 0
    for found in _TOKEN.finditer(raw):
        token = found[0]
        if inside:
            if depth == 0 and token[:1] in b",}]":
                inside = False
            elif token[:1] in b"{[":
                depth += 1
            elif token[:1] in b"}]":
                depth -= 1
            elif token[:1] == b'"':
                ends = len(token) > 1 and token.endswith(b'"')
                yield found.start() + 1, found.end() - ends, b"*"
            elif token.isdigit():
                yield found.start(), found.end(), b"1"
        elif token == b":" and named:
            inside, depth = True, 0
        named = token[:1] == b'"' and not inside and _says(token, key)


def _says(token: bytes, key: str) -> bool:
    if b"\\" not in token:
        return token == f'"{key}"'.encode()
    try:
        return bool(loads(token) == key)
    except (ValueError, RecursionError):
        return False


def _answers(body: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for column in map(shapes.members, shapes.items(body.get("user_column_data"))):
        name = shapes.first_of(column, "column_id", "column_name")
        if name is not None:
            answers[name] = column.get("string_value")
    return answers


def _is_test(body: dict[str, Any]) -> bool:
    return body.get("is_test") is True or shapes.text(body.get("is_test")) == "true"
