"""The questions of a form as a page shows them: with what was typed, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.api.pages.texts import TEXTS
from app.domain.errors import FieldError
from app.domain.intake.form_posts import CONSENT
from app.domain.intake.forms import Choice, Form, FormField

_NO = frozenset({"", "0", "off", "false", "no"})


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question. `must` is what the browser is told, `required` what the person is."""

    id: str
    name: str
    type: str
    label: str
    required: bool
    must: bool
    values: list[str]
    choices: tuple[Choice, ...] = ()
    placeholder: str | None = None
    help: str | None = None
    autocomplete: str | None = None
    condition: str | None = None
    error: str | None = None
    is_a_tick: bool = False
    takes_several: bool = False
    sent: str = "true"


@dataclass(frozen=True)
class Fault:
    """What is wrong, and the id of the field where it can be put right."""

    name: str
    id: str | None
    detail: str


def questions_of(
    form: Form,
    values: Mapping[str, Sequence[Any]],
    faults: Sequence[Fault],
    *,
    embedded: bool = False,
) -> list[Question]:
    """The questions in their order. Without a script a question that depends on another one is
    shown with its condition and may be left out; embedded, the script hides it."""
    wrong = {fault.name: fault.detail for fault in reversed(faults)}
    questions = []
    for place, field in enumerate(form.definition.fields):
        depends = field.show_when is not None and not embedded
        questions.append(
            Question(
                id=_id_of(form, place),
                name=field.name,
                type=field.type,
                label=field.label,
                required=field.required,
                must=field.required and not depends,
                values=_values(field, values),
                choices=field.choices,
                placeholder=field.placeholder,
                help=field.help,
                autocomplete=field.autocomplete,
                condition=_condition(field, form) if depends else None,
                error=wrong.get(field.name),
                is_a_tick=field.is_a_tick,
                takes_several=field.takes_several,
            )
        )
    return questions


def consents_of(
    form: Form, values: Mapping[str, Sequence[Any]], faults: Sequence[Fault]
) -> list[Question]:
    """The texts to agree to, as boxes that are never ticked beforehand."""
    wrong = {fault.name: fault.detail for fault in reversed(faults)}
    first = len(form.definition.fields)
    return [
        Question(
            id=_id_of(form, first + place),
            name=CONSENT + consent.purpose,
            type="checkbox",
            label=consent.text,
            required=consent.required,
            must=consent.required,
            values=_ticked(values.get(CONSENT + consent.purpose, ())),
            error=wrong.get(CONSENT + consent.purpose),
            is_a_tick=True,
            sent="1",
        )
        for place, consent in enumerate(form.definition.consents)
    ]


def errors_of(form: Form, errors: Sequence[FieldError]) -> list[Fault]:
    """The errors, each with the field that it is about, if it is about one."""
    names = [field.name for field in form.definition.fields]
    names += [CONSENT + consent.purpose for consent in form.definition.consents]
    faults = []
    for error in errors:
        _, part, name = (*(error.pointer or "").split("/", 2), "", "")[:3]
        name = name.replace("~1", "/").replace("~0", "~")
        name = CONSENT + name if part == "consents" else name
        place = names.index(name) if name in names else None
        faults.append(Fault(name, None if place is None else _id_of(form, place), error.detail))
    return faults


def _id_of(form: Form, place: int) -> str:
    # Two forms on one page must not share an id; the end of a UUIDv7 is random.
    return f"tl-{form.id.hex[-6:]}-{place}"


def _values(field: FormField, values: Mapping[str, Sequence[Any]]) -> list[str]:
    if field.name not in values:
        default = [field.default] if field.default is not None else []
        return _ticked(default) if field.is_a_tick else default
    posted = values[field.name]
    listed = [item for v in posted for item in (v if isinstance(v, list) else [v])]
    if field.is_a_tick:
        return _ticked(listed)
    return [str(value) for value in listed if value is not None]


def _ticked(values: Sequence[Any]) -> list[str]:
    said = "" if not values or values[-1] is None else str(values[-1]).strip().lower()
    return [] if said in _NO else [said]


def _condition(field: FormField, form: Form) -> str | None:
    when = field.show_when
    asked = form.definition.by_name.get(when.field) if when else None
    if when is None or asked is None:
        return None
    if asked.is_a_tick:
        key = "only_if_ticked" if when.equals == "true" else "only_if_not_ticked"
        return TEXTS[key].format(label=asked.label)
    answer = next((c.label for c in asked.choices if c.value == when.equals), when.equals)
    return TEXTS["only_if"].format(label=asked.label, answer=answer)
