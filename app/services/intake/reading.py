"""Every submission is read by what it was sent to: a form, a connector, or as plain JSON."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Self
from uuid import UUID

from app.adapters import disposable, normalisers
from app.domain.errors import NotFound
from app.domain.intake.connectors import Connector
from app.domain.intake.fitting import NOBODY_NAMED, says_something
from app.domain.intake.forms import Form, Protection
from app.domain.intake.submissions import (
    Claimed,
    Fate,
    Finding,
    Reading,
    SubmissionKind,
    SubmissionStatus,
)
from app.domain.intake.suspicion import Signs, sorted_out, suspicions
from app.domain.reach.events import EventType
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.connector_reading import read_connector
from app.services.intake.double_opt_in import ask_to_confirm
from app.services.intake.form_reading import read_form
from app.services.intake.plain_reading import read_plain
from app.services.intake.vendor_fetch import ask_vendor

_NAMES = ("first_name", "last_name", "full_name", "company")


class Reader:
    """Has the forms and connectors that a batch was sent to."""

    def __init__(
        self,
        uow: UnitOfWork,
        forms: dict[UUID, Form],
        connectors: dict[UUID, Connector],
    ) -> None:
        self._uow = uow
        self._forms = forms
        self._connectors = connectors

    @classmethod
    async def for_batch(cls, uow: UnitOfWork, claimed: Sequence[Claimed]) -> Self:
        """What is needed to read these."""
        forms: dict[UUID, Form] = {}
        connectors: dict[UUID, Connector] = {}
        for form_id in {e.delivery.form_id for e in claimed if e.delivery.form_id}:
            with suppress(NotFound):
                forms[form_id] = await uow.forms.get(form_id)
        for connector_id in {e.delivery.connector_id for e in claimed if e.delivery.connector_id}:
            with suppress(NotFound):
                connectors[connector_id] = await uow.connectors.get(connector_id)
        return cls(uow, forms, connectors)

    def read(self, claimed: Claimed) -> Reading:
        """What a submission says, with what speaks against it among its holds."""
        delivery = claimed.delivery
        form = self._forms.get(delivery.form_id) if delivery.form_id else None
        connector = self._connectors.get(delivery.connector_id) if delivery.connector_id else None
        if delivery.form_id and form is None:
            return _addressed_to_nobody("form")
        if delivery.connector_id and connector is None:
            return _addressed_to_nobody("connector")
        if form is not None:
            reading = read_form(form, delivery)
        elif connector is not None:
            reading = read_connector(connector, delivery)
        else:
            reading = read_plain(delivery)
        sent_to = form or connector
        reading = replace(
            reading,
            is_test=reading.is_test or delivery.is_test,
            origin=sent_to.name if sent_to else None,
        )
        return self._suspected(claimed, reading, form)

    async def waits(self, claimed: Claimed, reading: Reading) -> Fate | None:
        """The fate of a submission that cannot be captured yet; None when it can.

        What somebody has released waits only for what is missing to make a lead of it.
        """
        delivery = claimed.delivery
        holds = [] if claimed.released else list(reading.holds)
        if reading.fetch and not holds:
            holds.append(await ask_vendor(self._uow, delivery, reading.fetch))
        elif not says_something(reading.fields) and not reading.references:
            holds.append(NOBODY_NAMED)
        if not holds and not claimed.released:
            form = self._forms.get(delivery.form_id) if delivery.form_id else None
            asked = await ask_to_confirm(self._uow, form, delivery, reading) if form else None
            holds += [asked] if asked else []
        if not holds:
            return None
        told = {"reason": holds[0].code, "form_id": delivery.form_id}
        self._uow.record(EventType.SUBMISSION_HELD, "submission", delivery.id, told)
        return Fate(
            id=delivery.id,
            status=SubmissionStatus.HELD,
            findings=[*holds, *reading.notes],
            email_norm=normalisers.email(str(reading.fields.get("email") or "")),
        )

    def _suspected(self, claimed: Claimed, reading: Reading, form: Form | None) -> Reading:
        delivery = claimed.delivery
        if delivery.kind not in (SubmissionKind.FORM, SubmissionKind.API):
            return reading
        email = normalisers.email(str(reading.fields.get("email") or ""))
        protection = form.definition.protection if form else Protection(min_seconds=0)
        signs = Signs(
            received_at=delivery.received_at,
            at_the_door=delivery.suspicions,
            honeypot=reading.signs.get("honeypot"),
            rendered_at=reading.signs.get("rendered_at"),
            submitted_at=reading.signs.get("submitted_at"),
            disposable=bool(email and disposable.is_disposable(email)),
            origin=delivery.headers.get("origin"),
            own_host=delivery.headers.get("host"),
            allowed_origins=form.allowed_origins if form else (),
            names={name: reading.fields.get(name) for name in _NAMES},
        )
        holds, notes = sorted_out(suspicions(signs, protection), protection)
        return replace(reading, holds=[*reading.holds, *holds], notes=[*reading.notes, *notes])


def _addressed_to_nobody(noun: str) -> Reading:
    detail = f"the {noun} it was sent to does not exist"
    return Reading(holds=[Finding(code=f"unknown_{noun}", detail=detail)])
