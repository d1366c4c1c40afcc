"""Forms and what browsers send to them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.domain.intake.forms import Form
from app.domain.intake.submissions import Delivery, Reading, SubmissionKind
from app.services.intake.form_reading import read_form

WORKSPACE = UUID("01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
FORM = UUID("01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9e")
RECEIVED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
BOUNDARY = "----boundary42"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def field(name: str, **told: Any) -> dict[str, Any]:
    """A question; `email` is one for the address."""
    if name == "email":
        told = {"type": "email", "to": "email", **told}
    return {"name": name, "label": name.title(), **told}


def choices(*values: str) -> list[dict[str, str]]:
    return [{"value": value, "label": value.upper()} for value in values]


def form_of(*fields: dict[str, Any], **told: Any) -> Form:
    """A form as stored that asks these."""
    plain: dict[str, Any] = {
        "workspace_id": WORKSPACE,
        "id": FORM,
        "name": "Contact",
        "active": True,
        "touch_kind": "form_submitted",
        "source": "website",
        "campaign_id": None,
        "default_country": "DE",
        "fields": list(fields) or [field("email", required=True)],
        "mapping": [],
        "consents": [],
        "success": {},
        "allowed_origins": [],
        "double_opt_in": {},
        "protection": {},
        "archived_at": None,
        "created_at": RECEIVED,
        "updated_at": RECEIVED,
        "version": 1,
    }
    return Form(**(plain | told))


def delivery_of(
    raw: bytes | str,
    content_type: str = URLENCODED,
    *,
    headers: dict[str, str] | None = None,
    kind: SubmissionKind = SubmissionKind.FORM,
    query: str = "",
    visitor_id: str | None = None,
) -> Delivery:
    """What the door makes of a request."""
    return Delivery(
        workspace_id=WORKSPACE,
        id=FORM,
        kind=kind,
        received_at=RECEIVED,
        raw=raw if isinstance(raw, bytes) else raw.encode(),
        body_hash=b"",
        content_type=content_type,
        headers=headers or {},
        query=query,
        visitor_id=visitor_id,
        form_id=FORM,
    )


def multipart(*parts: tuple[str, bytes]) -> bytes:
    """A body of type MULTIPART; of each part the rest of its Content-Disposition, and the bytes."""
    body = b"".join(
        b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n"
        % (BOUNDARY.encode(), said.encode(), data)
        for said, data in parts
    )
    return body + b"--%s--\r\n" % BOUNDARY.encode()


CONSENTS = [
    {"purpose": "newsletter", "version": "2026-01", "text": "Send me news."},
    {"purpose": "terms", "version": "7", "text": "I agree.", "required": True},
]
FULL = form_of(
    field("email", required=True),
    field("first", to="first_name"),
    field("last"),
    field("phone", type="tel", to="phone"),
    field("kind", type="radio", choices=choices("private", "company")),
    field("company", to="company", required=True, show_when={"field": "kind", "equals": "company"}),
    field("size", type="number", to="custom.size"),
    field("day", type="date", to="custom.day"),
    field("site", type="url", to="website"),
    field("topics", type="checkbox", choices=choices("a", "b", "c"), to="custom.topics"),
    field("agree", type="checkbox", to="custom.agree"),
    field("lang", type="hidden", default="de", to="language"),
    field("note", type="textarea", max_length=100, to="description"),
    mapping=[{"to": "last_name", "from": "last"}],
)


def read(raw: bytes | str, form: Form = FULL, content_type: str = URLENCODED) -> Reading:
    """What a post says to the form."""
    return read_form(form, delivery_of(raw, content_type))


def found(reading: Reading) -> list[tuple[str, str | None]]:
    """Code and field of each note."""
    return [(finding.code, finding.field) for finding in reading.notes]


def held(reading: Reading) -> list[tuple[str, str | None]]:
    """Code and field of each hold."""
    return [(finding.code, finding.field) for finding in reading.holds]


def payload_of(reading: Reading) -> dict[str, Any]:
    """What the touchpoint keeps."""
    assert reading.touch is not None
    assert reading.touch.payload is not None
    return reading.touch.payload


ADA = "email=ada%40example.com"
KNOWN = {"email": "ada@example.com", "source": "website", "language": "de"}
