"""A workspace for jobs, and the service's own role without the service."""

from collections.abc import AsyncIterator

import pytest

from app.platform.db import Database
from app.platform.ids import new_id
from app.services.access.provisioning import create_workspace
from tests.conftest import Databases
from tests.factories.jobs import Jobs


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    """More connections than the service has: several workers share them."""
    database = Database(databases.app_url, pool_size=12)
    yield database
    await database.close()


@pytest.fixture
async def jobs(database: Database, owner_database: Database) -> Jobs:
    """The jobs of a new workspace."""
    workspace_id = await create_workspace(owner_database, f"w-{new_id().hex}", "Test")
    return Jobs(database, owner_database, workspace_id)
