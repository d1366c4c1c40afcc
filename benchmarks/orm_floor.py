"""The usual way, for comparison: lead and touchpoint through SQLAlchemy's ORM, one commit each."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from fastapi import FastAPI, status
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import registry

from app.api.schemas.leads.leads import LeadCaptured, LeadCreate
from app.platform import clock
from app.platform.ids import new_id
from app.repositories.tables.leads import leads
from app.repositories.tables.record import touchpoints
from app.services.leads.normalisation import normalised
from benchmarks.service import floor_lead, serve


class StoredLead:
    """A row of `leads`."""

    def __init__(self, **columns: Any) -> None:
        for name, value in columns.items():
            setattr(self, name, value)


class StoredTouch:
    """A row of `touchpoints`."""

    def __init__(self, **columns: Any) -> None:
        for name, value in columns.items():
            setattr(self, name, value)


_mapping = registry()
_mapping.map_imperatively(StoredLead, leads)
_mapping.map_imperatively(StoredTouch, touchpoints)


def app_with_orm() -> FastAPI:
    """For uvicorn."""
    workspace_id = UUID(os.environ["BENCH_WORKSPACE"])
    url = os.environ["TOUCHLINE_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url, pool_size=10, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/orm/leads", response_model=LeadCaptured, status_code=status.HTTP_201_CREATED)
    async def create_lead(body: LeadCreate) -> LeadCaptured:
        async with sessions() as session:
            return await _store(session, workspace_id, body)

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    return app


async def _store(session: AsyncSession, workspace_id: UUID, body: LeadCreate) -> LeadCaptured:
    now = clock.now()
    columns = vars(floor_lead(body)) | {"workspace_id": workspace_id}
    columns |= normalised(columns, None) | {"touch_count": 1}
    await session.execute(text(f"SET LOCAL app.workspace_id = '{workspace_id}'"))
    lead = StoredLead(**columns)
    touch = StoredTouch(
        workspace_id=workspace_id,
        id=new_id(),
        lead_id=columns["id"],
        kind=body.touchpoint.kind if body.touchpoint else "lead_captured",
        utm=body.touchpoint.utm if body.touchpoint else None,
        page_url=body.touchpoint.page_url if body.touchpoint else None,
        occurred_at=now,
        recorded_at=now,
    )
    session.add(lead)
    await session.flush()
    session.add(touch)
    await session.commit()
    return LeadCaptured.model_validate(
        columns | {"outcome": "created", "touchpoint_id": touch.id}  # type: ignore[attr-defined]
    )


if __name__ == "__main__":
    serve("benchmarks.orm_floor:app_with_orm")
