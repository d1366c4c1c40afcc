"""`python -m benchmarks.imports [ROWS]`: a file of persons taken in, on a database of its own.

Prints rows a second of wall time, CPU time a row in the application and in Postgres, and the
memory of the application at its largest. Validation, normal forms, match keys, identities, the
journal and the outcome of each row are all part of it.
"""

import asyncio
import csv
import gc
import os
import random
import resource
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from uuid import UUID

from app.adapters import match_features, normalisers
from app.cli.databases import database_settings, opened_as_app, opened_as_owner
from app.domain.access.api_keys import SECRET_SCOPES
from app.domain.intake.import_fields import ImportKind
from app.domain.intake.import_files import FileFormat
from app.domain.intake.imports import Phase
from app.platform.config import Settings
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import create_workspace, system_caller
from app.services.intake.import_inspection import inspect
from app.services.intake.import_receiving import ImportReceiver, measured
from app.services.intake.import_running import ImportRunner
from app.services.intake.imports import ImportService

HEADER = (
    "First Name,Last Name,Company,Email,Phone,Street,City,Postal Code,Country,Job Title,"
    "Lead Source,Created Date,Employees"
).split(",")
FIRST = "Ada Bo Cem Dora Emil Fatma Gert Hanna Ivo Jana Kim Lars Mia Nils Olga Paul Rosa".split()
LAST = "Müller Schmidt Lovelace Khan Novak Rossi Berg Klein Wolf Vogel Braun Haas Kuhn".split()
# One row in so many is of a person who was there before.
REPEATED = 50


def write_people(path: Path, count: int) -> None:
    """A file of persons, some of them twice."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(count):
            who = chance.randrange(number + 1) if number % REPEATED == REPEATED - 1 else number
            first, last = FIRST[who % len(FIRST)], LAST[who // 7 % len(LAST)]
            company, day = who % 5_000, f"2024-{who % 12 + 1:02d}-{who % 28 + 1:02d}"
            writer.writerow(
                [
                    *(first, last, f"{last} GmbH {company}"),
                    f"{first}.{who}@firma{company}.de".lower(),
                    f"+49 30 {1_000_000 + who}",
                    *(f"Hauptstr. {who % 200}", "Berlin", f"{10_000 + who % 80_000}", "Germany"),
                    *("Einkauf", "fair", day, str(who % 500)),
                ]
            )


def main(count: int) -> None:
    """Run once and print."""
    gc.set_threshold(300_000, 50, 1000)
    with tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "people.csv"
        write_people(file, count)
        settings = Settings(data_dir=Path(folder) / "data", database_url=None)
        with database_settings(settings) as found:
            asyncio.run(_measure(found, file, Path(folder)))


async def _measure(settings: Settings, file: Path, folder: Path) -> None:
    normalisers.warm_up()
    match_features.warm_up()
    async with opened_as_owner(settings) as owner:
        workspace_id = await create_workspace(owner, "bench", "Bench", default_country="DE")
    async with opened_as_app(settings) as database:
        import_id, rows, looked = await _started(database, workspace_id, file)
        wall, app, postgres = perf_counter(), process_time(), _postgres_seconds(folder)
        await ImportRunner(database, workspace_id).run(import_id, Phase.RUN, path=file)
        wall, app = perf_counter() - wall, process_time() - app
        postgres = _postgres_seconds(folder) - postgres
        async with UnitOfWork(database, system_caller(workspace_id)) as uow:
            counts = (await uow.imports.get(import_id)).counts
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"rows                     {rows:>12,}  {counts}")
    print(f"first look               {looked:>12.1f} s")
    print(f"wall                     {wall:>12.1f} s, {rows / wall:,.0f} rows/s")
    print(f"CPU of the application   {app / rows * 1e6:>12.0f} µs a row, {rows / app:,.0f} rows/s")
    print(f"CPU of Postgres          {postgres / rows * 1e6:>12.0f} µs a row")
    print(f"rows per CPU second      {rows / (app + postgres):>12,.0f}")
    print(f"memory at its largest    {memory:>12.0f} MB")


async def _started(database: Database, workspace_id: UUID, file: Path) -> tuple[UUID, int, float]:
    caller = replace(system_caller(workspace_id), scopes=frozenset(SECRET_SCOPES))
    looked = perf_counter()
    found = inspect(file, FileFormat())
    looked = perf_counter() - looked
    async with UnitOfWork(database, caller) as uow:
        import_ = await ImportReceiver(uow).create(
            measured(file, file.name), ImportKind.LEADS, found
        )
    async with UnitOfWork(database, caller) as uow:
        await ImportService(uow).start(import_.id, as_job=False)
    return import_.id, found.row_count, looked


def _postgres_seconds(folder: Path) -> float:
    """CPU seconds of all processes of the server that lies in this folder."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        try:
            ours = entry.name.isdigit() and str(folder) in str((entry / "cwd").readlink())
            if ours and entry.name != str(os.getpid()):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
