"""What sets two scoring models apart, rule by rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SECTIONS = ("fit", "engagement")


@dataclass(frozen=True, kw_only=True)
class RuleChange:
    """A rule that both have, with the members that differ."""

    section: str
    key: str
    label: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class NamedRule:
    """A rule that only one has."""

    section: str
    rule: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Differences:
    """From one document to the other. `settings` holds whatever is no rule, by its place."""

    added: list[NamedRule] = field(default_factory=list)
    removed: list[NamedRule] = field(default_factory=list)
    changed: list[RuleChange] = field(default_factory=list)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Differences:
    """What changes from one whole document (defaults included) to the other. Rules are the same
    that have the same key; their order means nothing."""
    found = Differences()
    for section in _SECTIONS:
        old, new = ({rule["key"]: rule for rule in d[section]["rules"]} for d in (before, after))
        found.added.extend(
            NamedRule(section=section, rule=rule) for key, rule in new.items() if key not in old
        )
        found.removed.extend(
            NamedRule(section=section, rule=rule) for key, rule in old.items() if key not in new
        )
        for key in old.keys() & new.keys():
            names = sorted(n for n in old[key] if old[key][n] != new[key].get(n))
            if names:
                found.changed.append(
                    RuleChange(
                        section=section,
                        key=key,
                        label=new[key]["label"],
                        before={name: old[key][name] for name in names},
                        after={name: new[key].get(name) for name in names},
                    )
                )
    found.changed.sort(key=lambda change: (_SECTIONS.index(change.section), change.key))
    old_settings, new_settings = _settings(before), _settings(after)
    for place in sorted(old_settings.keys() | new_settings.keys()):
        one, other = old_settings.get(place), new_settings.get(place)
        if one != other:
            found.settings[place] = {"before": one, "after": other}
    return found


def _settings(document: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Every value that is no rule, by its JSON pointer."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        place = f"{at}/{name}"
        if name == "rules" and at in ("/fit", "/engagement"):
            continue
        if isinstance(value, Mapping):
            found |= _settings(value, place)
        else:
            found[place] = value
    return found
