"""Gates: created, read, changed, removed. `gates_keeping` asks them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain.condition_parsing import parse_condition
from app.domain.errors import FieldError, Invalid
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.ripeness.gates import Gate, check_criteria, check_gate
from app.domain.ripeness.score_conditions import searched_fields
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.verdicts import definition_in_force
from app.services.patching import apply_patch, check_version


class GateService:
    """Use cases of gates."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(self, fields: Mapping[str, Any]) -> Gate:
        """A new gate."""
        gate = Gate(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            created_at=self._uow.now,
            updated_at=self._uow.now,
            version=1,
            **fields,
        )
        await self._check(gate, fields)
        await self._uow.gates.add(gate)
        self._record(EventType.GATE_CREATED, gate)
        await self._uow.flush()
        return gate

    async def get(self, gate_id: UUID) -> Gate:
        """One gate."""
        return await self._uow.gates.get(gate_id)

    async def page(self, filters: Mapping[str, Sequence[Any]], request: PageRequest) -> Page[Gate]:
        """A page of gates."""
        return await self._uow.gates.page(request, filters)

    async def update(self, gate_id: UUID, fields: Mapping[str, Any], if_match: int | None) -> Gate:
        """Change the given fields."""
        gate = await self._uow.gates.get(gate_id, lock=True)
        check_version(gate.version, if_match)
        await self._check(replace(gate, **fields), fields)
        return await apply_patch(self._uow, self._uow.gates, gate, fields, EventType.GATE_UPDATED)

    async def delete(self, gate_id: UUID, if_match: int | None) -> None:
        """Take the gate away."""
        gate = await self._uow.gates.get(gate_id, lock=True)
        check_version(gate.version, if_match)
        await self._uow.gates.remove(gate_id)
        self._record(EventType.GATE_DELETED, gate)

    async def _check(self, gate: Gate, told: Collection[str]) -> None:
        """Raise Invalid unless the gate makes sense. What is not told is left alone: a gate that
        lost its framework can still be taken out of the way."""
        check_gate(gate)
        if "stage_ids" in told:
            await self._check_stages(gate)
        if {"framework", "criteria"} & set(told) and (gate.framework or gate.criteria):
            uow = self._uow
            settings = await uow.workspace_settings.get(uow.workspace_id)
            key = gate.framework or settings.default_framework
            definition = await definition_in_force(uow, settings, key)
            if definition is None:
                detail = "no version of such a framework is published"
                raise Invalid.field("/framework", detail, code="not_found")
            check_criteria(gate, definition)
        if "condition" in told and gate.condition is not None:
            fields = searched_fields((await self._uow.custom_fields.by_key()).values())
            parse_condition(gate.condition, fields, "/condition")

    async def _check_stages(self, gate: Gate) -> None:
        if not gate.stage_ids:
            return
        pipelines = await self._uow.pipelines.all()
        known = {str(stage.id) for pipeline in pipelines for stage in pipeline.stages}
        problems = [
            FieldError(pointer=f"/stage_ids/{place}", code="not_found", detail="no such stage here")
            for place, stage_id in enumerate(gate.stage_ids)
            if stage_id not in known
        ]
        if problems:
            raise Invalid("there are no such stages here", errors=problems)

    def _record(self, event: EventType, gate: Gate) -> None:
        self._uow.record(event, "gate", gate.id, {"name": gate.name, "active": gate.active})
