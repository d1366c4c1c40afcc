"""Keeping the gates: a move is refused until what its gates ask for holds, and told why."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.domain.condition_parsing import parse_condition
from app.domain.conditions import All, Condition
from app.domain.errors import Invalid, Merged, NotFound
from app.domain.leads.leads import Lead
from app.domain.reach.events import EventType
from app.domain.ripeness.assessments import Qualification, qualification_of
from app.domain.ripeness.frameworks import Definition
from app.domain.ripeness.gates import Gate, Lack, Move, Shut, closed, lacks_of
from app.domain.ripeness.score_conditions import searched_fields, tests_scores
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.leads import LeadService
from app.services.leads.model_directory import MODELS
from app.services.leads.verdicts import definition_in_force
from app.services.patching import check_version

# So many parts of a condition are looked at one by one to say which of them does not hold.
_MOST_NAMED = 20

_Found = tuple[Definition | None, Qualification | None]


class GateKeeper:
    """Asks the gates of a workspace."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._known: dict[str | None, _Found] = {}

    async def check(
        self, lead_id: UUID, move: Move, override_reason: str | None, *, rehearse: bool = False
    ) -> None:
        """Raise Conflict `gate_closed` when a gate before the move is shut and the reason does not
        open it. A condition sees the lead as the transaction leaves it."""
        if not move.is_one:
            return
        shut = [
            Shut(gate=gate, lacks=lacks)
            for gate in await self._uow.gates.active()
            if move.meets(gate) and (lacks := await self._lacks(gate, lead_id))
        ]
        reason = (override_reason or "").strip()
        refused = [each for each in shut if not (reason and each.gate.override_allowed)]
        if refused:
            raise closed(refused)
        for each in () if rehearse else shut:
            self._uow.record(
                EventType.GATE_OVERRIDDEN,
                "gate",
                each.gate.id,
                {
                    "name": each.gate.name,
                    "override_reason": reason,
                    "missing": [lack.criterion or lack.kind for lack in each.lacks],
                },
                lead_id=lead_id,
            )

    async def check_deal(
        self, lead_id: UUID | None, move: Move, override_reason: str | None
    ) -> None:
        """The same for the deal that began with a lead; one without a lead meets no gate."""
        if lead_id is None or not move.is_one:
            return
        try:
            lead_id = (await self._uow.leads.get(lead_id)).id
        except Merged as merged:
            lead_id = merged.lead_id
        except NotFound:
            return
        if lead_id is not None:
            await self.check(lead_id, move, override_reason)

    async def _lacks(self, gate: Gate, lead_id: UUID) -> list[Lack]:
        lacks = []
        if gate.asks_for_answers:
            lacks += lacks_of(gate, *await self._found(gate.framework, lead_id))
        if gate.condition is not None:
            lacks += await self._unmet(gate.condition, lead_id)
        return lacks

    async def _found(self, framework: str | None, lead_id: UUID) -> _Found:
        """The qualification in a framework, worked out once for all gates."""
        if framework not in self._known:
            uow = self._uow
            settings = await uow.workspace_settings.get(uow.workspace_id)
            key = framework or settings.default_framework
            definition = await definition_in_force(uow, settings, key)
            found = None
            if definition is not None:
                answers = await uow.assessments.newest_answers(lead_id, key)
                found = qualification_of(lead_id, definition, answers, uow.now)
            self._known[framework] = definition, found
        return self._known[framework]

    async def _unmet(self, raw: Mapping[str, Any], lead_id: UUID) -> list[Lack]:
        fields = searched_fields((await self._uow.custom_fields.by_key()).values())
        try:
            condition = parse_condition(raw, fields)
        except Invalid as error:
            detail = f"the condition can no longer be understood: {error.detail}"
            return [Lack(kind="condition", detail=detail, condition=raw)]
        if await self._holds(condition, lead_id):
            return []
        parts: list[Any] = raw["all"] if isinstance(condition, All) else [raw]
        unmet = [raw]
        if 1 < len(parts) <= _MOST_NAMED:
            unmet = [
                part
                for part in parts
                if not await self._holds(parse_condition(part, fields), lead_id)
            ]
        return [
            Lack(kind="condition", detail=f"the lead does not meet {_said(part)}", condition=part)
            for part in unmet
        ]

    async def _holds(self, condition: Condition, lead_id: UUID) -> bool:
        model = await MODELS.published(self._uow) if tests_scores(condition) else None
        return await self._uow.gates.holds(condition, lead_id, model)


class GatedLeadService(LeadService):
    """Leads as people and programs change them one by one: gates stand before their moves."""

    async def update(self, lead_id: UUID, fields: Mapping[str, Any], if_match: int | None) -> Lead:
        """Change the given fields; a null clears one. Stale when the version has moved on.
        `override_reason` is none of them."""
        changes = dict(fields)
        reason = changes.pop("override_reason", None)
        lead = await self._uow.leads.get(lead_id, lock=True)
        check_version(lead.version, if_match)
        before = dict(vars(lead))
        changed = await self.change(lead, changes)
        # Where a score leads to, no gate stands before; but one may ask for the new score.
        moved = {n: getattr(changed, n) for n in _MOVES if getattr(changed, n) != before[n]}
        move = Move.of(before["lifecycle_stage"], moved)
        stored = await self.rescored(lead, changed)
        await GateKeeper(self._uow).check(lead_id, move, reason)
        await self._uow.flush()
        return await self._scores.show(stored)


_MOVES = ("status", "lifecycle_stage")


def _said(part: Any) -> str:
    """A test in words; what is put together of several is named by its kind."""
    if isinstance(part, Mapping) and "field" in part:
        value = f" {part['value']}" if "value" in part else ""
        return f"{part['field']} {part.get('op', '')}{value}"
    return "a part of the condition"
