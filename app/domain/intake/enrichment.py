"""What a further submission may add to a lead that is known: only what was blank."""

from collections.abc import Mapping
from typing import Any

from app.domain.leads.leads import BLOCKS

_IN_BLOCKS = frozenset(name for block in BLOCKS for name in block)
# Who won the lead is settled by the first touch.
_SETTLED = frozenset({"source", "campaign_id", "custom"})


def blanks_filled(held: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Of the given fields, those that the lead has blank; custom fields likewise."""
    filled = {
        name: value
        for name, value in given.items()
        if name not in _IN_BLOCKS | _SETTLED and _blank(held.get(name)) and not _blank(value)
    }
    for block in BLOCKS:
        if all(_blank(held.get(name)) for name in block):
            filled |= {name: given[name] for name in block if not _blank(given.get(name))}
    custom = {
        key: value
        for key, value in (given.get("custom") or {}).items()
        if _blank((held.get("custom") or {}).get(key)) and not _blank(value)
    }
    return filled | ({"custom": custom} if custom else {})


def emptied(held: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a lead holds, blank wherever something is given, blocks as a whole."""
    names = {name for name, value in given.items() if not _blank(value)}
    for block in BLOCKS:
        if names & set(block):
            names |= set(block)
    told = given.get("custom") or {}
    custom = {key: v for key, v in (held.get("custom") or {}).items() if key not in told}
    return {**held, **dict.fromkeys(names), "custom": custom}


def _blank(value: Any) -> bool:
    return value is None or value in ("", [], {})
