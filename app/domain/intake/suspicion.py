"""What makes a submission look like a robot's. Nothing here drops one: it waits, or it is noted."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from app.domain.intake.forms import DisposableRule, Protection
from app.domain.intake.submissions import Finding


class Suspicion(StrEnum):
    """The codes."""

    HONEYPOT = "honeypot_filled"
    TOO_FAST = "too_fast"
    RENDERED_LATER = "rendered_in_the_future"
    RENDERED_NEVER = "rendered_at_forged"
    PROOF_MISSING = "proof_of_work_missing"
    PROOF_WRONG = "proof_of_work_wrong"
    PROOF_EXPIRED = "proof_of_work_expired"
    PROOF_REUSED = "proof_of_work_reused"
    DISPOSABLE = "disposable_email"
    ORIGIN = "origin_not_allowed"
    LINK_IN_NAME = "link_in_name"
    RATE = "rate"
    KEY_REUSED = "key_reused"


@dataclass(frozen=True)
class Rule:
    """What a suspicion says, and whether the submission waits for it."""

    detail: str
    _: KW_ONLY
    holds: bool


# What an honest visitor's browser or an honest mistake of the site may cause as well is only noted,
# where it is frequent: a lead that waits is a lead that gets no answer.
RULES: dict[str, Rule] = {
    Suspicion.HONEYPOT: Rule("a field that people cannot see was filled in", holds=True),
    Suspicion.TOO_FAST: Rule(
        "it was sent sooner after the form was shown than people can", holds=True
    ),
    Suspicion.RENDERED_LATER: Rule(
        "it says that the form was shown after it was sent", holds=False
    ),
    Suspicion.RENDERED_NEVER: Rule(
        "it does not say in milliseconds when it was shown", holds=False
    ),
    Suspicion.PROOF_MISSING: Rule("the proof of work is missing", holds=True),
    Suspicion.PROOF_WRONG: Rule("the proof of work is wrong", holds=True),
    Suspicion.PROOF_EXPIRED: Rule("the proof of work is too old", holds=True),
    Suspicion.PROOF_REUSED: Rule("the proof of work was used before", holds=True),
    Suspicion.DISPOSABLE: Rule("the e-mail address is of a throw-away service", holds=False),
    Suspicion.ORIGIN: Rule("it came from a site that is not in allowed_origins", holds=True),
    Suspicion.LINK_IN_NAME: Rule("a name holds a link or markup", holds=True),
    Suspicion.KEY_REUSED: Rule("its Idempotency-Key came before with another body", holds=False),
    Suspicion.RATE: Rule("more came from this key or address than is usual", holds=False),
}

# A page that was shown by another clock than the one it was sent by.
CLOCK_SKEW = timedelta(minutes=1)
_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_MARKUP = re.compile(r"https?:/|www\.\w|<[a-z/!]|\[/?url|&#\w+;", re.IGNORECASE)
# A host and a path. Case matters: "Dr.Weber/Kunz" is a name, "bit.ly/x7" is none.
_SHORT_LINK = re.compile(r"\b[\w-]+\.[a-z]{2,12}/\S")


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What is known of a submission.

    `at_the_door` has the codes that were found when it came in. `rendered_at` is as sent;
    `submitted_at` is by the visitor's clock, as `rendered_at` then is. `own_host` is the host it
    was sent to: a page of ours is always welcome.
    """

    received_at: datetime
    at_the_door: Sequence[str] = ()
    honeypot: Any = None
    rendered_at: Any = None
    submitted_at: datetime | None = None
    disposable: bool = False
    origin: str | None = None
    own_host: str | None = None
    allowed_origins: Sequence[str] = ()
    names: Mapping[str, Any] = field(default_factory=dict)


def suspicions(signs: Signs, protection: Protection) -> list[Finding]:
    """All that speaks against a submission, each once."""
    found = [*map(finding, _known(signs.at_the_door))]
    if protection.honeypot and _says_something(signs.honeypot):
        found.append(finding(Suspicion.HONEYPOT, protection.honeypot))
    if (timing := _timing(signs, protection)) is not None:
        found.append(finding(timing))
    if signs.disposable and protection.block_disposable is not DisposableRule.OFF:
        found.append(finding(Suspicion.DISPOSABLE))
    if not _welcome(signs):
        found.append(finding(Suspicion.ORIGIN))
    for name, value in signs.names.items():
        if holds_a_link(value):
            found.append(finding(Suspicion.LINK_IN_NAME, name))
    return found


def finding(code: Suspicion, name: str | None = None) -> Finding:
    """The finding of a code, about one field if it names one."""
    return Finding(code=code, detail=RULES[code].detail, field=name)


def sorted_out(
    found: Iterable[Finding], protection: Protection
) -> tuple[list[Finding], list[Finding]]:
    """What the submission waits for, and what is only noted."""
    holds: list[Finding] = []
    notes: list[Finding] = []
    for one in found:
        (holds if _waits_for(one.code, protection) else notes).append(one)
    return holds, notes


def holds_a_link(value: Any) -> bool:
    """Whether a name holds what no name does."""
    if not isinstance(value, str):
        return False
    return bool(_MARKUP.search(value) or _SHORT_LINK.search(value))


def _waits_for(code: str, protection: Protection) -> bool:
    if code == Suspicion.DISPOSABLE:
        return protection.block_disposable is DisposableRule.HOLD
    rule = RULES.get(code)
    return rule is not None and rule.holds


def _known(codes: Iterable[str]) -> Iterator[Suspicion]:
    for code in dict.fromkeys(codes):
        if code in RULES:
            yield Suspicion(code)


def _says_something(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def _timing(signs: Signs, protection: Protection) -> Suspicion | None:
    if signs.rendered_at is None or signs.rendered_at == "":
        return None
    rendered = _instant(signs.rendered_at)
    if rendered is None:
        return Suspicion.RENDERED_NEVER
    sent = signs.submitted_at or signs.received_at
    skew = timedelta() if signs.submitted_at else CLOCK_SKEW
    if rendered > sent + skew:
        return Suspicion.RENDERED_LATER
    if sent - rendered < timedelta(seconds=protection.min_seconds):
        return Suspicion.TOO_FAST
    return None


def _instant(milliseconds: Any) -> datetime | None:
    """The instant of a JavaScript clock; None for anything else."""
    text = str(milliseconds).strip() if not isinstance(milliseconds, bool) else ""
    if not re.fullmatch(r"[0-9]{1,15}", text):
        return None
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))
    return instant if _EARLIEST < instant < _LATEST else None


def _welcome(signs: Signs) -> bool:
    """Not everybody says where they come from; of those who do, a form may choose."""
    if not signs.origin or not signs.allowed_origins:
        return True
    origin = signs.origin.lower()
    if origin in signs.allowed_origins:
        return True
    try:
        return bool(signs.own_host) and urlsplit(origin).netloc == str(signs.own_host).lower()
    except ValueError:
        return False
