"""What is known of a lead at a moment, as the facts that a probability is learnt from.

A fact is a text (one of several levels), a number or a set of words; one that is not known is left
out. The names are what the API shows, and what `exclude` and `include` of the settings name.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.leads.custom_fields import CustomField, FieldType
from app.domain.leads.leads import Lead
from app.domain.leads.role_addresses import is_role_address
from app.domain.record.touchpoints import Touchpoint

Fact = float | str | list[str]
Facts = dict[str, Fact]

# Older touches are no longer counted; what is left of them in the decaying sums is next to nothing.
COUNTED_FOR = timedelta(days=90)
HALF_LIFE = timedelta(days=14)
# Soon after a lead came it is looked at for the first time. Until then its age, and that of its
# touches, count as this much: whose verdict fell sooner is looked at just before it, and would be
# told by when that was.
FIRST_LOOK = timedelta(hours=1)
_DAY = timedelta(days=1)
# The columns that are filled in: no feature, but what completeness is counted from.
KNOWN = "known"
_COMPLETE = (
    "first_name last_name title company email phone website street city region postal_code country "
    "industry employee_count annual_revenue_minor language description"
).split()


class FactKind(StrEnum):
    """How a fact is learnt from: one of several texts, a number, how often, or a set of words."""

    LEVEL = "level"
    NUMBER = "number"
    COUNT = "count"
    WORDS = "words"


_LEVELS = {
    "country": ("country_code", "country"),
    "region": ("region",),
    "city": ("city",),
    "industry": ("industry",),
    "language": ("language",),
    "source": ("source",),
}
_NUMBERS = {"employees": "employee_count", "revenue": "annual_revenue_minor"}
_FACT_OF = {column: name for name, column in _NUMBERS.items()}
_KIND_OF_CUSTOM = {
    FieldType.TEXT: FactKind.LEVEL,
    FieldType.CHOICE: FactKind.LEVEL,
    FieldType.BOOLEAN: FactKind.LEVEL,
    FieldType.NUMBER: FactKind.NUMBER,
}
_KINDS: dict[str, FactKind] = {
    **dict.fromkeys(_LEVELS, FactKind.LEVEL),
    **dict.fromkeys(_NUMBERS, FactKind.NUMBER),
    **dict.fromkeys(("campaign", "email", "phone", "website"), FactKind.LEVEL),
    "title": FactKind.WORDS,
    "completeness": FactKind.NUMBER,
    "description": FactKind.NUMBER,
    **dict.fromkeys(
        ("kind", "channel", "source", "medium", "weekday", "part_of_day"), FactKind.LEVEL
    ),
    "recency": FactKind.NUMBER,
    "age": FactKind.NUMBER,
}


@dataclass(frozen=True)
class FactReader:
    """Reads the facts of leads of one workspace."""

    custom: Mapping[str, CustomField]
    free_mail: Collection[str]

    def facts_of(self, lead: Lead, touches: Sequence[Touchpoint], moment: datetime) -> Facts:
        """The facts at a moment; the touches are those until then, oldest first."""
        facts: dict[str, Fact | None] = {
            **{name: _first(lead, columns) for name, columns in _LEVELS.items()},
            **{name: _number(getattr(lead, column)) for name, column in _NUMBERS.items()},
            "campaign": str(lead.campaign_id) if lead.campaign_id else None,
            "email": self._email(lead),
            "phone": "readable" if lead.phone_norm else "unreadable" if lead.phone else None,
            "website": "known" if lead.web_domain or lead.website else None,
            "title": title_words(lead.title),
            "description": float(len(lead.description.split())) if lead.description else None,
            KNOWN: [name for name in _COMPLETE if _answered(getattr(lead, name))],
            "age": max(FIRST_LOOK, moment - lead.created_at) / _DAY,
            **self._custom(lead),
            **touch_facts(touches, moment),
        }
        return {name: fact for name, fact in facts.items() if fact is not None and fact != []}

    def _email(self, lead: Lead) -> str | None:
        if not lead.email_norm:
            return "unreadable" if lead.email else None
        if lead.email_norm.rpartition("@")[2] in self.free_mail:
            return "free"
        return "role" if is_role_address(lead.email_norm) else "own domain"

    def _custom(self, lead: Lead) -> dict[str, Fact | None]:
        values = lead.custom or {}
        return {
            f"custom.{key}": _custom_fact(field, values.get(key))
            for key, field in self.custom.items()
            if field.type in _KIND_OF_CUSTOM
        }


def complete(facts: Facts, left_out: Collection[str]) -> Facts:
    """The facts with the share of columns that are filled in. What is left out of the model does
    not come in by that."""
    known = facts.get(KNOWN)
    counted = {name for name in _COMPLETE if fact_of(name) not in left_out}
    filled = sum(name in counted for name in known) if isinstance(known, list) else 0
    kept: Facts = {name: fact for name, fact in facts.items() if name != KNOWN}
    return kept | {"completeness": filled / max(1, len(counted))}


def fact_of(column: str) -> str:
    """The fact that a lead's column becomes."""
    return _FACT_OF.get(column, column)


