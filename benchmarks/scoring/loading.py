"""People told to the service: as it happened, week by week, or afterwards by an import of what
another system knows by then."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain.intake.capture import Candidate, Captured
from app.domain.record.touchpoints import NewTouchpoint
from app.domain.sales.conversion import OnMatch, Wanted
from app.services.intake.fields import FieldReader
from app.services.intake.set_capture import SetCapture
from app.services.leads.leads import LeadService
from app.services.record.touchpoints import BatchItem, TouchpointService
from app.services.ripeness.qualification import QualificationService
from app.services.sales.conversion import ConversionService
from benchmarks.scoring.people import DAYS_AFTER, Person
from benchmarks.scoring.workspaces import Workspace, clock_at

AT_ONCE = 250
TOUCHES_AT_ONCE = 1_000
CONTACT, VERDICT = timedelta(days=DAYS_AFTER + 2), timedelta(days=DAYS_AFTER + 6)
_COLUMNS = {
    "Email": "email",
    "Name": "full_name",
    "Company": "company",
    "City": "city",
    "Industry": "industry",
    "Employees": "employee_count",
    "Country": "country",
    "Lead Source": "source",
    "Revenue": "annual_revenue_minor",
    "Currency": "currency",
    "Newsletter": "custom.newsletter",
    "Role": "custom.role",
    "Lead Quality": "custom.lead_quality",
    "Tags": "custom.tags",
    "Created": "created_at",
    "Converted": "converted_at",
}
_TOUCH_COLUMNS = {"Email": "email", "Kind": "touch.kind", "When": "touch.occurred_at"}


class Cohort:
    """People who became leads at the same time."""

    def __init__(self, workspace: Workspace, people: Sequence[Person], came: datetime) -> None:
        self._workspace = workspace
        self._people = people
        self._came = came
        self.ids: dict[int, UUID] = {}

    async def come(self) -> None:
        """They are captured, with what they did before."""
        with clock_at(self._came):
            for some in _pieces(self._people, AT_ONCE):
                candidates = [self._candidate(person) for person in some]
                async with self._workspace.work() as uow:
                    fields = await FieldReader.for_workspace(uow, candidates)
                    results = await SetCapture(uow, fields).capture(candidates)
                for person, result in zip(some, results, strict=True):
                    if not isinstance(result, Captured):
                        raise TypeError(result.detail)
                    self.ids[person.number] = result.lead.id

    async def look_around(self) -> None:
        """What they do in the days after."""
        await self._record(
            timedelta(days=DAYS_AFTER),
            [(p, kind, day) for p in self._people for kind, day in p.touches if day >= 0],
        )

    async def are_contacted(self) -> None:
        """What sales finds out and fills in."""
        with clock_at(self._came + CONTACT):
            for some in _pieces([p for p in self._people if p.late or p.late_custom], AT_ONCE):
                async with self._workspace.work() as uow:
                    for person in some:
                        lead = await uow.leads.get(self.ids[person.number], lock=True)
                        found = dict(person.late)
                        if person.late_custom:
                            found["custom"] = person.late_custom
                        await LeadService(uow).apply(lead, found)
        await self._record(
            VERDICT, [(p, kind, day) for p in self._people for kind, day in p.contact]
        )

    async def are_judged(self) -> None:
        """Their verdict."""
        with clock_at(self._came + VERDICT):
            await judge(self._workspace, [(self.ids[p.number], p.converted) for p in self._people])

    async def _record(self, later: timedelta, touches: list[tuple[Person, str, float]]) -> None:
        with clock_at(self._came + later):
            for some in _pieces(touches, TOUCHES_AT_ONCE):
                items = [
                    BatchItem(index=n, lead_id=self.ids[p.number], touch=self._touch(kind, day))
                    for n, (p, kind, day) in enumerate(some)
                ]
                async with self._workspace.work() as uow:
                    await TouchpointService(uow).record_batch(items)

    def _candidate(self, person: Person) -> Candidate:
        before = [self._touch(kind, day) for kind, day in person.touches if day < 0]
        fields = {**person.told, "email": person.email, "custom": person.custom}
        return Candidate(fields=fields, touches=before)

    def _touch(self, kind: str, day: float) -> NewTouchpoint:
        return NewTouchpoint(kind=kind, occurred_at=self._came + timedelta(days=day))


async def judge(workspace: Workspace, verdicts: Sequence[tuple[UUID, bool]]) -> None:
    """Convert or disqualify leads."""
    for some in _pieces(verdicts, AT_ONCE):
        async with workspace.work() as uow:
            for lead_id, converted in some:
                if converted:
                    wanted = Wanted(
                        opportunity=None, override_reason="Signed", on_match=OnMatch.CREATE
                    )
                    await ConversionService(uow).convert(lead_id, wanted, rehearse=False)
                else:
                    service = QualificationService(uow)
                    await service.disqualify(lead_id, "no_budget", None, None)


async def imported(
    workspace: Workspace, people: Sequence[Person], came: dict[int, datetime]
) -> None:
    """Old leads, with whatever is known of them by now, their touches and their verdicts."""
    await _import(
        workspace, "leads", _COLUMNS, [_row(person, came[person.number]) for person in people]
    )
    touches = [
        {"Email": p.email, "Kind": kind, "When": _told(came[p.number] + timedelta(days=day))}
        for p in people
        for kind, day in [*p.touches, *p.contact]
    ]
    await _import(workspace, "touchpoints", _TOUCH_COLUMNS, touches)
    leads = await workspace.leads()
    await judge(workspace, [(UUID(leads[p.email]["id"]), False) for p in people if not p.converted])


def _row(person: Person, came: datetime) -> dict[str, Any]:
    known = {**person.told, **person.late}
    known |= {f"custom.{key}": v for key, v in {**person.custom, **person.late_custom}.items()}
    known |= {"email": person.email, "created_at": _told(came)}
    if person.converted:
        known["converted_at"] = _told(came + VERDICT)
    return {column: known.get(name) for column, name in _COLUMNS.items()}


def _told(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds")


async def _import(
    workspace: Workspace, kind: str, columns: dict[str, str], rows: Sequence[dict[str, Any]]
) -> None:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(columns))
    writer.writeheader()
    writer.writerows(rows)
    sent = await workspace.ask(
        "POST", "/v1/imports", params={"kind": kind}, content=file.getvalue().encode()
    )
    path = f"/v1/imports/{sent['id']}"
    mapping = [{"column": column, "to": name} for column, name in columns.items()]
    await workspace.ask("PATCH", path, json={"mapping": mapping})
    await workspace.ask("POST", f"{path}/start")
    await workspace.work_off()
    done = await workspace.ask("GET", path)
    taken = done["counts"].get("created", 0)
    if done["status"] != "done" or taken != len(rows):
        raise RuntimeError(f"the import took {taken} of {len(rows)} rows: {done['counts']}")


def _pieces(all_of_them: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [all_of_them[start : start + size] for start in range(0, len(all_of_them), size)]
