"""What a run found: how many cases, what was measured, and what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.crash.ledger import Ledger, Verdict
from tests.crash.writers import Writers


@dataclass
class Report:
    """One run; without problems the promise held."""

    title: str
    cases: int
    seed: int
    leads: int = 0
    measured: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """What the ledger held against the end says."""
        self.leads += verdict.acknowledged
        self.measured["lost"] = str(verdict.lost_count)
        self.measured["duplicates"] = str(verdict.duplicate_count)
        self.measured["in doubt"] = str(verdict.in_doubt)
        if verdict.problems:
            self.problems.append(str(verdict))

    def add_writers(self, writers: Writers) -> None:
        """What the clients met that no client should: errors, and questions without an answer."""
        self.expect(not writers.errors, f"{len(writers.errors)} errors: {writers.errors[:3]}")
        unanswered = writers.unanswered
        self.expect(not unanswered, f"{len(unanswered)} never answered: {unanswered[:3]}")

    def add_statuses(self, ledger: Ledger) -> None:
        """How often each status was answered."""
        counts = sorted(ledger.statuses.items())
        self.measured["statuses"] = " ".join(f"{status}:{count}" for status, count in counts)

    def expect(self, holds: object, otherwise: str) -> None:
        """Note a problem unless this holds."""
        if not holds:
            self.problems.append(otherwise)

    def expect_some(self, name: str, counts: Iterable[int]) -> None:
        """A run in which nothing happened proves nothing."""
        self.expect(any(counts), f"no {name}: the run proved nothing")

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value}" for name, value in self.measured.items())
        line = f"{self.title}: {self.cases} cases, {self.leads} leads, seed {self.seed}; {told}"
        return "\n  ".join([line, *(f"PROBLEM {problem}" for problem in self.problems)])
