"""Rows of persons: captured as a set, so that a file makes nobody two leads."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.domain.errors import DomainError, Merged
from app.domain.intake.capture import Candidate, Captured, OnDuplicate, Outcome, Refused
from app.domain.intake.fitting import LEAD_FIELDS, says_something
from app.domain.intake.import_cells import Known
from app.domain.intake.import_rows import ReadRow
from app.domain.intake.imports import Import, ImportRow, MatchKey, Mode, OnConflict, RowOutcome
from app.domain.leads.identities import Identity, IdentityKind, IdentitySource
from app.domain.leads.leads import Lead
from app.domain.reach.events import Cause, CauseKind
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.fields import FieldReader, Told
from app.services.intake.import_conversions import Conversions, is_conversion
from app.services.intake.import_outcomes import Outcomes
from app.services.intake.import_takers import RowTaker
from app.services.intake.import_touches import touch_of
from app.services.intake.set_capture import Result, SetCapture
from app.services.leads.leads import LeadService

_REFERENCES = {"campaign": "campaign_id", "owner": "owner_id", "team": "team_id"}
_KINDS = {
    MatchKey.EMAIL: IdentityKind.EMAIL,
    MatchKey.PHONE: IdentityKind.PHONE,
    MatchKey.EXTERNAL_ID: IdentityKind.EXTERNAL,
}


class ImportedFields(FieldReader):
    """Knows owners and teams as well, which strangers cannot name; and that a file's defaults are
    for new leads alone, so that only what a row says itself changes one that is known."""

    def typed(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Of the columns, those that were typed and not worked out."""
        told = {name: columns[name] for name in ("owner_id", "team_id") if columns.get(name)}
        return super().typed(columns) | told

    def enriched(
        self, held: Mapping[str, Any], given: Mapping[str, Any], told: Told
    ) -> dict[str, Any]:
        """What changes when blanks are filled."""
        return super().enriched(held, _said(given, told), told)

    def updated(
        self, held: Mapping[str, Any], given: Mapping[str, Any], told: Told
    ) -> dict[str, Any]:
        """What changes when everything that is told takes the place of what was there."""
        return super().updated(held, _said(given, told), told)


def _said(given: Mapping[str, Any], told: Told) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in told.fields}


