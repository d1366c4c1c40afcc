"""An import that is killed at any moment, and run again, takes every row once."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from app.platform.db import Database
from tests.conftest import SECRET, Client, Databases
from tests.factories.messy_export import messy_export

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("TOUCHLINE_IMPORT_KILLS", "4"))
ROWS = 4_000


async def _run(databases: Databases, client: Client, file: Path) -> asyncio.subprocess.Process:
    environment = os.environ | {
        "TOUCHLINE_DATABASE_URL": databases.app_url,
        "TOUCHLINE_SECRET": SECRET,
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from app.cli import main; main()"),
        *("import", str(file), "--workspace", str(client.workspace_id)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _cursor(owner: Database, client: Client) -> tuple[int, str]:
    rows = await owner.fetch(
        "SELECT cursor, status FROM imports WHERE workspace_id = $1", client.workspace_id
    )
    return (rows[0]["cursor"], rows[0]["status"]) if rows else (0, "")


async def test_every_row_is_taken_once(
    databases: Databases, owner_database: Database, client: Client, tmp_path: Path
) -> None:
    export = messy_export(ROWS)
    file = tmp_path / "export.csv"
    file.write_bytes(export.content)
    chance = random.Random(os.environ.get("TOUCHLINE_SEED"))
    killed_at = []
    for _ in range(KILLS):
        before, _ = await _cursor(owner_database, client)
        process = await _run(databases, client, file)
        async with asyncio.timeout(60):
            while process.returncode is None:
                now, status = await _cursor(owner_database, client)
                if now > before or status == "done":
                    break
                await asyncio.sleep(0.005)
        await asyncio.sleep(chance.uniform(0, 0.15))
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        await process.communicate()
        killed_at.append((await _cursor(owner_database, client))[0])
    assert any(0 < cursor < ROWS for cursor in killed_at), killed_at
    if (await _cursor(owner_database, client))[1] != "done":
        process = await _run(databases, client, file)
        out, errors = await process.communicate()
        # Rows were rejected, which the exit code tells.
        assert process.returncode == 1, errors.decode()
        assert b"created" in out
    found = await owner_database.fetch(
        "SELECT line, outcome FROM import_rows WHERE workspace_id = $1", client.workspace_id
    )
    assert {row["line"]: row["outcome"] for row in found} == export.outcomes
    wanted = Counter(export.outcomes.values())
    [stored] = await owner_database.fetch(
        "SELECT counts, cursor FROM imports WHERE workspace_id = $1", client.workspace_id
    )
    counts = Counter(stored["counts"])
    del counts["noted"]
    assert counts == wanted + Counter(blank=export.blank)
    assert stored["cursor"] == ROWS
    for query in (
        "SELECT count(*) FROM leads WHERE workspace_id = $1",
        "SELECT count(DISTINCT email_norm) FROM leads WHERE workspace_id = $1",
        "SELECT count(*) FROM events WHERE workspace_id = $1 AND type = 'lead.created'",
    ):
        [row] = await owner_database.fetch(query, client.workspace_id)
        assert row[0] == wanted["created"], query
