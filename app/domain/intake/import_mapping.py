"""Which field a column is likely meant for: by its header, and by what stands in it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from app.domain.intake.import_dates import DateEvidence, DateOrder, parse_instant, with_order
from app.domain.intake.import_fields import TARGETS, ImportKind, ValueType, plain_name, target_named
from app.domain.intake.import_numbers import SignEvidence

SAMPLES = 5
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_PHONE = re.compile(r"[+(]?\d[\d\s()./-]{5,24}\d(?:\s*(?:x|ext\.?)\s*\d+)?")
_URL = re.compile(r"(?:https?://|www\.)\S+\.\S+", re.IGNORECASE)
_NUMBER = re.compile(r"[^\d]{0,4}[\d.,'\s]*\d[^\d]{0,4}")
_MOSTLY = 0.7
_SURE_ENOUGH = 0.5


@dataclass
class ColumnSight:
    """What was seen in a column."""

    name: str
    filled: int = 0
    emails: int = 0
    phones: int = 0
    urls: int = 0
    dates: int = 0
    samples: list[str] = field(default_factory=list)
    order: DateEvidence = field(default_factory=DateEvidence)
    sign: SignEvidence = field(default_factory=SignEvidence)

    def look(self, cell: Any) -> None:
        """Take a cell into account."""
        if cell is None or cell == "":
            return
        if isinstance(cell, datetime | date):
            self.filled += 1
            self.dates += 1
            self._keep(cell.isoformat())
            return
        text = cell.strip() if isinstance(cell, str) else str(cell)
        if not text:
            return
        self.filled += 1
        self._keep(text)
        if "@" in text:
            self.emails += _EMAIL.fullmatch(text) is not None
        elif _URL.fullmatch(text):
            self.urls += 1
        elif any(character.isdigit() for character in text) and isinstance(cell, str):
            self._look_at_digits(text)

    def _look_at_digits(self, text: str) -> None:
        if len(text) <= 40:
            self.order.look(text)
            if ("," in text or "." in text) and _NUMBER.fullmatch(text):
                self.sign.look(re.sub(r"^[^\d(+-]+|[^\d)]+$", "", text))
            if _is_date(text):
                self.dates += 1
            elif _PHONE.fullmatch(text):
                self.phones += 1

    def _keep(self, text: str) -> None:
        if len(self.samples) < SAMPLES and text[:200] not in self.samples:
            self.samples.append(text[:200])

    def told(self) -> dict[str, Any]:
        """As it is stored beside the file."""
        sign = self.sign.sign
        return {
            "name": self.name,
            "filled": self.filled,
            "samples": self.samples,
            "date_order": {sign: order.value for sign, order in self.order.orders.items()},
            "date_order_open": self.order.undecided,
            "decimal": sign.value if sign else None,
            "decimal_open": self.sign.is_undecided,
        }


def _is_date(text: str) -> bool:
    for order in DateOrder:
        try:
            parse_instant(text, with_order({}, order), UTC)
        except (ValueError, OverflowError):
            continue
        return True
    return False


@dataclass(frozen=True)
class Suggestion:
    """A field for a column, how likely it is, and why."""

    column: str
    to: str | None
    confidence: float
    because: str | None


def suggest(
    columns: Iterable[ColumnSight], kind: ImportKind, custom: Mapping[str, str]
) -> list[Suggestion]:
    """A target for each column, none twice; `custom` are the labels of custom fields by key."""
    sights = list(columns)
    names = _names_for(kind, custom)
    ranked = sorted(
        (
            (confidence, -place, target, because)
            for place, sight in enumerate(sights)
            for target, confidence, because in _candidates(sight, names)
            if confidence >= _SURE_ENOUGH
        ),
        reverse=True,
    )
    taken: dict[int, Suggestion] = {}
    used: set[str] = set()
    for confidence, place, target, because in ranked:
        if -place not in taken and target not in used:
            used.add(target)
            name = sights[-place].name
            taken[-place] = Suggestion(name, target, round(confidence, 2), because)
    return [taken.get(n, Suggestion(s.name, None, 0.0, None)) for n, s in enumerate(sights)]


def _names_for(kind: ImportKind, custom: Mapping[str, str]) -> dict[str, str]:
    """Targets by the plain names of columns; what belongs to this kind alone comes first."""
    names: dict[str, str] = {}
    own = {"touchpoints": "touch.", "opportunities": "opportunity.", "audit": "audit."}
    prefix = own.get(kind.value, "")
    several = sorted(TARGETS.values(), key=lambda t: not t.name.startswith(prefix))
    for target in several:
        if kind in target.kinds:
            for name in (*target.names, plain_name(target.name)):
                names.setdefault(name, target.name)
    if kind is ImportKind.LEADS:
        # In a file of persons these are no touches: a column `Type` is the workspace's own.
        for vague in ("type", "date", "time", "kind", "timestamp", "activity", "datum", "fecha"):
            names.pop(vague, None)
        for key, label in custom.items():
            names[plain_name(key)] = names[plain_name(label)] = f"custom.{key}"
    return names


def _candidates(sight: ColumnSight, names: Mapping[str, str]) -> Iterable[tuple[str, float, str]]:
    plain = plain_name(sight.name)
    if plain in names:
        target = names[plain]
        yield target, *_weighed(sight, target, 0.95, "header")
    else:
        # `Contact: E-Mail (work)` names its field among other words.
        for words in _parts(sight.name):
            if words in names:
                yield names[words], *_weighed(sight, names[words], 0.6, "part of the header")
    seen = sight.filled or 1
    for target, count in (
        ("email", sight.emails),
        ("website", sight.urls),
        ("phone", sight.phones),
    ):
        if sight.filled and count / seen >= _MOSTLY and target in names.values():
            yield target, 0.5 + 0.3 * count / seen, "values"


def _weighed(sight: ColumnSight, target: str, confidence: float, because: str) -> tuple[float, str]:
    """Believe a header more when the values agree with it, and less when they do not."""
    found = target_named(target)
    wanted = found.type if found else ValueType.TEXT
    counts = {
        ValueType.EMAIL: sight.emails,
        ValueType.PHONE: sight.phones,
        ValueType.DATE: sight.dates,
        ValueType.INSTANT: sight.dates,
    }
    if sight.filled and wanted in counts:
        share = counts[wanted] / sight.filled
        return confidence * (0.55 + 0.45 * share) + 0.04 * share, f"{because} and values"
    if sight.filled and sight.emails / sight.filled > _MOSTLY and target != "owner":
        return confidence * 0.4, because
    return confidence, because


def _parts(header: str) -> Sequence[str]:
    """The ends of the header, the longest first: the field is what the other words describe."""
    plain = re.sub(r"\([^)]*\)", " ", header.casefold())
    words = [word for word in re.split(r"[\W_]+", plain) if word]
    return ["".join(words[start:]) for start in range(len(words))][:10]
