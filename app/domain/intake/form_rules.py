"""What a form may say: every fault is named at once, by its place in the JSON."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from app.domain.errors import FieldError, Invalid
from app.domain.intake.forms import (
    RESERVED_NAMES,
    RESERVED_PREFIX,
    Definition,
    FieldType,
    Form,
    FormField,
)
from app.domain.intake.json_paths import parse_path
from app.domain.intake.mapping import check_mapping, check_target

# What browsers and form builders use: letters of any script, your-email, entry.42, tags[], a name.
_NAME = re.compile(r"\w(?:[\w .\[\]-]{0,98}[\w\]])?")
_ORIGIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::\d{1,5})?"
)
_USUAL_PORTS = (":80", ":443")
_TYPED = frozenset(
    {FieldType.TEXT, FieldType.EMAIL, FieldType.TEL, FieldType.URL, FieldType.TEXTAREA}
)
_CHOSEN = frozenset({FieldType.SELECT, FieldType.RADIO})

# The end of a pointer, and what is wrong there.
Faults = Iterator[tuple[str, str]]


def check_form(form: Form) -> None:
    """Raise Invalid, naming every part that does not fit the others."""
    definition = form.definition
    problems = [
        FieldError(pointer=pointer, detail=detail)
        for faults in (
            _field_faults(definition),
            _mapping_faults(form.mapping, definition),
            _consent_faults(definition),
            _origin_faults(form.allowed_origins),
            _success_faults(form, definition),
            _opt_in_faults(form, definition),
            _protection_faults(definition),
        )
        for pointer, detail in faults
    ]
    try:
        check_mapping(form.mapping)
    except Invalid as error:
        problems += error.errors
    if problems:
        raise Invalid("the parts of the form do not fit together", errors=problems)


def check_new_texts(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> None:
    """Raise Invalid when a consent has other words under the same version.

    What somebody agreed to is told by purpose and version, so neither may mean two texts.
    """
    known = {(told["purpose"], told["version"]): told["text"] for told in before}
    for place, told in enumerate(after):
        if known.get((told["purpose"], told["version"]), told["text"]) != told["text"]:
            raise Invalid.field(
                f"/consents/{place}/version", "the text is another one; give it another version"
            )


def _field_faults(definition: Definition) -> Faults:
    earlier: dict[str, FormField] = {}
    targets: set[str] = set()
    for place, field in enumerate(definition.fields):
        here = f"/fields/{place}"
        if problem := _name_problem(field.name):
            yield f"{here}/name", problem
        elif field.name in earlier:
            yield f"{here}/name", "each name comes once"
        if field.to is not None:
            if field.question is None and (problem := check_target(field.to)):
                yield f"{here}/to", problem
            elif field.to in targets:
                yield f"{here}/to", "each target comes once"
            targets.add(field.to)
        for member, problem in _own_faults(field):
            yield f"{here}/{member}", problem
        if problem := _condition_problem(field, earlier):
            yield f"{here}/show_when", problem
        earlier[field.name] = field


def _own_faults(field: FormField) -> Faults:
    values = [choice.value for choice in field.choices]
    if field.type in _CHOSEN and not values:
        yield "choices", f"a field of type {field.type} needs at least one"
    elif values and field.type not in _CHOSEN and field.type is not FieldType.CHECKBOX:
        yield "choices", "only fields of type select, radio and checkbox have choices"
    elif len(set(values)) < len(values):
        yield "choices", "each value comes once"
    if field.default is not None and values and field.default not in values:
        yield "default", "must be one of the choices"
    if field.max_length is not None:
        if field.type not in _TYPED:
            yield "max_length", "only fields that are typed have a greatest length"
        elif len(field.default or "") > field.max_length:
            yield "default", "is longer than max_length"
    if field.progressive and field.to == "email":
        # Without it nobody could be told from anybody else.
        yield "progressive", "the e-mail address is always asked for"


def _condition_problem(field: FormField, earlier: Mapping[str, FormField]) -> str | None:
    if field.show_when is None:
        return None
    asked = earlier.get(field.show_when.field)
    if asked is None:
        return "must name an earlier field"
    if asked.choices and all(field.show_when.equals != c.value for c in asked.choices):
        return "equals none of the choices of that field"
    if asked.is_a_tick and field.show_when.equals not in ("true", "false"):
        return "a box is either true or false"
    return None


def _mapping_faults(mapping: Sequence[Mapping[str, Any]], definition: Definition) -> Faults:
    targets = {field.to for field in definition.fields if field.to}
    for place, rule in enumerate(mapping):
        if rule.get("to") in targets:
            yield f"/mapping/{place}/to", "a field goes there already"
        sources = rule.get("from")
        several = isinstance(sources, list)
        for number, source in enumerate(sources if isinstance(sources, list) else [sources]):
            try:
                name = parse_path(source)[0] if isinstance(source, str) else None
            except ValueError:
                continue
            if name is not None and name not in definition.by_name:
                where = f"from/{number}" if several else "from"
                yield f"/mapping/{place}/{where}", "starts with the name of no field of this form"


def _consent_faults(definition: Definition) -> Faults:
    purposes: set[str] = set()
    for place, consent in enumerate(definition.consents):
        if consent.purpose in purposes:
            yield f"/consents/{place}/purpose", "each purpose comes once"
        purposes.add(consent.purpose)
        if not consent.text.strip():
            yield f"/consents/{place}/text", "must say something"


def _origin_faults(origins: Sequence[str]) -> Faults:
    for place, origin in enumerate(origins):
        if not _is_origin(origin):
            yield (
                f"/allowed_origins/{place}",
                "must be written as browsers do, such as https://www.example.com",
            )
        elif origin in origins[:place]:
            yield f"/allowed_origins/{place}", "each origin comes once"


def _success_faults(form: Form, definition: Definition) -> Faults:
    for place, host in enumerate(definition.success.redirect_hosts):
        if not _is_origin(f"https://{host}"):
            yield f"/success/redirect_hosts/{place}", "must be a host such as www.example.com"
    if problem := _address_problem(definition.success.redirect_url, form, definition):
        yield "/success/redirect_url", problem


def _opt_in_faults(form: Form, definition: Definition) -> Faults:
    told = definition.double_opt_in
    targets = {field.to for field in definition.fields} | {r.get("to") for r in form.mapping}
    if told.enabled and "email" not in targets:
        yield "/double_opt_in/enabled", "needs a field that goes to email"
    if told.subject is not None and not (told.subject.isprintable() and told.subject.strip()):
        yield "/double_opt_in/subject", "must be one line of text"
    if problem := _address_problem(told.confirmed_url, form, definition):
        yield "/double_opt_in/confirmed_url", problem


def _protection_faults(definition: Definition) -> Faults:
    honeypot = definition.protection.honeypot
    if honeypot is None:
        return
    if problem := _name_problem(honeypot):
        yield "/protection/honeypot", problem
    elif honeypot in definition.by_name:
        yield "/protection/honeypot", "a field has this name"


def _name_problem(name: str) -> str | None:
    if not _NAME.fullmatch(name):
        return "must have letters, digits, blanks, dots, brackets, - and _ only"
    if name.lower().startswith(RESERVED_PREFIX) or name.lower() in RESERVED_NAMES:
        return f"names that start with {RESERVED_PREFIX} are reserved"
    return None


def _address_problem(address: str | None, form: Form, definition: Definition) -> str | None:
    """Why a visitor may not be sent there: an open redirect would lend our name to anybody."""
    if address is None:
        return None
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no web address"
    # Browsers read a backslash as a slash and drop line feeds; a header takes nothing but ASCII.
    odd = not address.isascii() or any(c in "\\" or c <= " " for c in address)
    if parts.scheme not in ("http", "https") or not host or odd or "@" in parts.netloc:
        return "must start with http:// or https://, name a host, and be written as URLs are"
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    if _without_usual_port(origin) in form.allowed_origins:
        return None
    if host in definition.success.redirect_hosts:
        return None
    return "its origin must be one of allowed_origins, or its host one of success.redirect_hosts"


def _is_origin(text: str) -> bool:
    if not _ORIGIN.fullmatch(text) or len(text) > 300:
        return False
    return _without_usual_port(text) == text


def _without_usual_port(origin: str) -> str:
    usual = _USUAL_PORTS[origin.startswith("https")]
    return origin.removesuffix(usual)
