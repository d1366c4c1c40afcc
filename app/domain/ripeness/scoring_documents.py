"""The documents of scoring models: written from a model, patched, and one to begin with."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from app.domain.ripeness.scoring import (
    DIGITS,
    LETTERS,
    EngagementRule,
    FitRule,
    ScoringModel,
    StageRule,
)


def document_of(model: ScoringModel) -> dict[str, Any]:
    """The whole document of a model, defaults included."""
    return {
        "fit": {
            "rules": [_fit_rule(rule) for rule in model.fit_rules],
            "groups": {
                name: {"min": bounds.min, "max": bounds.max}
                for name, bounds in model.groups.items()
            },
            "max": model.fit_max,
            "letters": dict(zip(LETTERS, model.letters, strict=False)),
        },
        "engagement": {
            "half_life_days": model.half_life_days,
            "rules": [_engagement_rule(rule) for rule in model.engagement_rules],
            "max": model.engagement_max,
            "digits": dict(zip(DIGITS, model.digits, strict=False)),
        },
        "fit_share": model.fit_share,
        "temperature": {"hot": model.hot_from, "warm": model.warm_from},
        "mql": _stage(model.mql),
        "sql": _stage(model.sql),
    }


def _fit_rule(rule: FitRule) -> dict[str, Any]:
    return {
        "key": rule.key,
        "label": rule.label,
        "when": rule.written,
        "points": rule.points,
        "group": rule.group,
        "knock_out": rule.knock_out,
    }


def _engagement_rule(rule: EngagementRule) -> dict[str, Any]:
    limit = None if rule.limit is None else {"count": rule.limit.count, "days": rule.limit.days}
    return {
        "key": rule.key,
        "label": rule.label,
        "kinds": list(rule.kinds),
        "when": rule.written,
        "points": rule.points,
        "limit": limit,
    }


def _stage(rule: StageRule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {"score": rule.score} if rule.score is not None else {"grades": list(rule.grades)}


def patched(document: Any, patch: Any) -> Any:
    """The document after a JSON merge patch (RFC 7396): null takes a member away."""
    if not isinstance(patch, Mapping):
        return patch
    target = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = patched(target.get(name), value)
    return target


def _test(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


def _titled(words: str) -> dict[str, Any]:
    return _test("title", "has_any_word", words.split(", "))


def _fit(key: str, label: str, points: int, when: Any, group: str | None = None) -> dict[str, Any]:
    return {"key": key, "label": label, "points": points, "when": when, "group": group}


def _earned(
    key: str, label: str, points: int, kinds: str, count: int | None = None, days: int | None = None
) -> dict[str, Any]:
    limit = None if count is None else {"count": count, "days": days}
    kinds_told = kinds.split(", ")
    return {"key": key, "label": label, "points": points, "kinds": kinds_told, "limit": limit}


_DECIDERS = (
    "chief, ceo, cto, cfo, cio, coo, president, founder, owner, partner, "
    "geschäftsführer, geschäftsführerin, inhaber, inhaberin"
)
_LEADERS = "head, director, vp, manager, lead, leiter, leiterin"
_NO_BUYERS = "student, intern, trainee, praktikant, praktikantin"


class Template(StrEnum):
    """A model to begin with."""

    STANDARD = "standard"


TEMPLATES: dict[str, dict[str, Any]] = {
    Template.STANDARD: {
        "fit": {
            "rules": [
                _fit("decider", "Decides", 30, _titled(_DECIDERS), "role"),
                _fit("leader", "Leads a team", 20, _titled(_LEADERS), "role"),
                _fit(
                    "no_buyer",
                    "Student or trainee",
                    -40,
                    _titled(_NO_BUYERS),
                    "role",
                ),
                _fit("company", "Tells a company", 10, _test("company", "is_not_null")),
                _fit("website", "Has a web site", 10, _test("web_domain", "is_not_null")),
                _fit("phone", "Can be called", 10, _test("phone_norm", "is_not_null")),
                _fit("medium", "50 people or more", 15, _test("employee_count", "gte", 50), "size"),
                _fit(
                    "large", "250 people or more", 10, _test("employee_count", "gte", 250), "size"
                ),
                _fit("industry", "Tells an industry", 5, _test("industry", "is_not_null")),
                _fit("revenue", "Tells a revenue", 5, _test("annual_revenue_minor", "gt", 0)),
            ],
            "groups": {"role": {"min": -40, "max": 30}, "size": {"max": 25}},
            "max": 100,
            "letters": {"A": 70, "B": 45, "C": 20},
        },
        "engagement": {
            "half_life_days": 30,
            "rules": [
                _earned("meeting", "Met us", 30, "meeting, demo, demo_requested", 3, 30),
                _earned("call", "Spoke with us", 20, "call", 5, 30),
                _earned("event", "Came to an event", 20, "event_attended, webinar_attended", 3, 30),
                _earned("referred", "Was referred", 20, "referred", 1),
                _earned("form", "Sent a form", 15, "form_submitted, lead_captured", 3, 7),
                _earned("download", "Downloaded something", 10, "content_downloaded", 3, 7),
                _earned("click", "Clicked in a mail", 5, "email_clicked", 5, 7),
                _earned("visit", "Visited a page", 2, "page_viewed", 10, 7),
                _earned("open", "Opened a mail", 1, "email_opened", 5, 7),
                _earned("bounce", "A mail bounced", -20, "email_bounced", 1, 30),
                _earned("unsubscribe", "Unsubscribed", -50, "unsubscribed", 1, 30),
            ],
            "max": 100,
            "digits": {"1": 60, "2": 30, "3": 10},
        },
        "fit_share": 50,
        "temperature": {"hot": 60, "warm": 25},
        "mql": {"score": 50},
        "sql": None,
    },
}
