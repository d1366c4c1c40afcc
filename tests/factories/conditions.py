"""Leads with awkward values, and conditions of every kind about them, for Hypothesis."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from app.domain.condition_texts import in_words
from app.domain.condition_times import COUNTED, NAMED
from app.domain.condition_types import WITH_SEVERAL, WITH_SOMETHING, WITHOUT_VALUE
from app.domain.conditions import OPERATORS, Field, Op, Origin, ValueType
from app.domain.leads.custom_fields import CustomField, FieldType
from app.domain.record.fields import touchpoint_fields
from app.domain.ripeness.score_conditions import searched_fields

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

WORDS: tuple[str, ...] = (
    "",
    " ",
    "ada",
    "ADA",
    "Ada O'Hara",
    'a "quoted" b',
    "%",
    "_",
    "\\",
    "Straße",
    "STRASSE",
)
WORDS += ("Ünal", "ünal", "ΣΊΣΥΦΟΣ", "Σίσυφος", "Ёлка", "ёлка", "İstanbul", "ıI", "😀", "null")
WORDS += ("ﬁ", "e\u0301", "\u00e9", "DE", "de", "a\nb", "2026-03-02", "2026-02-30", "10", "true")

CUSTOM: dict[str, FieldType] = {
    "note": FieldType.TEXT,
    "size": FieldType.NUMBER,
    "vip": FieldType.BOOLEAN,
    "due": FieldType.DATE,
    "tier": FieldType.CHOICE,
}
CHOICES = ("gold", "Gold", "it's")

FIELDS = searched_fields(
    CustomField(
        workspace_id=UUID(int=1),
        id=UUID(int=number),
        key=key,
        label=key,
        type=kind.value,
        choices=list(CHOICES) if kind is FieldType.CHOICE else [],
        required=False,
        description=None,
        created_at=NOW,
        updated_at=NOW,
        version=1,
    )
    for number, (key, kind) in enumerate(CUSTOM.items())
)

IDS = tuple(UUID(int=number) for number in range(1, 4))
numbers = st.sampled_from([0, -0.0, 1, -1, 0.1, 0.1 + 0.2, 2.5, 1e14, 123_456_789_012_345])
instants = st.sampled_from([0, 1, 6.99, 7, 7.01, 30, 365, -1, -30]).map(
    lambda days: NOW - timedelta(days=days)
)
days = instants.map(datetime.date)
words = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5
)


def _stored(kind: FieldType) -> st.SearchStrategy[Any]:
    """What stands under a key: of its type, of another one, or null."""
    right: dict[FieldType, st.SearchStrategy[Any]] = {
        FieldType.TEXT: words,
        FieldType.NUMBER: numbers,
        FieldType.BOOLEAN: st.booleans(),
        FieldType.DATE: days.map(lambda day: day.isoformat()),
        FieldType.CHOICE: st.sampled_from(CHOICES),
    }
    wrong = words | numbers | st.booleans() | st.none() | st.just({"a": [1]})
    return right[kind] | right[kind] | wrong


_ABSENT = "absent"

custom_values = st.fixed_dictionaries(
    {key: _stored(kind) | st.just(_ABSENT) for key, kind in CUSTOM.items()}
).map(lambda values: {key: value for key, value in values.items() if value != _ABSENT})

_PLAIN = ("company", "city", "source", "description")
_CODES = ("email_norm", "phone_norm", "country_code", "currency")
_NUMBERS = ("employee_count", "qualification_score")
_INSTANTS = ("mql_at", "last_touch_at", "first_touch_at")

# The columns that conditions look at; what they refer to is not there, so no ids.
lead_columns = st.fixed_dictionaries(
    {
        "status": st.sampled_from(FIELDS["status"].choices),
        "lifecycle_stage": st.sampled_from(FIELDS["lifecycle_stage"].choices),
        "qualification_outcome": st.sampled_from([*FIELDS["qualification_outcome"].choices, None]),
        "unnormalised": st.lists(st.sampled_from(["phone", "email"]), unique=True),
        "annual_revenue_minor": st.none() | st.integers(0, 3) | st.just(10**15),
        "touch_count": st.integers(0, 3),
        "is_test": st.booleans(),
        "created_at": instants,
        "custom": custom_values,
        **{name: st.none() | st.just("") | words for name in (*_PLAIN, *_CODES)},
        **{name: st.none() | st.integers(0, 3) for name in _NUMBERS},
        **{name: st.none() | instants for name in _INSTANTS},
    }
)

_PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "minutes": numbers | words | st.none(),
        "live": st.booleans() | st.just("true"),
        "file": words | st.none(),
        "fields": st.dictionaries(st.sampled_from(["size", "0"]), numbers | words, max_size=2)
        | st.lists(words | numbers, max_size=2),
    },
)

touches = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["call", "form", "Call"]),
            "occurred_at": instants,
            "is_test": st.booleans(),
        },
        optional={
            "channel": st.sampled_from(["email", "direct"]),
            "page_url": words,
            "summary": words,
            "source_system": st.just("shop"),
            "products": st.lists(st.sampled_from(["pump", "Pump", "boiler"]), max_size=2),
            "utm": st.dictionaries(st.sampled_from(["source", "medium"]), words, max_size=2),
            "click_ids": st.dictionaries(st.just("gclid"), words, max_size=1),
            "payload": _PAYLOADS,
        },
    ),
    max_size=6,
)

# Standing, prediction and segments of a lead. No level is worth what is asked for at any instant
# that is asked about: the last digit of a double is not the same in every key.
told_besides = st.fixed_dictionaries(
    {
        "fit": st.sampled_from([0, 25, 40, 60, 75, 100]),
        "knocked_out_by": st.sampled_from([None, None, "free_mail", "ADA"]),
        "level": st.none()
        | st.just((0.0, None))
        | st.tuples(st.sampled_from([-3.3, 5.1, 12.3, 35.7, 71.9, 240.0]), instants),
        "prediction": st.none() | st.sampled_from([0, 3, 40, 99]),
        "segments": st.lists(st.sampled_from(IDS), unique=True),
    }
)

_VALUES: dict[ValueType, st.SearchStrategy[Any]] = {
    ValueType.TEXT: words,
    ValueType.CODE: words,
    ValueType.INTEGER: st.integers(-1, 4) | st.sampled_from([10**15, 40, 62, 75]),
    ValueType.NUMBER: numbers,
    ValueType.LEVEL: st.sampled_from([-1.5, 0, 4.4, 9.7, 33.1, 60.7]),
    ValueType.SET: st.sampled_from(IDS).map(str),
    ValueType.BOOLEAN: st.booleans(),
    ValueType.INSTANT: instants.map(lambda instant: instant.isoformat()),
    ValueType.DAY: days.map(lambda day: day.isoformat()),
    ValueType.ID: st.sampled_from(IDS).map(str),
    ValueType.LIST: st.sampled_from(["phone", "email", "Phone", "website", "pump", "boiler"]),
}
_COUNTS = st.sampled_from([0, 1, 7])
_IN_DAYS = st.sampled_from(sorted(NAMED)) | st.builds(
    lambda name, count: {name: count},
    st.sampled_from(sorted(name for name in COUNTED if not name.startswith("hours"))),
    _COUNTS,
)
_TOLD_FROM_NOW = _IN_DAYS | st.builds(lambda count: {"hours_ago": count}, _COUNTS)

# The ways into a touch that a condition knows, and those that stand under a key.
TOUCH_FIELDS = touchpoint_fields()
_KEYED: tuple[str, ...] = (
    "utm.source",
    "utm.medium",
    "click_ids.gclid",
    "payload.minutes",
    "payload.live",
)
_KEYED += ("payload.file", "payload.fields.size", "payload.fields.0", "payload.fields.-1")
_AMONG = {
    "derived": [field for field in FIELDS.values() if field.origin is not Origin.RECORD],
    "leads": list(FIELDS.values()),
    "touches": [*TOUCH_FIELDS.values(), *(TOUCH_FIELDS[name] for name in _KEYED)],
}


def _values(field: Field, op: Op) -> st.SearchStrategy[Any]:
    if op is Op.WITHIN_DAYS:
        return st.sampled_from([0, 1, 7, 30, 400, -1, -30])
    of_its_type = _of_its_type(field, op)
    if op in WITH_SEVERAL:
        return st.lists(of_its_type, min_size=1, max_size=4)
    if op is Op.BETWEEN:
        return _ranges(field, of_its_type)
    return of_its_type


def _of_its_type(field: Field, op: Op) -> st.SearchStrategy[Any]:
    if field.choices:
        return st.sampled_from(field.choices)
    if field.name in ("fit", "score"):
        return st.integers(0, 100)
    found = _VALUES[field.type]
    # Nothing is filtered out: a draw that is given up would end the loop that the test runs in.
    if op in WITH_SOMETHING:
        return found.map(lambda text: text or "a")
    if op in (Op.HAS_WORD, Op.HAS_ANY_WORD):
        return found.map(lambda text: "ada" if in_words(text) == " " else text)
    if field.type is ValueType.INSTANT:
        return found | _TOLD_FROM_NOW
    return found | _IN_DAYS if field.type is ValueType.DAY else found


def _ranges(field: Field, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Two values, the lower first where one can say which that is."""
    kind = _VALUES.get(field.type, values)
    both = st.tuples(kind, kind).map(sorted)
    if field.type is not ValueType.INSTANT:
        return both
    return both | st.tuples(_TOLD_FROM_NOW, values).map(list)


