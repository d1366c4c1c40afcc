"""The answers of a post as its form means them: typed, with what is missing or odd about each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.adapters import normalisers
from app.domain.intake.form_posts import CONSENT, VISITOR, FormPost
from app.domain.intake.forms import ConsentText, FieldType, Form, FormField
from app.domain.intake.mapping import as_text, is_blank
from app.domain.intake.storable import storable
from app.domain.intake.submissions import Finding

_YES = frozenset({"1", "on", "true", "yes"})
_NO = frozenset({"", "0", "off", "false", "no"})
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a post says to a field. `value` is None when there is none, or none that can be kept.

    `missing` means that it was asked for and not answered.
    """

    field: FormField
    value: Any
    missing: bool


def read_answers(form: Form, post: FormPost) -> tuple[list[Answer], list[Finding]]:
    """The answer to each field in the order of the form, and what was odd."""
    answers: dict[str, Answer] = {}
    notes: list[Finding] = []
    for field in form.definition.fields:
        shown = _is_shown(field, answers)
        posted = _posted(field, post)
        value, odd = _value_of(field, [v for v in posted if not _says_nothing(v)])
        if value is None and not odd:
            value = _default(field, posted, shown=shown)
        elif not shown:
            odd.append(("not_shown", "was answered, though the form shows it on another answer"))
        notes += [Finding(code=code, detail=detail, field=field.name) for code, detail in odd]
        answers[field.name] = Answer(
            field=field,
            value=value,
            missing=shown
            and field.required
            and (value is None or value is False)
            and not odd
            and not _is_known(field, posted, post),
        )
    return list(answers.values()), notes


def is_granted(consent: ConsentText, post: FormPost) -> bool | None:
    """Whether the visitor agreed; None when the post says nothing about it."""
    values = post.by_name.get(CONSENT + consent.purpose)
    return _ticked(values[-1]) if values else None


def email_misfit(value: Any) -> str | None:
    """Why this is no e-mail address that a lead can be known by, if so."""
    if isinstance(value, str) and normalisers.email(value) is not None:
        return None
    return "is no e-mail address"


def is_phone(value: Any, country: Any, default_country: str | None) -> bool:
    """Whether this is a phone number that can be dialled."""
    code = normalisers.country(country) if isinstance(country, str) and country else None
    text = as_text(value) if isinstance(value, str | int) else ""
    return normalisers.phone(text, code or default_country) is not None


def _posted(field: FormField, post: FormPost) -> list[Any]:
    """All that was sent for a field, lists laid open."""
    names = [field.name] if field.name.endswith("[]") else [field.name, f"{field.name}[]"]
    found = [value for name in names for value in post.by_name.get(name, ())]
    return [item for value in found for item in (value if isinstance(value, list) else [value])]


def _says_nothing(value: Any) -> bool:
    return is_blank(value) or value in ([], {})


def _is_shown(field: FormField, earlier: Mapping[str, Answer]) -> bool:
    """Whether the answers so far make the form show the field."""
    when = field.show_when
    if when is None:
        return True
    asked = earlier.get(when.field)
    if asked is None or not _is_shown(asked.field, earlier):
        return False
    if asked.field.is_a_tick:
        return when.equals == ("true" if asked.value is True else "false")
    values = asked.value if isinstance(asked.value, list) else [asked.value]
    return any(value is not None and as_text(value) == when.equals for value in values)


def _is_known(field: FormField, posted: Sequence[Any], post: FormPost) -> bool:
    """Whether the page left the field out because this visitor answered it before."""
    return field.progressive and not posted and post.text(VISITOR) is not None


def _default(field: FormField, posted: Sequence[Any], *, shown: bool) -> Any:
    """The default of a field that was not sent. A blank one was cleared, a box unticked."""
    if not shown or field.default is None or field.progressive:
        return None
    if field.type in (FieldType.CHECKBOX, FieldType.RADIO):
        return None
    if posted and field.type is not FieldType.HIDDEN:
        return None
    value, _ = _value_of(field, [field.default])
    return value


def _value_of(field: FormField, values: Sequence[Any]) -> tuple[Any, list[tuple[str, str]]]:
    """The typed value, None for none, and what is odd about it."""
    odd: list[tuple[str, str]] = []
    plain = [value for value in values if not isinstance(value, list | dict)]
    if len(plain) < len(values):
        odd.append(("not_plain", "holds a list or an object, where one plain value is asked for"))
    # What had to be replaced is noted where the whole post is kept.
    sound = [storable(value) for value in plain]
    if not sound:
        return None, odd
    if field.takes_several:
        chosen = [as_text(value) for value in sound]
        odd += _misfits(_check_choice(field, value) for value in chosen)
        return chosen, odd
    if len({as_text(value) for value in sound}) > 1 and not field.is_a_tick:
        odd.append(("repeated", "was sent several times; the last answer counts"))
    value, problem = _typed(field, sound[-1])
    return value, odd + _misfits([problem])


def _misfits(problems: Any) -> list[tuple[str, str]]:
    return [("invalid_value", problem) for problem in problems if problem]


def _typed(field: FormField, value: Any) -> tuple[Any, str | None]:
    """The value in the type of its field; as it is, with the reason, when it does not fit."""
    text = as_text(value).strip()
    if field.max_length is not None and len(text) > field.max_length:
        return text, f"has {len(text):,} characters, {field.max_length:,} were asked for"
    match field.type:
        case FieldType.CHECKBOX:
            ticked = _ticked(value)
            return (text, "is neither on nor off") if ticked is None else (ticked, None)
        case FieldType.NUMBER:
            return _number(text)
        case FieldType.DATE:
            return text, None if _is_day(text) else "is no day such as 2026-03-02"
        case FieldType.EMAIL if field.to != "email":
            return text, email_misfit(text)
        case FieldType.URL:
            known = normalisers.web_domain(text)
            return text, None if known else "is no web address"
        case _:
            return text, _check_choice(field, text)


def _check_choice(field: FormField, value: str) -> str | None:
    if not field.choices or any(choice.value == value for choice in field.choices):
        return None
    return "is none of the choices"


def _ticked(value: Any) -> bool | None:
    """Whether a box is ticked, as browsers and scripts say it."""
    if value is None:
        return False
    text = as_text(value).strip().lower() if isinstance(value, str | int | float) else "?"
    return True if text in _YES else False if text in _NO else None


def _number(text: str) -> tuple[Any, str | None]:
    """The number, when writing it again gives the same one; else the text."""
    if not _NUMBER.fullmatch(text) or len(text) > 300:
        return text, "is no number such as 12 or 12.5"
    exact = Decimal(text)
    if exact == exact.to_integral_value() and abs(exact) < 10**18:
        return int(exact), None
    number = float(exact)
    if Decimal(repr(number)) == exact and abs(number) < 1e300:
        return number, None
    return text, None


def _is_day(text: str) -> bool:
    try:
        return len(text) == len("2026-03-02") and bool(date.fromisoformat(text))
    except ValueError:
        return False
