"""A scoring model from its document; whatever is wrong is named by its place."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from app.domain.condition_parsing import parse_condition
from app.domain.conditions import Condition, Field, terms_of
from app.domain.errors import Invalid
from app.domain.record.fields import touchpoint_fields
from app.domain.ripeness.scoring import (
    DIGITS,
    GRADES,
    LETTERS,
    Bounds,
    EngagementRule,
    FitRule,
    Limit,
    ScoringModel,
    StageRule,
)
from app.domain.ripeness.scoring_reading import DocumentReader, is_key, step
from app.domain.ripeness.scoring_rules import profile_fields

RULES_LIMIT = 100
KINDS_LIMIT = 50
TESTS_LIMIT = 500
POINTS_LIMIT = 1_000
MAX_LIMIT = 100_000
COUNT_LIMIT = 10_000
DAYS_LIMIT = 3_650
FAULTS_LIMIT = 100

_DEFAULT = ScoringModel(id=UUID(int=0), number=0, name="")
_ABSENT = object()


def parse_model(
    document: Any,
    custom: Mapping[str, Field],
    *,
    id: UUID,  # noqa: A002 - by its name everywhere
    number: int,
    name: str,
    published: bool = False,
    at: str = "",
) -> ScoringModel:
    """The model that a document describes; Invalid names every fault, up to a hundred, by its JSON
    pointer, which begins with `at`. `custom` are the workspace's own fields."""
    reader = _ModelReader(profile_fields(custom), touchpoint_fields())
    parts = reader.model(document, at)
    if reader.problems:
        problems = reader.problems[:FAULTS_LIMIT]
        raise Invalid("the scoring model cannot be understood", errors=problems)
    return ScoringModel(id=id, number=number, name=name, published=published, **parts)


