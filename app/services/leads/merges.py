"""Merging two leads that are one person: planned, carried out, looked up."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from app.domain.errors import Invalid, LostRace
from app.domain.leads.field_history import ValueOrigin
from app.domain.leads.leads import Lead
from app.domain.leads.merge_rules import FieldRule, Rule, read_rules, rules_document
from app.domain.leads.merges import Merge, check_mergeable, newest_words, restricted
from app.domain.leads.survivorship import (
    Decision,
    Kept,
    Side,
    columns_after,
    survivors,
    traced,
)
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import Cause, CauseKind, EventType, difference
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads import provenance
from app.services.leads.journal import caused_by, record_changes
from app.services.leads.merge_undo import MergeUndo
from app.services.leads.normalisation import following
from app.services.leads.score_keeping import ScoreKeeper
from app.services.leads.verdicts import shown_verdict


class MergeService:
    """Use cases of merges."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def get(self, merge_id: UUID) -> Merge:
        """One merge."""
        return await self._uow.merges.get(merge_id)

    async def page(self, request: PageRequest) -> Page[Merge]:
        """A page of all merges."""
        return await self._uow.merges.page(request)

    async def of_lead(self, lead_id: UUID, request: PageRequest) -> Page[Merge]:
        """A page of the merges that a lead, or one that it absorbed, won or lost."""
        family = await self._uow.merges.family(lead_id)
        return await self._uow.merges.page_of_leads(family, request)

    async def merge(
        self,
        winner_id: UUID,
        loser_id: UUID,
        *,
        rules: Mapping[str, FieldRule] | None = None,
        dry_run: bool = False,
        cause: Cause | None = None,
    ) -> Merge:
        """Make the loser a part of the winner; a rehearsal tells what would be done.

        A loser that is a part of the winner already is answered with the merge that made it so;
        one that is a part of another lead stands for that one.
        """
        if winner_id == loser_id:
            raise Invalid.field("/loser_id", "a lead cannot be merged into itself")
        found = await self._uow.merges.both((winner_id, loser_id), lock=not dry_run)
        winner, loser = found.get(winner_id), found.get(loser_id)
        if winner is None or winner.deleted_at is not None:
            winner = await self._uow.leads.get(winner_id)
        if loser is not None and loser.merged_into == winner_id:
            known = await self._uow.merges.standing(loser_id)
            if known is not None:
                return known
        elif loser is not None and loser.merged_into is not None:
            return await self.merge(
                winner_id, loser.merged_into, rules=rules, dry_run=dry_run, cause=cause
            )
        if loser is None or loser.deleted_at is not None:
            detail = "no such lead in this workspace"
            raise Invalid.field("/loser_id", detail, code="not_found")
        check_mergeable(winner, loser)
        plan = await self._plan(winner, loser, rules or {}, cause)
        return plan if dry_run else await self._carry_out(plan)

    async def undo(self, merge_id: UUID) -> Merge:
        """Make two leads of one again."""
        return await MergeUndo(self._uow).undo(merge_id)

    async def _plan(
        self, winner: Lead, loser: Lead, given: Mapping[str, FieldRule], cause: Cause | None
    ) -> Merge:
        """The merge as it would be stored, without id and instant."""
        settings = await self._uow.workspace_settings.get(self._uow.workspace_id)
        rules = {**read_rules(settings.merge_rules), **given}
        mine, theirs = await self._sides(winner, loser, rules)
        decisions = survivors(mine, theirs, rules)
        after = columns_after(vars(winner), decisions)
        after |= following(after)
        # The verdict on the newest answers of both, if the loser has any.
        after |= await shown_verdict(self._uow, settings, winner.id, loser.id) or {}
        return Merge(
            workspace_id=self._uow.workspace_id,
            id=None,
            winner_id=winner.id,
            loser_id=loser.id,
            cause=cause.told() if cause else None,
            rules=rules_document(rules),
            fields=[_told(decision) for decision in decisions],
            consents=await self._consents(winner.id, loser.id),
            moved=await self._uow.merges.moves.count(winner.id, loser.id),
            winner_before=dict(vars(winner)),
            winner_after=after,
            loser_before=dict(vars(loser)),
            created_at=None,
            user_id=self._uow.caller.user_id,
            api_key_id=self._uow.caller.api_key_id,
        )

    async def _sides(
        self, winner: Lead, loser: Lead, rules: Mapping[str, FieldRule]
    ) -> tuple[Side, Side]:
        """Both leads, with what the rules ask about their values."""
        used = {rule.rule for rule in rules.values()}
        ids = (winner.id, loser.id)
        told: dict[UUID, Any] = {}
        if used & {Rule.NEWEST, Rule.SOURCE_PRIORITY}:
            told = await self._origins(ids)
        keys = await self._uow.merges.verified(ids) if Rule.VERIFIED_FIRST in used else set()

        def side(lead: Lead) -> Side:
            typed = {"email": lead.email_norm, "phone": lead.phone_norm}
            sure = frozenset(kind for kind, key in typed.items() if (lead.id, kind, key) in keys)
            return Side(columns=vars(lead), origins=told.get(lead.id, {}), verified=sure)

        return side(winner), side(loser)

    async def _origins(self, ids: Sequence[UUID]) -> dict[UUID, dict[str, ValueOrigin]]:
        """Where the values of leads come from; of those that a merge brought, where the lead that
        was merged had them from."""
        absorbed = await self._uow.merges.absorbed(ids)
        told = await provenance.of_lead(self._uow, {*ids, *chain(*absorbed.values())})
        brought = {
            origin.cause_id
            for origins in told.values()
            for origin in origins.values()
            if origin.source == CauseKind.MERGE and origin.cause_id is not None
        }
        losers = await self._uow.merges.losers(brought) if brought else {}
        return {lead_id: traced(lead_id, told, losers) for lead_id in ids}

    async def _consents(self, winner_id: UUID, loser_id: UUID) -> list[dict[str, Any]]:
        """The purposes for which the winner's word has to become a no, and its word before."""
        absorbed = await self._uow.merges.absorbed((winner_id, loser_id))
        families = {head: {head, *parts} for head, parts in absorbed.items()}
        words = await self._uow.merges.words(set().union(*families.values()))
        mine, theirs = (
            [word for word in words if word.lead_id in families[head]]
            for head in (winner_id, loser_id)
        )
        before = newest_words(mine)
        return [
            {
                "purpose": word.purpose,
                "told": word.told,
                "before": before[word.purpose].told if word.purpose in before else None,
            }
            for word in restricted(mine, theirs)
        ]

    async def _carry_out(self, merge: Merge) -> Merge:
        uow = self._uow
        merge.id, merge.created_at = new_id(), uow.now
        await uow.merges.add(merge)
        moved = await uow.merges.moves.move(merge.id, merge.winner_id, merge.loser_id)
        await uow.merges.moves.pass_anchors(merge.winner_id, merge.loser_id)
        if moved != merge.moved:
            raise LostRace("something came to one of the leads while they were merged; try again")
        before = merge.winner_before
        changed = difference(before, merge.winner_after)
        await uow.leads.change(
            merge.winner_id,
            {name: merge.winner_after[name] for name in changed} | self._stamp(before),
        )
        gone = {"deleted_at": uow.now, "merged_into": merge.winner_id}
        await uow.leads.change(merge.loser_id, gone | self._stamp(merge.loser_before))
        if moved.get("touchpoints"):
            await uow.leads.recount_touches([merge.winner_id])
        scores = ScoreKeeper(uow)
        await scores.drop([merge.loser_id])
        await scores.keep(anew=[merge.winner_id])
        self._record(merge, changed, difference(merge.loser_before, gone))
        await uow.flush()
        return merge

    def _stamp(self, before: Mapping[str, Any]) -> dict[str, Any]:
        return {"updated_at": self._uow.now, "version": before["version"] + 1}

    def _record(self, merge: Merge, changed: Mapping[str, Any], gone: Mapping[str, Any]) -> None:
        why = Cause(CauseKind.MERGE, merge.id)
        told = {
            "merge_id": merge.id,
            "winner_id": merge.winner_id,
            "loser_id": merge.loser_id,
            "started_by": merge.cause,
        } | caused_by(why)
        taken = [told["part"] for told in merge.fields if told["kept"] != Kept.WINNER]
        for lead_id, more in (
            (merge.winner_id, {"fields": taken, "moved": merge.moved}),
            (merge.loser_id, {"changes": gone}),
        ):
            self._uow.record(EventType.LEAD_MERGED, "lead", lead_id, told | more, lead_id=lead_id)
        record_changes(self._uow, merge.winner_id, changed, why)
        for consent in merge.consents:
            said = {**consent["told"], "granted": False} | caused_by(why)
            self._uow.record(
                EventType.CONSENT_RECORDED,
                "lead",
                merge.winner_id,
                said,
                lead_id=merge.winner_id,
            )


def _told(decision: Decision) -> dict[str, Any]:
    """A decision as the ledger keeps it."""
    return vars(decision) | {"kept": decision.kept.value, "rule": decision.rule.value}
