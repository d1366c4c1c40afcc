"""A scoring model as somebody in marketing would write it: they know what matters, and roughly by
how much, but not the rule."""

from typing import Any

from benchmarks.scoring.people import ROLES, SELECT

CUSTOM_FIELDS: list[dict[str, Any]] = [
    {"key": "role", "label": "Role", "type": "choice", "choices": [*ROLES, SELECT]},
    {"key": "newsletter", "label": "Newsletter", "type": "choice", "choices": ["yes", "no"]},
    {"key": "lead_quality", "label": "Lead Quality", "type": "text"},
    {"key": "tags", "label": "Tags", "type": "text"},
]


def _fit(key: str, points: int, group: str, *, field: str, op: str, value: Any) -> dict[str, Any]:
    when = {"field": field, "op": op, "value": value}
    return {"key": key, "label": key, "points": points, "group": group, "when": when}


def _sources(key: str, points: int, *words: str) -> dict[str, Any]:
    tests = [{"field": "source", "op": "contains", "value": word} for word in words]
    return {"key": key, "label": key, "points": points, "group": "source", "when": {"any": tests}}


def _earned(key: str, points: int, count: int) -> dict[str, Any]:
    limit = {"count": count, "days": 30}
    return {"key": key, "label": key, "kinds": [key], "points": points, "limit": limit}


MODEL: dict[str, Any] = {
    "fit": {
        "rules": [
            _fit("software", 25, "industry", field="industry", op="eq", value="software"),
            _fit("factory", 15, "industry", field="industry", op="eq", value="manufacturing"),
            _fit("bank", 10, "industry", field="industry", op="eq", value="finance"),
            _fit("public", -15, "industry", field="industry", op="eq", value="public sector"),
            _fit("small", 10, "size", field="employee_count", op="gte", value=10),
            _fit("medium", 15, "size", field="employee_count", op="gte", value=50),
            _fit("huge", -5, "size", field="employee_count", op="gte", value=1000),
            _fit("near", 10, "place", field="country_code", op="in", value=["DE", "AT", "CH"]),
            _fit("decider", 30, "role", field="custom.role", op="eq", value="Decision maker"),
            _fit("influencer", 18, "role", field="custom.role", op="eq", value="Influencer"),
            _fit("student", -30, "role", field="custom.role", op="eq", value="Student"),
            _sources("referred", 15, "referral", "mouth"),
            _sources("webinar", 8, "webinar", "web inar"),
        ],
        "groups": {name: {"min": -30} for name in ("industry", "size", "place", "role", "source")},
        "max": 100,
        "letters": {"A": 65, "B": 45, "C": 25},
    },
    "engagement": {
        "half_life_days": 30,
        "rules": [
            _earned("demo_requested", 40, 2),
            _earned("content_downloaded", 12, 4),
            _earned("email_clicked", 8, 4),
            _earned("page_viewed", 2, 10),
            _earned("unsubscribed", -45, 1),
        ],
        "max": 100,
        "digits": {"1": 50, "2": 25, "3": 8},
    },
    "fit_share": 60,
    "temperature": {"hot": 60, "warm": 30},
    "mql": {"score": 50},
    "sql": None,
}
