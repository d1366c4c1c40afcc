"""What the clients saw, written down as it happens, and held against what is stored at the end."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

DOMAIN = "crash.example.com"


class Outcome(StrEnum):
    """What became of one attempt, as far as the client can tell."""

    OK = "ok"  # acknowledged: it must be there, once
    FAIL = "fail"  # refused with a 4xx: it must not be there
    INFO = "info"  # in doubt: an error, a cut line, a time-out
    REFUSED = "refused"  # nobody listened: it never arrived


def email_of(key: str) -> str:
    """Each submission names a person of its own."""
    return f"{key}@{DOMAIN}"


def key_of(email: str) -> str:
    """The submission that named this person."""
    return email.removesuffix(f"@{DOMAIN}")


@dataclass
class Entry:
    """One submission: how often it was tried, and every receipt that was handed out for it."""

    attempts: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        return Outcome.OK in self.outcomes

    @property
    def refused(self) -> bool:
        """The service said no and never anything else."""
        return bool(self.outcomes) and set(self.outcomes) <= {Outcome.FAIL, Outcome.REFUSED}


class Ledger:
    """Entries by key, in memory and as JSON lines in a file."""

    def __init__(self, file: Path | None = None) -> None:
        self.entries: dict[str, Entry] = {}
        self.seconds: list[float] = []  # of each attempt that was answered
        self.reasons: list[str] = []  # why lines broke
        self._file: TextIO | None = file.open("a", encoding="utf-8") if file else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()

    def invoke(self, key: str) -> None:
        """An attempt begins."""
        self.entries.setdefault(key, Entry()).attempts += 1
        self._write(key, "invoke")

    def ok(self, key: str, status: int, receipt: str, seconds: float) -> None:
        """Acknowledged."""
        entry = self._ended(key, Outcome.OK, status)
        entry.receipts.append(receipt)
        self.seconds.append(seconds)
        self._write(key, "ok", status=status, receipt=receipt, seconds=round(seconds, 6))

    def fail(self, key: str, status: int, seconds: float) -> None:
        """Refused for what it says: trying again would not help."""
        self._ended(key, Outcome.FAIL, status)
        self.seconds.append(seconds)
        self._write(key, "fail", status=status, seconds=round(seconds, 6))

    def info(self, key: str, reason: str, seconds: float, status: int = 0) -> None:
        """In doubt; 503 and 429 are answers, the rest are lines that broke."""
        self._ended(key, Outcome.INFO, status)
        self.reasons.append(f"{status or ''} {reason}".strip())
        if status:
            self.seconds.append(seconds)
        self._write(key, "info", status=status, reason=reason, seconds=round(seconds, 6))

    def refused(self, key: str) -> None:
        """Nobody listened."""
        self._ended(key, Outcome.REFUSED, 0)
        self._write(key, "refused")

    @property
    def acknowledged(self) -> list[str]:
        return [key for key, entry in self.entries.items() if entry.acknowledged]

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was answered."""
        return Counter(status for entry in self.entries.values() for status in entry.statuses)

    def percentile(self, share: float) -> float:
        """Of the answered attempts' seconds; 0 when nothing was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def _ended(self, key: str, outcome: Outcome, status: int) -> Entry:
        entry = self.entries.setdefault(key, Entry())
        entry.outcomes.append(outcome)
        if status:
            entry.statuses.append(status)
        return entry

    def _write(self, key: str, event: str, **more: object) -> None:
        if self._file:
            self._file.write(json.dumps({"key": key, "event": event, **more}) + "\n")


@dataclass(frozen=True)
class Found:
    """What is stored: by receipt the key that the stored body names, and leads and touches by key.

    `waiting` are receipts in the spool or in quarantine, not yet in the table.
    """

    submissions: list[tuple[str, str]]
    leads: Counter[str]
    touches: Counter[str]
    waiting: frozenset[str] = frozenset()
    quarantined: int = 0
    uncaptured: frozenset[str] = frozenset()  # keys that rest in another state than captured
    issued: int | None = None  # receipts, as the database itself counted them


@dataclass
class Verdict:
    """Keys, by what is wrong with them; all empty is what was promised."""

    lost: list[str] = field(default_factory=list)
    stored_twice: list[str] = field(default_factory=list)
    other_receipt: list[str] = field(default_factory=list)
    changed_receipt: list[str] = field(default_factory=list)
    no_lead: list[str] = field(default_factory=list)
    several_leads: list[str] = field(default_factory=list)
    wrong_touches: list[str] = field(default_factory=list)
    never_sent: list[str] = field(default_factory=list)
    refused_yet_stored: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)
    acknowledged: int = 0
    in_doubt: int = 0  # never acknowledged, and stored all the same: allowed

    @property
    def problems(self) -> dict[str, list[str]]:
        """What is wrong, with the keys."""
        lists = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: keys for name, keys in lists.items() if isinstance(keys, list) and keys}

    @property
    def lost_count(self) -> int:
        return len({*self.lost, *self.no_lead})

    @property
    def duplicate_count(self) -> int:
        return len({*self.stored_twice, *self.several_leads, *self.wrong_touches})

    def __str__(self) -> str:
        told = [f"{self.acknowledged} acknowledged, {self.in_doubt} in doubt"]
        for name, keys in self.problems.items():
            told.append(f"{name}: {len(keys)} ({', '.join(sorted(keys)[:5])})")
        return "; ".join(told)


def check(ledger: Ledger, found: Found, *, captured: bool = True) -> Verdict:
    """Hold the history against the end; `captured` also asks for one lead and one touch each."""
    verdict = Verdict(acknowledged=len(ledger.acknowledged))
    stored: dict[str, list[str]] = {}
    for receipt, key in found.submissions:
        stored.setdefault(key, []).append(receipt)
    for key, entry in ledger.entries.items():
        _check_entry(verdict, key, entry, stored.get(key, []), found.waiting)
        if captured and key in stored:
            _check_capture(verdict, key, found)
    stored_at_all = len(found.submissions) + found.quarantined
    if found.issued not in (None, stored_at_all):
        verdict.unbalanced = [f"{found.issued} issued, {stored_at_all} stored"]
    verdict.never_sent = _strangers(ledger, [*stored, *found.leads, *found.touches])
    return verdict


def _check_entry(
    verdict: Verdict, key: str, entry: Entry, stored: list[str], waiting: frozenset[str]
) -> None:
    if len(set(entry.receipts)) > 1:
        verdict.changed_receipt.append(key)
    if len(stored) > 1:
        verdict.stored_twice.append(key)
    if entry.acknowledged:
        places = {*stored, *(receipt for receipt in entry.receipts if receipt in waiting)}
        if not places:
            verdict.lost.append(key)
        elif not set(entry.receipts) <= places:
            verdict.other_receipt.append(key)
    elif stored and entry.refused:
        verdict.refused_yet_stored.append(key)
    elif stored:
        verdict.in_doubt += 1


def _check_capture(verdict: Verdict, key: str, found: Found) -> None:
    leads, touches = found.leads[key], found.touches[key]
    if leads == 0 or key in found.uncaptured:
        verdict.no_lead.append(key)
    if leads > 1:
        verdict.several_leads.append(key)
    if leads and touches != 1:
        verdict.wrong_touches.append(key)


def _strangers(ledger: Ledger, keys: Iterable[str]) -> list[str]:
    return sorted({key for key in keys if key not in ledger.entries})
