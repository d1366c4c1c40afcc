"""Placeholder until the rule is written."""

from enum import StrEnum


class Criterion(StrEnum):
    BUDGET = "budget"
    AUTHORITY = "authority"
    NEED = "need"
    TIMELINE = "timeline"


class Outcome(StrEnum):
    QUALIFIED = "qualified"
    NOT_YET = "not_yet"
    DISQUALIFIED = "disqualified"
