"""Identities: normalised keys, each of which points to one lead."""

from dataclasses import dataclass
from enum import StrEnum


class IdentityKind(StrEnum):
    """What sort of key it is."""

    EMAIL = "email"
    EXTERNAL = "external"


@dataclass(frozen=True)
class Identity:
    """One key; `system` is empty for keys that mean the same everywhere, such as e-mail."""

    kind: IdentityKind
    value: str
    system: str = ""
