"""What is measured: the requests, and the targets of design section 9."""

import json
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks.load import Request
from benchmarks.servers import Server
from benchmarks.stage import Filled, Samples

PAGE = 50
DEEP_PAGE = 2000
BATCH = 1000
BATCH_BODIES = 40
BATCH_CONNECTIONS = 4

LEAD = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "Ada.@N@@Example.com",
    "company": "Analytical Engines Ltd",
    "phone": "+49 30 @DIGITS@",
    "website": "https://www.example.com",
    "country": "UK",
    "source": "website",
    "touchpoint": {
        "kind": "form_submitted",
        "utm": {"source": "google", "medium": "cpc", "campaign": "spring"},
        "page_url": "https://www.example.com/pricing",
        "referrer": "https://www.google.com/",
    },
}


SUBMISSION = {
    "fields": {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "Ada.@N@@Example.com",
        "company": "Analytical Engines Ltd",
        "phone": "+49 30 @DIGITS@",
        "country": "UK",
    },
    "context": {
        "utm": {"source": "google", "medium": "cpc", "campaign": "spring"},
        "page_url": "https://www.example.com/pricing",
        "referrer": "https://www.google.com/",
    },
}


@dataclass(frozen=True)
class Row:
    """A line of the table: rates are compared with `against`, else with the floor."""

    name: str
    title: str
    request: Request
    at_least: float | None = None
    tail: float | None = None
    like: Request | None = None
    against: Request | None = None
    items: int = 1
    items_a_second: float | None = None


FLOOR = Request("floor create", "POST", "/floor/leads", json.dumps(LEAD))
FLOOR_READ = Request("floor read", "GET", "/floor/lead")
FLOOR_LIST = Request("floor list", "GET", "/floor/leads")
ORM = Request("orm", "POST", "/orm/leads", json.dumps(LEAD))
FLOOR_INTAKE = Request("floor intake", "POST", "/floor/submissions", json.dumps(SUBMISSION))
INTAKE = Request("intake", "POST", "/v1/submissions", json.dumps(SUBMISSION), keyed=True)
LIST = Request("list", "GET", f"/v1/leads?limit={PAGE}")


def rows(samples: Samples, deep: Request) -> list[Row]:
    """Every row of the table."""
    create = Request("create", "POST", "/v1/leads", json.dumps(LEAD))
    return [
        Row(
            "intake",
            "`POST /v1/submissions`: durable, idempotent, limited, against its own floor",
            INTAKE,
            0.65,
            tail=3,
            against=FLOOR_INTAKE,
        ),
        Row("create", "`POST /v1/leads`: match, touchpoint, events", create, 0.25, tail=4),
        *reads(samples),
        Row("deep", "page 2,000 of the list, against page 1", deep, 0.9, against=LIST),
        Row("upsert", "`PUT /v1/leads/external/…`, a change each time", _upsert(samples)),
        _batch("batch", "touchpoint batch of 1,000, five a lead", samples, 5, 30_000),
        _batch("batch-wide", "touchpoint batch of 1,000, one a lead", samples, 1, None),
    ]


def reads(samples: Samples) -> list[Row]:
    """The rows that change nothing."""
    one = Request("get", "GET", "/v1/leads/@PICK@", picks=samples.lead_ids)
    emails = [quote(email) for email in samples.emails]
    by_email = Request("email", "GET", "/v1/leads?email=@PICK@", picks=emails)
    history = f"/v1/leads/@PICK@/timeline?limit={PAGE}"
    timeline = Request("timeline", "GET", history, picks=samples.busy_ids)
    words = [email.partition("@")[0] for email in samples.emails]
    text = Request("text", "GET", f"/v1/leads?limit={PAGE}&q=@PICK@", picks=words)
    return [
        Row("get", "get one lead", one, 0.45, like=FLOOR_READ),
        Row("email", "search by exact e-mail", by_email, 0.40, like=FLOOR_READ),
        Row("list", "list the 50 newest", LIST, 0.25, like=FLOOR_LIST),
        Row("timeline", "timeline page of 50", timeline, 0.25, like=FLOOR_LIST),
        Row("text", "text search `q=`, one hit in many", text),
    ]


def deep_page(server: Server, filled: Filled) -> Request:
    """The list's page 2,000, or the last whole one; found by walking there."""
    page = min(DEEP_PAGE, filled.leads // PAGE)
    behind, cursor, step = (page - 1) * PAGE, "", 200
    while behind > 0:
        path = f"/v1/leads?limit={min(step, behind)}{cursor}"
        answer = json.loads(server.get(path, filled.key))
        behind -= len(answer["data"])
        cursor = f"&cursor={answer['next_cursor']}"
    return Request("deep", "GET", f"/v1/leads?limit={PAGE}{cursor}")


def _upsert(samples: Samples) -> Request:
    change = json.dumps({"title": "Head of @N@", "company": "Analytical Engines Ltd"})
    path = "/v1/leads/external/shop/@PICK@"
    return Request("upsert", "PUT", path, change, picks=samples.references)


def _batch(name: str, title: str, samples: Samples, a_lead: int, target: float | None) -> Row:
    """Bodies for different leads each, so that requests at the same time do not wait for locks."""
    leads = samples.lead_ids
    wide = BATCH // a_lead
    bodies = [
        _items(leads[start : start + wide], a_lead)
        for start in range(0, min(len(leads), BATCH_BODIES * wide), wide)
    ]
    request = Request(name, "POST", "/v1/touchpoints/batch", "@PICK@", bodies, BATCH_CONNECTIONS)
    return Row(name, title, request, items=BATCH, items_a_second=target)


def _items(lead_ids: list[str], a_lead: int) -> str:
    items = [
        {
            "lead_id": lead_id,
            "kind": "page_viewed",
            "channel": "organic_search",
            "occurred_at": f"2026-01-{1 + number:02}T09:30:00Z",
            "page_url": "https://www.example.com/pricing",
            "utm": {"source": "google", "medium": "organic"},
            "source_system": "web",
            "external_id": f"@N@-{lead_id[-12:]}-{number}",
        }
        for lead_id in lead_ids
        for number in range(a_lead)
    ]
    return json.dumps({"items": items}, separators=(",", ":"))