class LeadRows(RowTaker):
    """Takes rows of persons, a set at a time."""

    def __init__(self, import_: Import, known: Known) -> None:
        self._import = import_
        self._known = known
        options = import_.options
        self._mode = Mode(options["mode"])
        self._system = options["external_system"]
        self._defaults = _defaults(options["defaults"] or {})
        self._on_duplicate = self._policy(OnConflict(options["on_conflict"]))
        keys = [MatchKey(key) for key in options["match"]]
        self._found_by = frozenset(_KINDS[key] for key in keys if key in _KINDS)
        self._cause = Cause(CauseKind.IMPORT, import_.id, import_.name)
        named = set(known.campaigns.values())
        named |= {self._defaults[n] for n in ("campaign_id",) if n in self._defaults}
        self._fields = ImportedFields(known.custom_fields, named, known.default_country)

    def _policy(self, on_conflict: OnConflict) -> OnDuplicate:
        if self._mode is Mode.CREATE:
            return OnDuplicate.REFUSE
        return OnDuplicate.ENRICH if on_conflict is OnConflict.FILL else OnDuplicate.UPDATE

    def prepare(self, rows: Sequence[ReadRow]) -> None:
        """Work out the candidates."""
        for row in rows:
            if not row.problems:
                row.prepared = self._candidate(row)

    async def take(self, uow: UnitOfWork, rows: Sequence[ReadRow]) -> list[ImportRow]:
        """What becomes of each row."""
        outcomes = Outcomes(self._import, uow.now)
        candidates: list[tuple[ReadRow, Candidate]] = []
        named: list[ReadRow] = []
        for row in rows:
            if row.problems:
                outcomes.invalid(row)
            elif "lead_id" in row.values:
                named.append(row)
            elif (candidate := row.prepared) is None:
                outcomes.invalid(row, _NOBODY)
            else:
                candidates.append((row, candidate))
        results = await SetCapture(uow, self._fields).capture([c for _, c in candidates])
        await self._note(uow, outcomes, candidates, results)
        for row in named:
            await self._update_named(uow, outcomes, row)
        await uow.flush()
        return outcomes.rows

    def _candidate(self, row: ReadRow) -> Candidate | None:
        fields: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for name, value in row.values.items():
            if name in LEAD_FIELDS:
                fields[name] = value
            elif name in _REFERENCES:
                fields[_REFERENCES[name]] = value
            elif name.startswith("custom."):
                custom[name[7:]] = value
        if custom:
            fields["custom"] = custom
        external_id = row.values.get("external_id")
        references = (
            [Identity(IdentityKind.EXTERNAL, external_id, self._system)] if external_id else []
        )
        known = bool(references) or "lead_id" in row.values
        if not known and not says_something(fields):
            return None
        candidate = Candidate(
            fields=fields,
            references=references,
            touches=touch_of(row.values, self._system),
            on_duplicate=self._on_duplicate,
            may_create=self._mode is not Mode.UPDATE,
            found_by=self._found_by,
            cause=self._cause,
            identity_source=IdentitySource.IMPORT,
            created_at=row.values.get("created_at"),
            columns=None,
        )
        columns = self._fields.completed({**self._defaults, **fields}, candidate)
        columns["custom"] = custom
        # The one attribute that follows from the others; to copy them all takes longer.
        object.__setattr__(candidate, "columns", columns)
        return candidate

    async def _note(
        self,
        uow: UnitOfWork,
        outcomes: Outcomes,
        candidates: Sequence[tuple[ReadRow, Candidate]],
        results: Sequence[Result],
    ) -> None:
        known = {lead_id for result in results if (lead_id := _known_lead(result))}
        first = await uow.imports.rows.first_lines(self._import.id, known)
        conversions = Conversions(uow, self._known, self._cause)
        for (row, candidate), result in zip(candidates, results, strict=True):
            if isinstance(result, Refused):
                self._note_refused(outcomes, row, result, first)
                continue
            lead_id = result.lead.id
            earlier = first.get(lead_id) or self._rehearsed_before(candidate, row.line)
            first.setdefault(lead_id, row.line)
            row.notes += [
                {"column": None, "field": note.field, "detail": note.detail}
                for note in result.notes
            ]
            if earlier is not None:
                detail = _repeats(earlier, result)
                outcomes.add(row, RowOutcome.DUPLICATE, lead_id, first_line=earlier, because=detail)
                continue
            if is_conversion(row.values):
                await _try_conversion(conversions, row, lead_id)
            outcomes.add(row, _outcome(result), lead_id)

    def _note_refused(
        self, outcomes: Outcomes, row: ReadRow, refused: Refused, first: Mapping[UUID, int]
    ) -> None:
        leads = {lead.id for lead, _ in refused.candidates}
        lead_id = next(iter(leads), refused.lead_id)
        earlier = [first[each] for each in leads if each in first]
        if len(leads) == 1 and earlier:
            outcomes.add(
                row,
                RowOutcome.DUPLICATE,
                lead_id,
                first_line=earlier[0],
                because=f"is the same lead as line {earlier[0]}",
            )
        elif refused.code == "duplicate_lead" and len(leads) == 1:
            key = refused.candidates[0][1].kind.value
            detail = f"a lead with this {key} exists, and only new ones are taken"
            outcomes.add(row, RowOutcome.SKIPPED, lead_id, because=detail)
        elif refused.code == "duplicate_lead":
            several = ", ".join(sorted(map(str, leads)))
            outcomes.invalid(row, f"its keys belong to several leads: {several}")
        elif refused.code == "not_found":
            detail = "no lead has one of its keys, and only known ones are updated"
            outcomes.add(row, RowOutcome.SKIPPED, None, because=detail)
        else:
            outcomes.invalid(row, refused.detail)

    async def _update_named(self, uow: UnitOfWork, outcomes: Outcomes, row: ReadRow) -> None:
        """A row that names its lead by id: whatever keys it has besides are changed to these."""
        candidate: Candidate | None = row.prepared
        fields = dict(candidate.fields) if candidate else {}
        try:
            lead = await self._named(uow, row.values["lead_id"])
            if self._mode is Mode.CREATE:
                detail = "it names a lead that exists, and only new ones are taken"
                outcomes.add(row, RowOutcome.SKIPPED, lead.id, because=detail)
                return
            if self._on_duplicate is OnDuplicate.ENRICH and candidate is not None:
                after = self._fields.enriched(vars(lead), fields, candidate)
                held = vars(lead)
                fields = {n: after[n] for n in fields if n in after and after[n] != held.get(n)}
            version = lead.version
            stored = await LeadService(uow).apply(lead, fields, self._cause)
        except DomainError as error:
            outcomes.invalid(row, error.detail)
        else:
            changed = stored.version != version
            outcome = RowOutcome.UPDATED if changed else RowOutcome.UNCHANGED
            outcomes.add(row, outcome, stored.id)

    async def _named(self, uow: UnitOfWork, lead_id: UUID) -> Lead:
        """The lead, locked; of one that was merged the lead that is left."""
        try:
            return await uow.leads.get(lead_id, lock=True)
        except Merged as merged:
            if merged.lead_id is None:
                raise
            return await uow.leads.get(merged.lead_id, lock=True)

    def _rehearsed_before(self, candidate: Candidate, line: int) -> int | None:
        """The line of a rehearsal that had one of the keys first."""
        if self.rehearsed is None:
            return None
        columns = candidate.columns or {}
        keys: list[Identity] = [*candidate.references]
        if columns.get("email_norm"):
            keys.append(Identity(IdentityKind.EMAIL, columns["email_norm"]))
        found = None
        for key in keys:
            if not key.is_of_a_role:
                earlier = self.rehearsed.setdefault(hash((key.kind, key.system, key.value)), line)
                found = found or (earlier if earlier != line else None)
        return found


_NOBODY = "names no person, company, e-mail address, phone or external id"


def _defaults(told: Mapping[str, Any]) -> dict[str, Any]:
    ids = {"campaign_id", "owner_id", "team_id"}
    return {
        name: UUID(str(value)) if name in ids else value for name, value in told.items() if value
    }


def _known_lead(result: Result) -> UUID | None:
    if isinstance(result, Refused):
        return result.candidates[0][0].id if result.candidates else result.lead_id
    return None if result.outcome is Outcome.CREATED else result.lead.id


def _outcome(captured: Captured) -> RowOutcome:
    if captured.outcome is Outcome.CREATED:
        return RowOutcome.CREATED
    changed = captured.changes or captured.new_touches
    return RowOutcome.UPDATED if changed else RowOutcome.UNCHANGED


def _repeats(line: int, captured: Captured) -> str:
    detail = f"is the same lead as line {line}"
    if captured.changes:
        changed = ", ".join(sorted(captured.changes))
        detail += f", to which it added {changed}"
    return detail


async def _try_conversion(conversions: Conversions, row: ReadRow, lead_id: UUID) -> None:
    """The lead is taken in any case; why it is not converted is told beside it."""
    try:
        await conversions.convert(lead_id, row.values)
    except DomainError as error:
        detail = f"the lead is taken, and not converted: {error.detail}"
        row.notes.append({"column": None, "field": "converted_at", "detail": detail})