def kind_of(name: str, custom: Mapping[str, CustomField]) -> FactKind:
    """How a fact of this name is learnt from."""
    if name.startswith("custom."):
        return _KIND_OF_CUSTOM[FieldType(custom[name.removeprefix("custom.")].type)]
    group, _, rest = name.partition(".")
    if group == "touches" and rest != "recency":
        return FactKind.COUNT
    return _KINDS[rest or group]


def title_words(title: str | None) -> list[str]:
    """The words of a job title, spellings of the same role as one."""
    words = re.findall(r"[^\W\d_]+", plain(title or ""))
    return sorted({_ROLES.get(word, word) for word in words if len(word) > 1} - _FILLING)


def plain(text: str) -> str:
    """The text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def touch_facts(touches: Sequence[Touchpoint], moment: datetime) -> dict[str, Fact | None]:
    """What somebody did until the moment: how often, how lately, on how many days, and how it
    began. What is `decayed`, and each kind, halves every 14 days."""
    facts: dict[str, Fact | None] = {}
    ages = [max(timedelta(0), moment - touch.occurred_at) for touch in touches]
    recent = [touch for touch, age in zip(touches, ages, strict=True) if age <= COUNTED_FOR]
    facts["touches.count"] = float(len(recent))
    facts["touches.days"] = float(len({touch.occurred_at.date() for touch in recent}))
    for channel, count in Counter(touch.channel for touch in recent if touch.channel).items():
        facts[f"touches.channel.{channel}"] = float(count)
    facts |= _decayed(touches, [2.0 ** -(age / HALF_LIFE) for age in ages])
    if touches:
        facts["touches.recency"] = max(FIRST_LOOK, min(ages)) / _DAY
        facts |= _beginning(touches[0])
    return facts


def _decayed(touches: Iterable[Touchpoint], left: Iterable[float]) -> dict[str, float]:
    sums: dict[str, float] = {"touches.decayed": 0.0}
    for touch, share in zip(touches, left, strict=True):
        for fact in ("touches.decayed", f"touches.kind.{touch.kind}"):
            sums[fact] = sums.get(fact, 0.0) + share
    return sums


def _beginning(first: Touchpoint) -> dict[str, Fact | None]:
    utm = first.utm or {}
    return {
        "first_touch.kind": first.kind,
        "first_touch.channel": first.channel,
        "first_touch.source": utm.get("source") or utm.get("utm_source"),
        "first_touch.medium": utm.get("medium") or utm.get("utm_medium"),
        "first_touch.weekday": first.occurred_at.strftime("%a").lower(),
        "first_touch.part_of_day": _PARTS_OF_DAY[first.occurred_at.hour // 6],
    }


_PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")


def _first(lead: Lead, columns: Iterable[str]) -> str | None:
    return next((value for name in columns if _answered(value := getattr(lead, name))), None)


def _answered(value: Any) -> bool:
    """Whether somebody chose it: a list that nobody touched sends its invitation to do so."""
    return bool(value) and not (isinstance(value, str) and _INVITATION.fullmatch(plain(value)))


_INVITATION = re.compile(
    r"[\W_]*(please |bitte )?(select|choose|auswahlen|wahlen|choisir|seleccionar|seleccione)"
    r"( (one|an option|a value|option))?[\W_]*|[\W_]*"
)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _custom_fact(field: CustomField, value: Any) -> Fact | None:
    if value is None or (isinstance(value, str) and not _answered(value)):
        return None
    if field.type == FieldType.NUMBER:
        return float(value) if isinstance(value, int | float) else None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


_SAME_ROLE = {
    "chief": "ceo cto cfo coo cio cmo cro cpo chief",
    "vp": "vp svp evp avp vice",
    "director": "director direktor direktorin directeur directrice direttore directora",
    "head": "head leiter leiterin leitung lead responsable",
    "owner": "owner founder cofounder inhaber inhaberin grunder grunderin gerant fondateur",
    "manager": "manager managerin gerente",
    "managing": "managing geschaftsfuhrer geschaftsfuhrerin gf",
    "student": "student studentin intern trainee praktikant praktikantin azubi stagiaire",
    "assistant": "assistant assistent assistentin asst",
    "it": "it edv informatik",
    "purchasing": "purchasing procurement einkauf buyer achats",
    "sales": "sales vertrieb verkauf",
}
_FILLING = frozenset("of the and for de la du des der die das und fur di et".split())
_ROLES = {word: role for role, words in _SAME_ROLE.items() for word in words.split()}
