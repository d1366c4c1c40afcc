"""Leads with awkward values, and conditions of every kind about them, for Hypothesis."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from app.domain.conditions import OPERATORS, Field, Op, ValueType
from app.domain.leads.custom_fields import CustomField, FieldType
from app.domain.leads.fields import lead_fields

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

FIELDS = lead_fields(
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
        **{name: st.none() | words for name in (*_PLAIN, *_CODES)},
        **{name: st.none() | st.integers(0, 3) for name in _NUMBERS},
        **{name: st.none() | instants for name in _INSTANTS},
    }
)

touches = st.lists(
    st.tuples(st.sampled_from(["call", "form", "Call"]), instants, st.booleans()), max_size=4
)

_VALUES: dict[ValueType, st.SearchStrategy[Any]] = {
    ValueType.TEXT: words,
    ValueType.CODE: words,
    ValueType.INTEGER: st.integers(-1, 4) | st.just(10**15),
    ValueType.NUMBER: numbers,
    ValueType.BOOLEAN: st.booleans(),
    ValueType.INSTANT: instants.map(lambda instant: instant.isoformat()),
    ValueType.DAY: days.map(lambda day: day.isoformat()),
    ValueType.ID: st.sampled_from(IDS).map(str),
    ValueType.LIST: st.sampled_from(["phone", "email", "Phone", "website"]),
}


def _values(field: Field, op: Op) -> st.SearchStrategy[Any]:
    if op is Op.WITHIN_DAYS:
        return st.sampled_from([0, 1, 7, 30, 400, -1, -30])
    of_its_type = st.sampled_from(field.choices) if field.choices else _VALUES[field.type]
    if op in (Op.IN, Op.NOT_IN):
        return st.lists(of_its_type, min_size=1, max_size=4)
    if op is Op.BETWEEN:
        return st.tuples(of_its_type, of_its_type).map(sorted)
    if op in (Op.CONTAINS, Op.STARTS_WITH):
        return of_its_type.filter(bool)
    return of_its_type


@st.composite
def leaves(draw: st.DrawFn, field: Field | None = None, op: Op | None = None) -> dict[str, Any]:
    """One test, as written, of a given field or any."""
    field = field or draw(st.sampled_from(list(FIELDS.values())))
    op = op or draw(st.sampled_from(sorted(OPERATORS[field.type])))
    test: dict[str, Any] = {"field": field.name, "op": op.value}
    if op not in (Op.IS_NULL, Op.IS_NOT_NULL):
        test["value"] = draw(_values(field, op))
    if field.counts_touches:
        if draw(st.booleans()):
            test["kind"] = draw(st.sampled_from(["call", "form", "none"]))
        if draw(st.booleans()):
            test["days"] = draw(st.sampled_from([1, 7, 30]))
    return test


conditions = st.recursive(
    leaves(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts})
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts})
        | inner.map(lambda part: {"not": part})
    ),
    max_leaves=5,
)
