"""Undoing a merge: both leads as they were, but for what has happened since."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, NotFound
from app.domain.leads.identities import Identity, IdentityKind, IdentitySource, LeadIdentity
from app.domain.leads.leads import Lead
from app.domain.leads.merges import (
    EditedSince,
    Merge,
    Standing,
    flat,
    joined_at,
    nested,
    taken_back,
    without_undone,
    words_due,
)
from app.domain.leads.status import Status
from app.domain.reach.events import Cause, CauseKind, EventType, difference
from app.platform.ids import new_id
from app.repositories.leads.lead_rows import ALIKE
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.journal import caused_by, record_changes
from app.services.leads.normalisation import following
from app.services.leads.score_keeping import ScoreKeeper
from app.services.leads.verdicts import shown_verdict

_VERDICT = ("qualification_outcome", "qualification_score", "qualification_completeness")
_UNTOUCHED = {"first_touch_at": None, "last_touch_at": None, "touch_count": 0}


class MergeUndo:
    """Takes one merge back."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def undo(self, merge_id: UUID) -> Merge:
        """The merge, with what could not be as it was: fields edited since, rows that came since.

        Conflict when it was undone before, or the winner is not what it was then.
        """
        uow = self._uow
        merge = await uow.merges.locked(merge_id)
        if merge.undone_at is not None:
            raise Conflict("this merge was undone already", code="already_undone")
        found = await uow.merges.both((merge.winner_id, merge.loser_id), lock=True)
        winner, loser = found[merge.winner_id], found[merge.loser_id]
        await self._check(merge, winner)
        back = await uow.merges.moves.move_back(merge_id, winner.id, loser.id)
        standing = await self._standing(winner.id, loser.id)
        await self._collect_again(merge, standing, back)
        stayed = await uow.merges.moves.since(winner.id, _instant(merge))
        later = [each for each in standing if each.id > merge_id]
        assessed = any("assessments" in moved for moved in (stayed, *(m.moved for m in later)))
        changes, edited = await self._changes(merge, winner, assessed=assessed)
        await self._restore(merge, winner, loser, changes)
        await self._give_keys(nested(flat(vars(winner)) | flat(changes)), vars(loser))
        await self._speak_again(merge, standing)
        undone = {
            "edited_since": [vars(field) for field in edited],
            "stayed": stayed,
            "gone": {
                n: lost for n, all_ in merge.moved.items() if (lost := all_ - back.get(n, 0)) > 0
            },
        }
        await uow.flush()
        return await uow.merges.change(
            merge_id,
            {
                "undone_at": uow.now,
                "undone_user_id": uow.caller.user_id,
                "undone_api_key_id": uow.caller.api_key_id,
                "undone": undone,
            },
        )

    async def _check(self, merge: Merge, winner: Lead) -> None:
        if winner.merged_into is not None:
            later = await self._uow.merges.standing(winner.id)
            raise Conflict(
                "the winner was merged into another lead since; undo that first",
                code="winner_merged",
                extra={
                    "lead_id": str(winner.merged_into),
                    "merge_id": str(later.id) if later else None,
                },
            )
        if winner.deleted_at is not None:
            raise Conflict("the winner was deleted since", code="winner_deleted")
        if winner.status == Status.CONVERTED and merge.winner_after["status"] != Status.CONVERTED:
            raise Conflict(
                "the winner was converted since, with all it had then; a conversion stands",
                code="winner_converted",
                extra={"conversion_of": str(winner.id)},
            )

    async def _standing(self, winner_id: UUID, loser_id: UUID) -> list[Standing]:
        """The merges by which others are a part of the winner, the oldest first."""
        absorbed = await self._uow.merges.absorbed([winner_id])
        others = [lead_id for lead_id in absorbed[winner_id] if lead_id != loser_id]
        return await self._uow.merges.standing_of(others) if others else []

    async def _collect_again(
        self, merge: Merge, standing: Sequence[Standing], back: Mapping[str, int]
    ) -> None:
        """Of rows that are alike the winner has one: what another loser kept for the sake of one
        that has gone back comes to the winner now."""
        if not ALIKE & back.keys():
            return
        for other in standing:
            if merge.id is not None and other.id > merge.id and other.winner_id == merge.winner_id:
                await self._uow.merges.moves.move(other.id, merge.winner_id, other.loser_id)

    async def _changes(
        self, merge: Merge, winner: Lead, *, assessed: bool
    ) -> tuple[dict[str, Any], list[EditedSince]]:
        """The winner's columns as they have to be, and what was edited since."""
        known = await self._uow.merges.undone_before(merge)
        undone = [replace(u, before=flat(u.before), after=flat(u.after)) for u in known]
        before, after = without_undone(
            flat(merge.winner_before), flat(merge.winner_after), undone, _instant(merge)
        )
        now = flat(vars(winner))
        changes, edited = taken_back(now, before, after)
        whole = nested(now | changes)
        taken = [u for u in undone if u.undone_at > _instant(merge)]
        assessed = assessed or any("assessments" in u.moved for u in taken)
        whole |= following(whole)
        whole |= await self._verdict(winner, before, after, assessed=assessed)
        changed = {n: value for n, value in whole.items() if value != getattr(winner, n)}
        return changed, edited

    async def _verdict(
        self,
        winner: Lead,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        assessed: bool,
    ) -> dict[str, Any]:
        """As before the merge, unless it was `assessed` since, or answers came or went with another
        merge: then by the answers it has left."""
        present = {name: getattr(winner, name) for name in _VERDICT}
        if not assessed and present == {name: after[name] for name in _VERDICT}:
            return {name: before[name] for name in _VERDICT}
        settings = await self._uow.workspace_settings.get(self._uow.workspace_id)
        shown = await shown_verdict(self._uow, settings, winner.id)
        return dict.fromkeys(_VERDICT) if shown is None else shown

    async def _restore(
        self, merge: Merge, winner: Lead, loser: Lead, changes: Mapping[str, Any]
    ) -> None:
        uow = self._uow
        back = {"deleted_at": None, "merged_into": None}
        for lead, columns in ((winner, changes), (loser, back)):
            stamp = {"updated_at": uow.now, "version": lead.version + 1}
            await uow.leads.change(lead.id, {**columns, **_UNTOUCHED, **stamp})
        await uow.leads.recount_touches([winner.id, loser.id])
        why = Cause(CauseKind.MERGE_UNDO, merge.id)
        told = {
            "merge_id": merge.id,
            "winner_id": winner.id,
            "loser_id": loser.id,
        } | caused_by(why)
        for lead, more in ((winner, {}), (loser, {"changes": difference(vars(loser), back)})):
            uow.record(EventType.LEAD_UNMERGED, "lead", lead.id, told | more, lead_id=lead.id)
        record_changes(uow, winner.id, difference(vars(winner), changes), why)
        await ScoreKeeper(uow).keep(anew=[winner.id, loser.id])

    async def _give_keys(self, *leads: Mapping[str, Any]) -> None:
        """Each lead's own address and number are its keys, also if the winner lost them since."""
        keys = [
            (lead["id"], Identity(kind, value))
            for lead in leads
            for kind, column in _KEYS.items()
            if (value := lead[column])
        ]
        await self._uow.merges.add_keys(
            LeadIdentity(
                workspace_id=self._uow.workspace_id,
                id=new_id(),
                lead_id=lead_id,
                kind=key.kind.value,
                system=key.system,
                value=key.value,
                shared=key.is_of_a_role,
                verified_at=None,
                source=IdentitySource.MERGE.value,
                other_names=[],
                created_at=self._uow.now,
            )
            for lead_id, key in keys
        )

    async def _speak_again(self, merge: Merge, standing: Sequence[Standing]) -> None:
        """The words on consent that count now, where only merges have spoken since."""
        joined = joined_at(merge.winner_id, standing)
        words = await self._uow.merges.words([merge.winner_id, *joined])
        for word in words_due(merge.winner_id, words, joined):
            self._uow.record(
                EventType.CONSENT_RECORDED,
                "lead",
                merge.winner_id,
                word.told | caused_by(Cause(CauseKind.MERGE_UNDO, merge.id)),
                lead_id=merge.winner_id,
            )


_KEYS = {IdentityKind.EMAIL: "email_norm", IdentityKind.PHONE: "phone_norm"}


def _instant(merge: Merge) -> Any:
    if merge.created_at is None:
        raise NotFound("no such merge in this workspace")
    return merge.created_at
