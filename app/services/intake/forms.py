"""Forms: created, read, changed, archived, and tried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.adapters.form_bodies import parse_form_body
from app.domain.errors import FieldError
from app.domain.intake.fitting import NOBODY_NAMED, says_something
from app.domain.intake.form_rules import check_form, check_new_texts
from app.domain.intake.forms import Form
from app.domain.intake.submissions import (
    Claimed,
    Delivery,
    Finding,
    Reading,
    SubmissionKind,
)
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.record.touchpoints import Touchpoint
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_country
from app.services.intake.fields import FieldReader
from app.services.intake.form_questions import with_choices
from app.services.intake.form_reading import missing_in
from app.services.intake.reading import Reader
from app.services.patching import apply_patch, check_version
from app.services.record.touchpoints import build_touchpoint

# Parts that are objects: a merge patch changes the members it names.
_OBJECTS = ("success", "double_opt_in", "protection")
_NORMALISED = ("email_norm", "phone_norm", "country_code", "web_domain")


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What a post would become. `faults` are what its sender would be asked to put right."""

    reading: Reading
    faults: list[FieldError]
    columns: dict[str, Any]
    normalised: dict[str, Any]
    custom: dict[str, Any]
    touch: Touchpoint | None
    holds: list[Finding]
    notes: list[Finding]
    asks_to_confirm: bool


class FormService:
    """Use cases of forms."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(self, fields: Mapping[str, Any]) -> Form:
        """A new form."""
        now = self._uow.now
        form = Form(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            archived_at=None if fields["active"] else now,
            created_at=now,
            updated_at=now,
            version=1,
            **dict(fields) | {"fields": await with_choices(self._uow, fields["fields"])},
        )
        _check(form)
        await self._uow.forms.add(form)
        told = {name: getattr(form, name) for name in ("name", "active", "touch_kind")}
        self._uow.record(EventType.FORM_CREATED, "form", form.id, told)
        await self._uow.flush()
        return form

    async def get(self, form_id: UUID) -> Form:
        """One form, archived or not."""
        return await self._uow.forms.get(form_id)

    async def page(self, filters: Mapping[str, Sequence[Any]], request: PageRequest) -> Page[Form]:
        """A page of forms, narrowed to these values of columns."""
        return await self._uow.forms.page(request, filters)

    async def update(self, form_id: UUID, fields: Mapping[str, Any], if_match: int | None) -> Form:
        """Change the given fields; of the parts that are objects, the given members."""
        form = await self._uow.forms.get(form_id, lock=True)
        check_version(form.version, if_match)
        changed = dict(fields)
        for name in _OBJECTS:
            if name in changed:
                changed[name] = getattr(form, name) | changed[name]
        if "active" in changed and changed["active"] != form.active:
            changed["archived_at"] = None if changed["active"] else self._uow.now
        if "fields" in changed:
            changed["fields"] = await with_choices(self._uow, changed["fields"])
        _check(replace(form, **changed))
        if "consents" in changed:
            check_new_texts(form.consents, changed["consents"])
        archives = changed.get("archived_at") is not None
        event_type = EventType.FORM_ARCHIVED if archives else EventType.FORM_UPDATED
        return await apply_patch(self._uow, self._uow.forms, form, changed, event_type)

    async def archive(self, form_id: UUID, if_match: int | None) -> None:
        """Close the form. It stays, for what came by it is on record."""
        await self.update(form_id, {"active": False}, if_match)

    async def rehearse(self, form_id: UUID, raw: bytes, headers: Mapping[str, str]) -> Rehearsal:
        """What a post with this body would become; nothing is stored."""
        form = await self._uow.forms.get(form_id)
        content_type = headers.get("content-type", "")
        delivery = Delivery(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            kind=SubmissionKind.FORM,
            received_at=self._uow.now,
            raw=raw,
            body_hash=b"",
            content_type=content_type,
            headers={name: headers[name] for name in ("referer", "origin") if name in headers},
            form_id=form.id,
        )
        reader = Reader(self._uow, {form.id: form}, {})
        reading = reader.read(Claimed(delivery=delivery, released=False, attempts=0))
        columns_of = await FieldReader.for_workspace(self._uow, [reading])
        columns, unfit = columns_of.read(reading)
        holds = list(reading.holds)
        if not says_something(reading.fields) and not holds:
            holds.append(NOBODY_NAMED)
        return Rehearsal(
            reading=reading,
            faults=missing_in(form, parse_form_body(raw, content_type)),
            columns={name: columns[name] for name in columns_of.typed(columns) if name != "custom"},
            normalised={name: columns[name] for name in _NORMALISED if columns.get(name)},
            custom=columns["custom"],
            touch=build_touchpoint(self._uow, form.id, reading.touch) if reading.touch else None,
            holds=holds,
            notes=[*reading.notes, *unfit],
            asks_to_confirm=form.definition.double_opt_in.enabled,
        )


def _check(form: Form) -> None:
    if form.default_country is not None:
        check_country(form.default_country, "/default_country")
    check_form(form)