_KINDS = st.sampled_from(["call", "form", "none"])
_PICKS: dict[str, st.SearchStrategy[Any]] = {
    "kind": _KINDS,
    "kinds": st.lists(_KINDS, min_size=1, max_size=2),
}


@st.composite
def _picked(draw: st.DrawFn) -> dict[str, Any]:
    """Which touches, as written."""
    name = draw(st.sampled_from([None, *_PICKS]))
    pick = {} if name is None else {name: draw(_PICKS[name])}
    if draw(st.booleans()):
        pick["where"] = draw(touch_conditions)
    return pick


@st.composite
def _window(draw: st.DrawFn) -> dict[str, Any]:
    """Which touches, and from when on."""
    window = draw(_picked())
    if draw(st.booleans()):
        window["days"] = draw(st.sampled_from([1, 7, 30]))
    if draw(st.booleans()):
        window["since"] = draw(
            _VALUES[ValueType.INSTANT]
            | _TOLD_FROM_NOW
            | _picked().map(lambda pick: pick or {"kind": "call"})
        )
    return window


@st.composite
def leaves(
    draw: st.DrawFn, field: Field | None = None, op: Op | None = None, among: str = "leads"
) -> dict[str, Any]:
    """One test, as written, of a given field or any."""
    field = field or draw(st.sampled_from(_AMONG[among]))
    declared = field.type
    if declared is ValueType.ANY and op not in WITHOUT_VALUE:
        kinds = [ValueType.TEXT, ValueType.NUMBER, ValueType.BOOLEAN]
        if op is not None:
            kinds = [kind for kind in kinds if op in OPERATORS[kind]]
        field = replace(field, type=draw(st.sampled_from(kinds)))
    allowed = OPERATORS[field.type] & OPERATORS[declared]
    op = op or draw(st.sampled_from(sorted(allowed)))
    test: dict[str, Any] = {"field": field.name, "op": op.value}
    if op not in WITHOUT_VALUE:
        test["value"] = draw(_values(field, op))
    if field.origin is Origin.TOUCHES:
        test |= draw(_window())
    return test


def trees(tests: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[Any]:
    """Tests, and `all`, `any` and `not` of them."""
    return st.recursive(
        tests,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts})
            | st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts})
            | inner.map(lambda part: {"not": part})
        ),
        max_leaves=most,
    )


touch_conditions = trees(leaves(among="touches"), 2)
conditions = trees(leaves(), 5)
# What is no column of the lead: the most is to be worked out there.
derived_tests = leaves(among="derived")
