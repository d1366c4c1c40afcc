"""The rules by which values survive a merge, and the parts of a lead that they are for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.errors import FieldError, Invalid
from app.domain.leads.status import STAGE_INSTANTS

ALL = "*"
CUSTOM = "custom."


class Rule(StrEnum):
    """How to choose between two values."""

    WINNER = "winner"
    NEWEST = "newest"
    LONGEST = "longest"
    FULLEST = "fullest"
    VERIFIED_FIRST = "verified_first"
    SOURCE_PRIORITY = "source_priority"
    JOIN = "join"
    FURTHEST = "furthest"


PLAIN = frozenset({Rule.WINNER, Rule.NEWEST, Rule.LONGEST, Rule.SOURCE_PRIORITY})


@dataclass(frozen=True)
class FieldRule:
    """A rule, and for `source_priority` the sources, the most trusted first."""

    rule: Rule
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Columns that survive together; those in `forms` follow from the ones in `fields`."""

    name: str
    fields: tuple[str, ...]
    forms: tuple[str, ...] = ()
    standard: Rule = Rule.WINNER
    rules: frozenset[Rule] = PLAIN

    @property
    def columns(self) -> tuple[str, ...]:
        """Everything that goes along."""
        return self.fields + self.forms


_BLOCK = PLAIN | {Rule.FULLEST}
_KEY = PLAIN | {Rule.VERIFIED_FIRST}

PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        Part("name", ("first_name", "last_name", "full_name"), rules=_BLOCK),
        Part("title", ("title",)),
        Part("company", ("company",)),
        Part("email", ("email",), ("email_norm",), rules=_KEY),
        Part("phone", ("phone",), ("phone_norm",), rules=_KEY),
        Part("website", ("website",), ("web_domain",)),
        Part(
            "address",
            ("street", "city", "region", "postal_code", "country"),
            ("country_code",),
            Rule.FULLEST,
            _BLOCK,
        ),
        Part("industry", ("industry",)),
        Part("employee_count", ("employee_count",)),
        Part("revenue", ("annual_revenue_minor", "currency"), rules=_BLOCK),
        Part("language", ("language",)),
        Part("description", ("description",), rules=PLAIN | {Rule.JOIN}),
        Part("source", ("source",)),
        Part("campaign_id", ("campaign_id",)),
        Part("owner", ("owner_id", "team_id")),
    )
}

# Who is responsible only changes where a rule names the part itself.
_NOT_BY_ALL = frozenset({"owner"})

STATUS = Part("status", ("status",), ("disqualified_reason", "disqualified_note"))
STAGE = Part("lifecycle_stage", ("lifecycle_stage",), tuple(STAGE_INSTANTS.values()))


def rule_for(part: Part, rules: Mapping[str, FieldRule]) -> FieldRule:
    """The rule of a part: its own, else the one for all where it can be applied."""
    if part.name in rules:
        return rules[part.name]
    for_all = rules.get(ALL)
    if for_all is not None and for_all.rule in part.rules and part.name not in _NOT_BY_ALL:
        return for_all
    return FieldRule(part.standard)


def part_named(name: str) -> Part | None:
    """The part that a rule may name; None when there is none."""
    if name.startswith(CUSTOM) and len(name) > len(CUSTOM):
        return Part(name, (name,))
    return PARTS.get(name)


def read_rules(document: Mapping[str, Any], at: str = "/rules") -> dict[str, FieldRule]:
    """The rules of a request or a workspace, by part; Invalid names those that make no sense."""
    rules: dict[str, FieldRule] = {}
    problems = []
    for name, told in document.items():
        rule = FieldRule(Rule(told["rule"]), tuple(told.get("sources") or ()))
        rules[name] = rule
        detail = _fault(name, rule)
        if detail:
            escaped = name.replace("~", "~0").replace("/", "~1")
            problems.append(FieldError(pointer=f"{at}/{escaped}", detail=detail))
    if problems:
        raise Invalid("these rules cannot be followed", errors=problems)
    return rules


def rules_document(rules: Mapping[str, FieldRule]) -> dict[str, Any]:
    """The rules as they are stored."""
    return {
        name: {"rule": rule.rule.value} | ({"sources": list(rule.sources)} if rule.sources else {})
        for name, rule in rules.items()
    }


def _fault(name: str, rule: FieldRule) -> str | None:
    if (rule.rule is Rule.SOURCE_PRIORITY) != bool(rule.sources):
        return "source_priority, and no other rule, takes a list of sources"
    if name == ALL:
        return None if rule.rule in PLAIN else f"{rule.rule} is no rule for all parts"
    part = part_named(name)
    if part is None:
        return f"must be {ALL}, custom.<key> or one of: {', '.join(PARTS)}"
    if rule.rule not in part.rules:
        return f"must be one of: {', '.join(sorted(part.rules))}"
    return None
