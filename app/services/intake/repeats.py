"""The same form sent twice: two submissions, one lead, one touch."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from app.domain.intake.submissions import Claimed, Fate, Finding, SubmissionStatus
from app.repositories.unit_of_work import UnitOfWork

WINDOW = timedelta(minutes=10)
_REPEATED = Finding(code="repeated", detail="the same was sent within ten minutes before")


@dataclass
class Repeats:
    """`firsts` are to be captured; the others share what becomes of an earlier one."""

    firsts: list[Claimed] = field(default_factory=list)
    _settled: list[Fate] = field(default_factory=list)
    _awaiting: dict[UUID, UUID] = field(default_factory=dict)

    @classmethod
    async def among(cls, uow: UnitOfWork, claimed: Sequence[Claimed]) -> Self:
        """Tell firsts and repeats apart, by fingerprint and time.

        A repeat whose first is in another worker's hands is in neither: it waits for its turn.
        """
        found = cls()
        marked = [e.delivery for e in claimed if e.delivery.fingerprint and not e.released]
        earlier: dict[bytes, list[Any]] = {}
        if marked:
            since = min(delivery.received_at for delivery in marked) - WINDOW
            prints = [d.fingerprint for d in marked if d.fingerprint]
            for row in await uow.submissions.with_fingerprints(prints, since):
                earlier.setdefault(row["fingerprint"], []).append(row)
        in_hand = {each.delivery.id for each in claimed}
        for each in claimed:
            rows = [] if each.released else earlier.get(each.delivery.fingerprint or b"", [])
            found._sort(each, _first_of(each, rows), in_hand)
        return found

    def like_their_firsts(self, fates: Sequence[Fate]) -> list[Fate]:
        """The fates of the repeats, when those of the firsts in the same batch are known."""
        by_id = {fate.id: fate for fate in fates}
        shared = list(self._settled)
        for repeat_id, first_id in self._awaiting.items():
            first = by_id.get(first_id)
            if first is not None:
                shared.append(
                    replace(
                        first,
                        id=repeat_id,
                        findings=[_REPEATED],
                        outcome="matched" if first.lead_id else None,
                        duplicate_of=first.duplicate_of or first_id,
                    )
                )
        return shared

    def _sort(self, each: Claimed, first: Any | None, in_hand: set[UUID]) -> None:
        if first is None:
            self.firsts.append(each)
        elif first["status"] != SubmissionStatus.RECEIVED:
            self._settled.append(
                Fate(
                    id=each.delivery.id,
                    status=SubmissionStatus(first["status"]),
                    findings=[_REPEATED],
                    email_norm=first["email_norm"],
                    lead_id=first["lead_id"],
                    outcome="matched" if first["lead_id"] else None,
                    touchpoint_id=first["touchpoint_id"],
                    duplicate_of=first["duplicate_of"] or first["id"],
                )
            )
        elif first["id"] in in_hand:
            self._awaiting[each.delivery.id] = first["id"]


def _first_of(each: Claimed, rows: Sequence[Any]) -> Any | None:
    """The first of the same fingerprint within the window before this one, if it is not itself."""
    delivery = each.delivery
    mark = delivery.received_at, delivery.id
    return next(
        (
            row
            for row in rows
            if delivery.received_at - WINDOW <= row["received_at"]
            # A trial before it is no reason to leave the real one out.
            and row["is_test"] == delivery.is_test
            and (row["received_at"], row["id"]) < mark
        ),
        None,
    )
