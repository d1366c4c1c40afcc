"""The service as it is served, with two endpoints more: the floor that every ratio refers to."""

import os
from functools import cache

import uvicorn
from fastapi import FastAPI, Response, status
from fastapi.routing import APIRoute
from pydantic import SecretStr

from app.api.paging import PageOf
from app.api.schemas.intake.submissions import Receipt, SubmissionCreate
from app.api.schemas.leads.leads import LeadCaptured, LeadCreate, LeadRead
from app.domain.leads.leads import Lead
from app.domain.paging import Page
from app.main import create_app
from app.platform import clock, logging
from app.platform.config import Settings
from app.platform.ids import new_id
from benchmarks.stage import SECRET


def floor_lead(body: LeadCreate | None = None) -> Lead:
    """A lead that is stored nowhere."""
    given = body.model_dump(exclude={"external_references", "touchpoint", "custom"}) if body else {}
    now = clock.now()
    return Lead(workspace_id=new_id(), id=new_id(), created_at=now, updated_at=now, **given)


@cache
def _read_lead() -> Lead:
    return floor_lead(
        LeadCreate(
            first_name="Ada",
            last_name="Lovelace",
            email="ada@example.com",
            company="Analytical Engines Ltd",
            phone="+44 20 7946 0018",
            country="GB",
            source="website",
        )
    )


async def create_floor_lead(body: LeadCreate, response: Response) -> LeadCaptured:
    """Validates what `POST /v1/leads` validates, and answers with the same model."""
    lead = floor_lead(body)
    response.headers["Location"] = f"/v1/leads/{lead.id}"
    fields = {name: getattr(lead, name) for name in LeadRead.model_fields}
    return LeadCaptured.model_construct(**fields, outcome="created", touchpoint_id=new_id())


async def take_floor_submission(body: SubmissionCreate) -> Receipt:  # noqa: ARG001
    """Validates what `POST /v1/submissions` validates, and answers with the same model."""
    return Receipt(receipt_id=new_id(), status="received")


async def read_floor_lead(response: Response) -> Lead:
    """A lead made beforehand."""
    response.headers["ETag"] = '"1"'
    return _read_lead()


async def list_floor_leads() -> Page[Lead]:
    """Fifty times the same lead."""
    return Page([_read_lead()] * 50, None)


def floor_routes() -> list[APIRoute]:
    """What FastAPI alone costs: no key, no transaction, no habits of ours."""
    return [
        APIRoute(
            "/floor/leads",
            create_floor_lead,
            methods=["POST"],
            response_model=LeadCaptured,
            status_code=status.HTTP_201_CREATED,
        ),
        APIRoute(
            "/floor/submissions",
            take_floor_submission,
            methods=["POST"],
            response_model=Receipt,
            status_code=status.HTTP_202_ACCEPTED,
        ),
        APIRoute("/floor/lead", read_floor_lead, methods=["GET"], response_model=LeadRead),
        APIRoute(
            "/floor/leads", list_floor_leads, methods=["GET"], response_model=PageOf[LeadRead]
        ),
    ]


def app_with_floor() -> FastAPI:
    """For uvicorn; the database's URL comes from the environment."""
    # The worker is another process, as in production; limits are counted and never reached.
    settings = Settings(
        database_url=SecretStr(os.environ["TOUCHLINE_DATABASE_URL"]),
        secret=SecretStr(SECRET),
        worker_in_serve=False,
        intake_rate_per_key=100_000_000,
        intake_rate_per_key_soft=100_000_000,
    )
    logging.configure(settings.log_level, settings.log_format)
    app = create_app(settings)
    app.router.routes[:0] = floor_routes()  # in front: nothing else is tried before them
    return app


def serve(factory: str) -> None:
    """One worker, as `touchline serve` runs it; its log goes to stdout."""
    uvicorn.run(
        factory,
        factory=True,
        host="127.0.0.1",
        port=int(os.environ["TOUCHLINE_PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
    )


if __name__ == "__main__":
    serve("benchmarks.service:app_with_floor")
