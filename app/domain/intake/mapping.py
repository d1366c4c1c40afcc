"""The mapping of what a form or a vendor sends to the fields of a lead, told as data.

A rule is JSON as the API takes it:

    {"to": "full_name", "from": ["$.first", "$.last"], "combine": " ",
     "split": {"separator": " ", "part": 0}, "lookup": {"a": "b"}, "unlisted": "keep",
     "default": "x"}

Values are gathered from the sources, joined, split, looked up, and replaced by the default when
nothing is left, in this order. What cannot become one plain value is noted and left out.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.domain.errors import FieldError, Invalid
from app.domain.intake.fitting import LEAD_FIELDS
from app.domain.intake.json_paths import found_at, parse_path
from app.domain.intake.storable import LARGEST, is_storable
from app.domain.intake.submissions import Finding

JOINED_BY = ", "
MOST_VALUES = 1_000
LONGEST_VALUE = 1_000_000
FIRST, LAST, REST = "first", "last", "rest"

MOST_RULES = 100
MOST_SOURCES = 20
MOST_LISTED = 500
LONGEST_TEXT = 2_000
LONGEST_SEPARATOR = 20

_CUSTOM = re.compile(r"custom\.[a-z][a-z0-9_]{0,49}")
_NAMES = frozenset({"to", "from", "combine", "split", "lookup", "unlisted", "default"})

Rule = Mapping[str, Any]


class _Unfit(Exception):
    """Why a rule gives no value: the code and the sentence of a finding."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def apply_mapping(rules: Sequence[Rule], payload: Any) -> tuple[dict[str, Any], list[Finding]]:
    """The value for each target that got one, and what was left out and why.

    The rules have passed `check_mapping`; the payload may be anything. Values are text, numbers,
    true and false; whole numbers beyond 64 bits come as text, so that no digit is lost.
    """
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for rule in rules:
        target = rule["to"]
        try:
            value = _value_of(rule, payload)
        except _Unfit as reason:
            findings.append(Finding(code=reason.code, detail=reason.detail, field=target))
            value = None
        if value is None:
            value = rule.get("default")
        if value is not None:
            values[target] = value
    return values, findings


def _value_of(rule: Rule, payload: Any) -> Any:
    value = _joined(_gathered(rule["from"], payload), rule.get("combine"))
    if value is None:
        return None
    if rule.get("split") is not None:
        value = _part(as_text(value), rule["split"])
    if value is not None and rule.get("lookup") is not None:
        value = _looked_up(value, rule["lookup"], rule.get("unlisted"))
    return value


