"""Asking a vendor for the lead that its notification only named."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from app.adapters.vendor_apis import LeadApi
from app.domain.errors import NotFound
from app.domain.intake.connectors import Connector
from app.domain.intake.submissions import Delivery, Finding, SubmissionStatus
from app.domain.reach.jobs import AttemptFailed
from app.platform.secrets import Secrets
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.connector_secrets import access_token_of
from app.services.intake.submissions import SubmissionService
from app.services.reach.job_runner import JobContext

FETCH_VENDOR_LEAD = "fetch_vendor_lead"
AWAITING = "awaiting_vendor"


async def ask_vendor(uow: UnitOfWork, delivery: Delivery, vendor_id: str) -> Finding:
    """Have the lead fetched, in the transaction that found it missing; says what it waits for."""
    await uow.jobs.add(
        FETCH_VENDOR_LEAD,
        {"submission_id": str(delivery.id), "vendor_id": vendor_id},
        dedupe_key=str(delivery.id),
    )
    return Finding(code=AWAITING, detail="the vendor is asked for the lead that it named")


def fetching(api: LeadApi, secrets: Secrets) -> Callable[[JobContext], Awaitable[None]]:
    """The handler of these jobs, with what it needs."""

    async def fetch_vendor_lead(context: JobContext) -> None:
        """Fetch the lead and have the submission read again."""
        submission_id = UUID(context.payload["submission_id"])
        async with context.unit_of_work() as uow:
            connector = await _connector_of(uow, submission_id)
        if connector is None:
            # It was settled by other means, such as a rejection.
            return
        fetched = await api.fetch_lead(
            connector.vendor,
            connector.api_url,
            access_token_of(secrets, connector),
            context.payload["vendor_id"],
        )
        async with context.finishing() as uow:
            if await _connector_of(uow, submission_id) is not None:
                await SubmissionService(uow).store_fetched(submission_id, fetched)

    return fetch_vendor_lead


async def _connector_of(uow: UnitOfWork, submission_id: UUID) -> Connector | None:
    """The connector that a submission came by, while it waits for its lead."""
    try:
        submission = await uow.submissions.get(submission_id, lock=True)
    except NotFound:
        return None
    waits = any(found["code"] == AWAITING for found in submission.findings)
    if submission.status != SubmissionStatus.HELD or not waits or not submission.connector_id:
        return None
    try:
        return await uow.connectors.get(submission.connector_id)
    except NotFound as error:
        raise AttemptFailed("the connector does not exist any more", final=True) from error
