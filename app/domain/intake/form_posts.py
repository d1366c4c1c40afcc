"""What a browser sent to a form: names and values in their order, before any form reads them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.domain.intake.submissions import Finding

# Names of a post besides the fields of its form.
VISITOR = "tl_visitor"
KEY = "tl_key"
RENDERED_AT = "tl_rendered_at"
SUBMITTED_AT = "tl_submitted_at"
PROOF_OF_WORK = "tl_pow"
PAGE = "tl_page"
REFERRER = "tl_referrer"
UTM = "tl_utm_"
CLICK = "tl_click_"
CONSENT = "tl_consent_"


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """A file as its sender describes it; the bytes are in the stored body."""

    field: str
    filename: str
    content_type: str
    size: int


@dataclass(frozen=True, kw_only=True)
class FormPost:
    """Answers as given. `holds` say that not everything could be read, `notes` how it was read.

    A value is text, or from JSON a number, a flag, null, a list or an object.
    """

    answers: list[tuple[str, Any]] = field(default_factory=list)
    files: list[UploadedFile] = field(default_factory=list)
    holds: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @cached_property
    def by_name(self) -> dict[str, list[Any]]:
        """All values of each name, in their order."""
        found: dict[str, list[Any]] = {}
        for name, value in self.answers:
            found.setdefault(name, []).append(value)
        return found

    def text(self, name: str) -> str | None:
        """The last text or number under a name, without blanks around it; None when blank."""
        for value in reversed(self.by_name.get(name, ())):
            if isinstance(value, str | int | float) and str(value).strip():
                return str(value).strip()
        return None

    def named(self, prefix: str) -> Iterable[tuple[str, str]]:
        """What follows the prefix in each name that starts with it, and the text under it."""
        for name in self.by_name:
            if name.startswith(prefix) and (text := self.text(name)) is not None:
                yield name.removeprefix(prefix), text
