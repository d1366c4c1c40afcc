"""The files in a message: read from the message itself, each time somebody asks."""

from uuid import UUID

from app.adapters.rfc822 import Attachment
from app.adapters.vendors.bodies import UnreadableBody
from app.adapters.vendors.mail import read_mail
from app.domain.errors import NotFound
from app.domain.intake.submissions import SubmissionKind
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.submissions import SubmissionService


class AttachmentService:
    """Attachments of e-mail that was taken in."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._submissions = SubmissionService(uow)

    async def list(self, submission_id: UUID) -> list[Attachment]:
        """The attachments of a submission in their order; none unless it is a message."""
        delivery = await self._submissions.delivery(submission_id)
        if delivery.kind is not SubmissionKind.EMAIL:
            return []
        try:
            return read_mail(delivery.raw, delivery.content_type).attachments
        except UnreadableBody:
            return []

    async def get(self, submission_id: UUID, number: int) -> Attachment:
        """One of them, counting from 0."""
        found = await self.list(submission_id)
        if number >= len(found):
            raise NotFound("the submission has no such attachment")
        return found[number]
