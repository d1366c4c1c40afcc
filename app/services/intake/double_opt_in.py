"""Double opt-in: a mail asks, a link leads to a page, and its button lets the submission go on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.adapters import normalisers
from app.adapters.mail import Mail, Mailer
from app.domain.errors import NotFound
from app.domain.intake.confirmations import (
    AWAITING,
    QUIET,
    Confirmation,
    ConfirmationLink,
    address_key,
    make_link_token,
    parse_link_token,
)
from app.domain.intake.forms import CONFIRM_SUBJECT, Form
from app.domain.intake.submissions import (
    Delivery,
    Finding,
    Reading,
    Submission,
    SubmissionStatus,
)
from app.domain.reach.events import EventType
from app.platform import clock
from app.platform.db import Database
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller
from app.services.intake.confirmation_mail import confirmation_mail
from app.services.intake.submissions import SubmissionService
from app.services.reach.job_runner import JobContext

SEND_CONFIRMATION = "send_confirmation"
PATH = "/f/confirm/"

_WAITS = Finding(code=AWAITING, detail="the person was asked by e-mail to confirm the address")
_NOBODY_TO_ASK = Finding(
    code="no_address_to_confirm",
    detail="the form asks for a confirmation by e-mail, and there is no address to send one to",
    field="email",
)


async def ask_to_confirm(
    uow: UnitOfWork, form: Form, delivery: Delivery, reading: Reading
) -> Finding | None:
    """Why the submission has to wait, with the mail on its way; None when the form does not ask."""
    asks = form.definition.double_opt_in
    if not asks.enabled:
        return None
    email = normalisers.email(str(reading.fields.get("email") or ""))
    if email is None:
        return _NOBODY_TO_ASK
    key = address_key(form.id, email)
    quiet = await uow.confirmations.asked_since(form.id, key, uow.now - QUIET)
    confirmation = Confirmation(
        workspace_id=uow.workspace_id,
        id=new_id(),
        submission_id=delivery.id,
        form_id=form.id,
        address_key=key,
        created_at=uow.now,
        expires_at=uow.now + timedelta(hours=asks.lifetime_hours),
        asked_at=None if quiet else uow.now,
        confirmed_at=None,
        confirmed_from=None,
    )
    if await uow.confirmations.add_once(confirmation) and not quiet:
        await _mail_it(uow, confirmation)
    return _WAITS


async def _mail_it(uow: UnitOfWork, confirmation: Confirmation) -> None:
    payload = {
        "confirmation_id": str(confirmation.id),
        "submission_id": str(confirmation.submission_id),
        "form_id": str(confirmation.form_id),
    }
    added = await uow.jobs.add(
        SEND_CONFIRMATION, payload, dedupe_key=confirmation.address_key.hex()
    )
    if added is None:
        # One that came at the same moment has its mail on the way, which asks for this as well.
        await uow.confirmations.change(confirmation.id, {"asked_at": None})


def sending(
    mailer: Mailer, secrets: Secrets, base_url: str
) -> Callable[[JobContext], Awaitable[None]]:
    """The handler of these jobs, with what it needs."""

    async def send_confirmation(context: JobContext) -> None:
        """Send the mail, if it still asks for anything."""
        async with context.unit_of_work() as uow:
            mail = await _mail(uow, UUID(context.payload["confirmation_id"]), context.job.id)
        if mail is not None:
            await mailer.send(mail)

    async def _mail(uow: UnitOfWork, confirmation_id: UUID, job_id: UUID) -> Mail | None:
        try:
            confirmation = await uow.confirmations.get(confirmation_id)
            submission = await uow.submissions.get(confirmation.submission_id)
            form = await uow.forms.get(confirmation.form_id)
        except NotFound:
            return None
        over = confirmation.confirmed_at is not None or confirmation.expires_at < uow.now
        if over or not _is_waiting(submission) or submission.email_norm is None:
            return None
        link = ConfirmationLink(
            workspace_id=confirmation.workspace_id,
            confirmation_id=confirmation.id,
            expires_at=confirmation.expires_at,
        )
        return confirmation_mail(
            form.definition.double_opt_in,
            to=submission.email_norm,
            link=f"{base_url}{PATH}{make_link_token(secrets, link)}",
            reference=job_id,
        )

    return send_confirmation


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a page says about a link."""

    workspace_id: UUID
    subject: str
    confirmed: bool
    confirmed_url: str | None


class Confirmations:
    """What the pages behind the links do. A link that is not ours, was changed or is too old costs
    no look-up."""

    def __init__(self, database: Database, secrets: Secrets) -> None:
        self._database = database
        self._secrets = secrets

    async def look(self, token: str) -> Asked:
        """What is asked; changes nothing. NotFound when the link leads nowhere."""
        link = self._read(token)
        async with UnitOfWork(self._database, system_caller(link.workspace_id)) as uow:
            return await _asked(uow, await uow.confirmations.get(link.confirmation_id))

    async def confirm(self, token: str, address: str | None) -> Asked:
        """Let go on whatever waits for this address at the form; the same again changes nothing."""
        link = self._read(token)
        async with UnitOfWork(self._database, system_caller(link.workspace_id)) as uow:
            confirmation = await uow.confirmations.get(link.confirmation_id)
            if confirmation.confirmed_at is None:
                for each in await uow.confirmations.confirm_all(confirmation, address):
                    await _let_go(uow, each)
            return await _asked(uow, await uow.confirmations.get(link.confirmation_id))

    def _read(self, token: str) -> ConfirmationLink:
        link = parse_link_token(self._secrets, token, clock.now())
        if link is None:
            raise NotFound("this link is not valid, or not any more")
        return link


async def _let_go(uow: UnitOfWork, confirmation: Confirmation) -> None:
    told = {
        "confirmation_id": confirmation.id,
        "form_id": confirmation.form_id,
        "asked_at": confirmation.created_at,
    }
    uow.record(EventType.CONSENT_CONFIRMED, "submission", confirmation.submission_id, told)
    # What somebody has decided meanwhile stands.
    await SubmissionService(uow).confirm(confirmation.submission_id)


async def _asked(uow: UnitOfWork, confirmation: Confirmation) -> Asked:
    form = await uow.forms.get(confirmation.form_id)
    asks = form.definition.double_opt_in
    return Asked(
        workspace_id=confirmation.workspace_id,
        subject=asks.subject or CONFIRM_SUBJECT,
        confirmed=confirmation.confirmed_at is not None,
        confirmed_url=asks.confirmed_url,
    )


def _is_waiting(submission: Submission) -> bool:
    codes = {found["code"] for found in submission.findings}
    return submission.status == SubmissionStatus.HELD and AWAITING in codes