class _ModelReader(DocumentReader):
    def __init__(self, profile: Mapping[str, Field], touch: Mapping[str, Field]) -> None:
        super().__init__()
        self._profile = profile
        self._touch = touch
        self._tests = 0

    def model(self, raw: Any, at: str) -> dict[str, Any]:
        members = ("fit", "engagement", "fit_share", "temperature", "mql", "sql")
        given = self.members(raw, at, members)
        parts = self._fit(given.get("fit", {}), f"{at}/fit")
        parts |= self._engagement(given.get("engagement", {}), f"{at}/engagement")
        parts["fit_share"] = self.whole(given, "fit_share", at, 0, 100, _DEFAULT.fit_share)
        present = {"hot": _DEFAULT.hot_from, "warm": _DEFAULT.warm_from}
        steps = self.steps(given, "temperature", at, present, 100)
        parts["hot_from"], parts["warm_from"] = steps
        for stage in ("mql", "sql"):
            parts[stage] = self._stage(given.get(stage), f"{at}/{stage}")
        return parts

    def _fit(self, raw: Any, at: str) -> dict[str, Any]:
        given = self.members(raw, at, ("rules", "groups", "max", "letters"))
        groups = self._groups(given.get("groups", {}), f"{at}/groups")
        rules = self._rules(given, at, lambda rule, place: self._fit_rule(rule, place, groups))
        most = self.whole(given, "max", at, 1, MAX_LIMIT, _DEFAULT.fit_max)
        present = dict(zip(LETTERS, _DEFAULT.letters, strict=False))
        letters = self.steps(given, "letters", at, present, MAX_LIMIT)
        return {"fit_rules": rules, "groups": groups, "fit_max": most, "letters": letters}

    def _engagement(self, raw: Any, at: str) -> dict[str, Any]:
        given = self.members(raw, at, ("half_life_days", "rules", "max", "digits"))
        half_life = self.whole(given, "half_life_days", at, 1, DAYS_LIMIT, _DEFAULT.half_life_days)
        rules = self._rules(given, at, self._engagement_rule)
        most = self.whole(given, "max", at, 1, MAX_LIMIT, _DEFAULT.engagement_max)
        present = dict(zip(DIGITS, _DEFAULT.digits, strict=False))
        digits = self.steps(given, "digits", at, present, MAX_LIMIT)
        return {
            "half_life_days": half_life,
            "engagement_rules": rules,
            "engagement_max": most,
            "digits": digits,
        }

    def _rules(
        self, given: Mapping[str, Any], at: str, read: Callable[[Any, str], Any]
    ) -> tuple[Any, ...]:
        at = f"{at}/rules"
        raw = given.get("rules", [])
        if not isinstance(raw, list) or len(raw) > RULES_LIMIT:
            self.note(at, f"must be a list of at most {RULES_LIMIT} rules")
            return ()
        keys: set[Any] = set()
        rules = []
        for place, each in enumerate(raw):
            rules.append(read(each, f"{at}/{place}"))
            key = each.get("key") if isinstance(each, dict) else None
            if isinstance(key, str) and key in keys:
                self.note(f"{at}/{place}/key", "another rule has this key")
            elif isinstance(key, str):
                keys.add(key)
        return tuple(rules)

    def _fit_rule(self, raw: Any, at: str, groups: Mapping[str, Any]) -> FitRule | None:
        members = ("key", "label", "when", "points", "group", "knock_out")
        given = self.members(raw, at, members)
        if not isinstance(raw, dict):
            return None
        key, label = self._named(given, at)
        knock_out = given.get("knock_out", False)
        if not isinstance(knock_out, bool):
            self.note(f"{at}/knock_out", "must be true or false")
        group = given.get("group")
        if group is not None and not (isinstance(group, str) and group in groups):
            self.note(f"{at}/group", "must be one of the groups, or null")
        points = self._points(given, at, needed=knock_out is not True)
        when = self._condition(given.get("when", _ABSENT), self._profile, f"{at}/when", at)
        if when is None:
            return None
        return FitRule(
            key=key,
            label=label,
            when=when,
            points=points,
            group=group,
            knock_out=knock_out is True,
            written=given["when"],
        )

    def _engagement_rule(self, raw: Any, at: str) -> EngagementRule | None:
        members = ("key", "label", "kinds", "when", "points", "limit")
        given = self.members(raw, at, members)
        if not isinstance(raw, dict):
            return None
        key, label = self._named(given, at)
        kinds = self._kinds(given.get("kinds", []), f"{at}/kinds")
        written = given.get("when")
        when = None
        if written is not None:
            when = self._condition(written, self._touch, f"{at}/when", at)
        elif not kinds:
            self.note(f"{at}/kinds", "name one or more kinds, or give a condition", "missing")
        return EngagementRule(
            key=key,
            label=label,
            kinds=kinds,
            when=when,
            points=self._points(given, at, needed=True),
            limit=self._limit(given.get("limit"), f"{at}/limit"),
            written=written,
        )

    def _named(self, given: Mapping[str, Any], at: str) -> tuple[str, str]:
        key = given.get("key", _ABSENT)
        if not is_key(key):
            detail = "must be a name of small letters, digits and _, at most 50, a letter first"
            self.note(f"{at}/key", detail, "missing" if key is _ABSENT else "invalid")
            key = ""
        label = given.get("label", key)
        if not isinstance(label, str) or len(label) > 200:
            self.note(f"{at}/label", "must be text of at most 200 characters")
        return str(key), str(label)

    def _points(self, given: Mapping[str, Any], at: str, *, needed: bool) -> int:
        if needed and "points" not in given:
            self.note(f"{at}/points", "needs points", "missing")
            return 0
        points = self.whole(given, "points", at, -POINTS_LIMIT, POINTS_LIMIT, 0)
        if needed and points == 0 and given["points"] == 0:
            self.note(f"{at}/points", "must not be 0: the rule would say nothing")
        return points

    def _kinds(self, raw: Any, at: str) -> tuple[str, ...]:
        if not isinstance(raw, list) or len(raw) > KINDS_LIMIT:
            self.note(at, f"must be a list of at most {KINDS_LIMIT} kinds of touchpoint")
            return ()
        for place, kind in enumerate(raw):
            if not is_key(kind):
                self.note(f"{at}/{place}", "must be a kind of touchpoint, such as call")
        return tuple(dict.fromkeys(str(kind) for kind in raw))

    def _limit(self, raw: Any, at: str) -> Limit | None:
        if raw is None:
            return None
        given = self.members(raw, at, ("count", "days"))
        if isinstance(raw, dict) and "count" not in raw:
            self.note(f"{at}/count", "needs a count", "missing")
        count = self.whole(given, "count", at, 1, COUNT_LIMIT, 1)
        days = given.get("days")
        if days is not None:
            days = self.whole(given, "days", at, 1, DAYS_LIMIT, 1)
        return Limit(count=count, days=days)

    def _groups(self, raw: Any, at: str) -> dict[str, Bounds]:
        if not isinstance(raw, dict) or len(raw) > RULES_LIMIT:
            self.note(at, f"must be an object of at most {RULES_LIMIT} groups")
            return {}
        groups = {}
        for name, bounds in raw.items():
            place = f"{at}/{step(name)}"
            if not is_key(name):
                self.note(place, "a group is named by small letters, digits and _, at most 50")
            given = self.members(bounds, place, ("min", "max"))
            least, most = (
                None
                if given.get(side) is None
                else self.whole(given, side, place, -MAX_LIMIT, MAX_LIMIT, 0)
                for side in ("min", "max")
            )
            if least is not None and most is not None and least > most:
                self.note(f"{place}/min", "must not be above max")
            groups[name] = Bounds(min=least, max=most)
        return groups

    def _stage(self, raw: Any, at: str) -> StageRule | None:
        if raw is None:
            return None
        given = self.members(raw, at, ("score", "grades"))
        if len(given) != 1:
            if given or isinstance(raw, dict):
                self.note(at, "must have either a score or grades")
            return None
        if "score" in given:
            return StageRule(score=self.whole(given, "score", at, 0, 100, 0))
        grades = given["grades"]
        if not isinstance(grades, list) or not grades:
            self.note(f"{at}/grades", "must be a list of grades, such as A1")
            return None
        for place, grade in enumerate(grades):
            if grade not in GRADES:
                self.note(f"{at}/grades/{place}", "must be a grade from A1 to D4")
        return StageRule(grades=tuple(grade for grade in GRADES if grade in grades))

    def _condition(
        self, raw: Any, fields: Mapping[str, Field], at: str, rule: str
    ) -> Condition | None:
        if raw is _ABSENT:
            self.note(at, "needs a condition", "missing")
            return None
        try:
            condition = parse_condition(raw, fields, at, timeless=True)
        except Invalid as invalid:
            self.problems += invalid.errors
            return None
        before, self._tests = self._tests, self._tests + sum(1 for _ in terms_of(condition))
        if before <= TESTS_LIMIT < self._tests:
            self.note(rule, f"the rules make more than {TESTS_LIMIT} tests in all")
        return condition
