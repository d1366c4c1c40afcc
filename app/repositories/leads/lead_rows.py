"""Which rows point to a lead, and what becomes of them when it is merged into another.

Every column that does is in `MOVES` or in `STAYS`; a test holds both against the database.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, case, func, or_, select

from app.repositories.statements import own, param
from app.repositories.tables.enrichment import enrichment_proposals
from app.repositories.tables.intake import submissions
from app.repositories.tables.intake_visitors import visitor_touches, visitors
from app.repositories.tables.leads import lead_identities, leads
from app.repositories.tables.matching import duplicate_dismissals
from app.repositories.tables.record import touchpoints
from app.repositories.tables.ripeness import assessment_answers, assessments


def lead_param(name: str) -> ColumnElement[Any]:
    """The parameter that names a lead."""
    return param(name, leads.c.id)


@dataclass(frozen=True)
class Moves:
    """A column that points to a lead. `since` tells when a row came to be; of rows that are equal
    in `alike` a lead has one, so that the loser keeps what the winner has as well. `only` narrows
    that to rows with this value in this column."""

    table: Table
    column: str = "lead_id"
    key: str = "id"
    since: str | None = None
    alike: tuple[str, ...] = ()
    only: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """What the ledger calls it."""
        return "absorbed" if self.table is leads else str(self.table.name)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that point to a lead."""
        return (self.column,)

    def of(self, lead: str) -> ColumnElement[bool]:
        """The rows that point to the lead which this parameter names."""
        return own(self.table) & (self.table.c[self.column] == lead_param(lead))

    def going(self) -> ColumnElement[bool]:
        """The loser's rows that go to the winner."""
        if not self.alike:
            return self.of("loser_id")
        twin = self.table.alias("twin")
        same = [twin.c[name] == self.table.c[name] for name in self.alike]
        if self.only:
            name, value = self.only
            same += [side.c[name] == value for side in (twin, self.table)]
        has = select(1).where(own(twin), twin.c[self.column] == lead_param("winner_id"), *same)
        return self.of("loser_id") & ~has.exists()

    def pointed(self, lead: str, other: str) -> dict[str, Any]:  # noqa: ARG002 - for pairs
        """What is set so that rows of one lead point to the other."""
        return {self.column: lead_param(other)}


@dataclass(frozen=True)
class PairMoves(Moves):
    """Rows that name two leads, the smaller id first."""

    pair: tuple[str, str] = ("lead_a", "lead_b")

    @property
    def columns(self) -> tuple[str, ...]:
        """Both."""
        return self.pair

    def of(self, lead: str) -> ColumnElement[bool]:
        """The rows that name the lead, of the kind that are about leads."""
        one, other = self._pair
        named = or_(one == lead_param(lead), other == lead_param(lead))
        return own(self.table) & (self.table.c.record == "lead") & named

    def going(self) -> ColumnElement[bool]:
        """The loser's rows, but for the one with the winner and those the winner has as well."""
        twin = self.table.alias("twin")
        other = self._beside("loser_id")
        has = select(1).where(
            own(twin),
            twin.c.record == "lead",
            twin.c[self.pair[0]] == func.least(other, lead_param("winner_id")),
            twin.c[self.pair[1]] == func.greatest(other, lead_param("winner_id")),
        )
        return self.of("loser_id") & (other != lead_param("winner_id")) & ~has.exists()

    def pointed(self, lead: str, other: str) -> dict[str, Any]:
        """The other of the two, and the lead beside it."""
        both = self._beside(lead), lead_param(other)
        return {self.pair[0]: func.least(*both), self.pair[1]: func.greatest(*both)}

    @property
    def _pair(self) -> tuple[Any, Any]:
        return self.table.c[self.pair[0]], self.table.c[self.pair[1]]

    def _beside(self, lead: str) -> ColumnElement[Any]:
        one, other = self._pair
        return case((one == lead_param(lead), other), else_=one)


MOVES = (
    Moves(touchpoints, since="recorded_at"),
    Moves(assessments, since="recorded_at"),
    Moves(assessment_answers),
    Moves(submissions, since="processed_at"),
    Moves(visitors, key="visitor_id", since="identified_at"),
    Moves(visitor_touches, since="recorded_at"),
    Moves(lead_identities, since="created_at", alike=("kind", "system", "value")),
    Moves(
        enrichment_proposals,
        since="created_at",
        alike=("provider_id", "field"),
        only=("status", "open"),
    ),
    PairMoves(duplicate_dismissals, since="created_at"),
    # So that whoever was merged into the loser leads to the winner at once.
    Moves(leads, column="merged_into"),
)

# Of these a lead may keep rows that the winner has as well.
ALIKE = frozenset(m.name for m in MOVES if m.alike or isinstance(m, PairMoves))

STAYS: dict[tuple[str, str], str] = {
    ("events", "lead_id"): "what is written stays; the winner's timeline reads it there",
    ("conversions", "lead_id"): "a converted lead is never merged into another",
    ("accounts", "originating_lead_id"): "the old id leads on to the winner",
    ("contacts", "originating_lead_id"): "the old id leads on to the winner",
    ("opportunities", "originating_lead_id"): "the old id leads on to the winner",
    ("import_rows", "lead_id"): "what an import made is undone under the id that it had",
    ("match_keys", "record_id"): "worked out from the lead; of one that is gone they find nothing",
    ("segment_members", "lead_id"): "worked out from the journal, which tells of the merge",
    ("segment_picks", "lead_id"): "whom people picked; who stands for it is in the segment",
    ("duplicate_pairs", "first_id"): "found anew by the next scan",
    ("duplicate_pairs", "second_id"): "found anew by the next scan",
    ("lead_scores", "lead_id"): "the winner's score is worked out anew from all of its touches",
    ("lead_predictions", "lead_id"): "foretold anew of the winner; an override is said of one lead",
    ("lead_merges", "winner_id"): "the ledger itself",
    ("lead_merges", "loser_id"): "the ledger itself",
}