def _gathered(sources: str | Sequence[str], payload: Any) -> list[Any]:
    """The plain values that the sources name, in their order, blanks left out."""
    values: list[Any] = []
    for source in [sources] if isinstance(sources, str) else sources:
        for item in found_at(parse_path(source), payload, MOST_VALUES):
            values += item[: MOST_VALUES + 1] if isinstance(item, list) else [item]
        if len(values) > MOST_VALUES:
            raise _Unfit("too_many_values", f"more than {MOST_VALUES} values lie at {source}")
    return [_plain(value) for value in values if not is_blank(value)]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        if not is_storable(value):
            raise _Unfit("unreadable_text", "holds NUL or half of a surrogate pair")
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -LARGEST - 1 <= value <= LARGEST else as_text(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Unfit("not_plain", "is not a finite number")
        return value
    raise _Unfit("not_plain", "is a list or an object, where one plain value is needed")


def _joined(values: list[Any], separator: str | None) -> Any:
    if len(values) <= 1:
        return values[0] if values else None
    joined = (JOINED_BY if separator is None else separator).join(map(as_text, values))
    if len(joined) > LONGEST_VALUE:
        raise _Unfit("too_long", f"has {len(joined):,} characters, {LONGEST_VALUE:,} fit")
    return joined


def _part(text: str, split: Mapping[str, Any]) -> str | None:
    """The part of the text that is asked for, without blanks around it; None when it is blank."""
    separator = split.get("separator")
    # Any run of blanks parts words; so does a separator of blanks alone.
    separator = separator if separator and separator.strip() else None
    part = split["part"]
    if part == REST:
        rest = text.strip().split(separator, 1)[1:]
        return rest[0].strip() or None if rest else None
    parts = text.split(separator)
    place = {FIRST: 0, LAST: -1}.get(part, part)
    return parts[place].strip() or None if -len(parts) <= place < len(parts) else None


def _looked_up(value: Any, table: Mapping[str, Any], unlisted: str | None) -> Any:
    text = as_text(value)
    if text in table:
        return table[text]
    folded = text.strip().casefold()
    for name, meant in table.items():
        if name.strip().casefold() == folded:
            return meant
    if unlisted == "keep":
        return value
    raise _Unfit("not_in_lookup", "the value is not in the rule's lookup table")


def as_text(value: Any) -> str:
    """A plain value as people write it; exact for whole numbers of any size."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # str() refuses thousands of digits.
        return str(Decimal(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def is_blank(value: Any) -> bool:
    """Whether the value says nothing. 0 and false do."""
    return value is None or (isinstance(value, str) and not value.strip())


def check_mapping(
    rules: Any, *, pointer: str = "/mapping", further_targets: Collection[str] = ()
) -> None:
    """Raise Invalid, naming every place that is wrong; any JSON value may be given."""
    if not isinstance(rules, list | tuple):
        raise Invalid.field(pointer, "must be a list of rules")
    if len(rules) > MOST_RULES:
        raise Invalid.field(pointer, f"must have at most {MOST_RULES} rules")
    problems: list[FieldError] = []
    taken: set[str] = set()
    for number, rule in enumerate(rules):
        if not isinstance(rule, Mapping):
            problems.append(FieldError(pointer=f"{pointer}/{number}", detail="must be an object"))
            continue
        for name, detail in _faults(rule, further_targets, taken):
            problems.append(FieldError(pointer=f"{pointer}/{number}/{name}", detail=detail))
    if problems:
        raise Invalid("the mapping is not valid", errors=problems)


def check_target(target: Any, further: Collection[str] = ()) -> str | None:
    """What is wrong with a target, if anything: owner, team and status are not for all to set."""
    if not isinstance(target, str):
        return "must be text"
    if target in LEAD_FIELDS or target in further or _CUSTOM.fullmatch(target):
        return None
    return "must be a field of a lead that the intake may fill in, or custom.<key>"


def _faults(
    rule: Rule, further_targets: Collection[str], taken: set[str]
) -> Iterator[tuple[str, str]]:
    for name in rule.keys() - _NAMES:
        yield _escaped(name), "there is no such member of a rule"
    target = rule.get("to")
    if problem := check_target(target, further_targets):
        yield "to", problem
    elif target in taken:
        yield "to", "each target comes once"
    else:
        taken.add(str(target))
    yield from _source_faults(rule.get("from"))
    if not _is_text(rule.get("combine"), LONGEST_SEPARATOR, optional=True):
        yield "combine", f"must be text of at most {LONGEST_SEPARATOR} characters"
    yield from _split_faults(rule.get("split"))
    yield from _lookup_faults(rule)
    if not _is_plain_setting(rule.get("default")):
        yield "default", f"must be text of at most {LONGEST_TEXT} characters, a number or a flag"


def _source_faults(sources: Any) -> Iterator[tuple[str, str]]:
    several = isinstance(sources, list | tuple)
    if several and not 1 <= len(sources) <= MOST_SOURCES:
        yield "from", f"must name 1 to {MOST_SOURCES} sources"
        return
    for number, source in enumerate(sources if several else [sources]):
        where = f"from/{number}" if several else "from"
        if not isinstance(source, str):
            yield where, "must be a path such as $.answers.email, or a name"
            continue
        try:
            parse_path(source)
        except ValueError as problem:
            yield where, str(problem)


def _split_faults(split: Any) -> Iterator[tuple[str, str]]:
    if split is None:
        return
    if not isinstance(split, Mapping) or split.keys() - {"separator", "part"}:
        yield "split", "must be an object with separator and part"
        return
    if not _is_text(split.get("separator"), LONGEST_SEPARATOR, optional=True):
        yield "split/separator", f"must be text of at most {LONGEST_SEPARATOR} characters"
    part = split.get("part")
    place = isinstance(part, int) and not isinstance(part, bool) and -100 <= part <= 100
    if not place and part not in (FIRST, LAST, REST):
        yield "split/part", "must be a place from -100 to 100, or first, last or rest"


def _lookup_faults(rule: Rule) -> Iterator[tuple[str, str]]:
    table, unlisted = rule.get("lookup"), rule.get("unlisted")
    if unlisted not in (None, "keep", "drop"):
        yield "unlisted", "must be keep or drop"
    elif unlisted and table is None:
        yield "unlisted", "goes together with lookup"
    if table is None:
        return
    if not isinstance(table, Mapping) or not 1 <= len(table) <= MOST_LISTED:
        yield "lookup", f"must be an object with 1 to {MOST_LISTED} members"
        return
    for name, meant in table.items():
        if not _is_text(name, LONGEST_TEXT) or not _is_plain_setting(meant):
            yield f"lookup/{_escaped(name)}", "must be text, a number or a flag, or null"


def _is_text(value: Any, most: int, *, optional: bool = False) -> bool:
    if value is None:
        return optional
    return isinstance(value, str) and len(value) <= most and "\x00" not in value


def _is_plain_setting(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return -LARGEST - 1 <= value <= LARGEST
    return _is_text(value, LONGEST_TEXT, optional=True)


def _escaped(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
