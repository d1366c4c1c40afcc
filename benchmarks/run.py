"""The run: every row between floors, then the figures that no load is needed for."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.load import Sample, Target, generator_name
from benchmarks.pgbench import pgbench_path, run_pgbench
from benchmarks.processes import resident_mb
from benchmarks.report import Report
from benchmarks.round_trips import TARGETS, round_trips
from benchmarks.rounds import Measured, alternate, loader, medians
from benchmarks.rows import FLOOR, ORM, Row, deep_page, rows
from benchmarks.servers import serving
from benchmarks.stage import Filled, Stage, samples

SERVICE = "benchmarks.service"
ORM_SERVICE = "benchmarks.orm_floor"


@dataclass(frozen=True)
class Scale:
    """How much is measured, and how long."""

    leads: int
    rounds: int
    seconds: int
    only: frozenset[str]
    touches: int = 3

    def wants(self, name: str) -> bool:
        """Whether a row was asked for."""
        return not self.only or name in self.only


async def measure_all(stage: Stage, scale: Scale, report: Report) -> None:
    """Every row and figure that was asked for."""
    filled = await stage.filled(scale.leads, scale.touches)
    found = await samples(filled)
    report.note(f"load by {generator_name()}, 32 connections, {scale.leads:,} leads present")
    with serving(SERVICE, stage, filled) as server:
        target = server.target(stage, filled)
        floor = loader(target, FLOOR, scale.seconds)
        rates: dict[str, float] = {}
        for row in rows(found, deep_page(server, filled)):
            if scale.wants(row.name):
                measured = _measured(row, target, floor, scale)
                rates[row.name] = measured.sample.rate
                report.row(row, measured)
        if scale.wants("memory"):
            report.figure("resident memory after the load", resident_mb(server.pid), 110, "MB")
        if scale.wants("orm"):
            with serving(ORM_SERVICE, stage, filled) as orm:
                measure = loader(orm.target(stage, filled), ORM, scale.seconds)
                slow = alternate(measure, floor, None, scale.rounds)
                report.extra("(o) ORM floor", slow)
                if "intake" in rates:
                    times = rates["intake"] / slow.sample.rate
                    report.figure("intake against the ORM floor (at least 5)", times, None, "×")
    if scale.wants("pgbench") and pgbench_path():
        taken = [run_pgbench(stage, filled, scale.seconds) for _ in range(scale.rounds)]
        report.database_alone(medians(taken))
    if scale.wants("trips"):
        for name, count in (await round_trips(filled, found)).items():
            report.figure(f"round trips, {name}", count, TARGETS.get(name), "")
    if scale.wants("start"):
        _start_up(stage, filled, report)


def _measured(row: Row, target: Target, floor: Callable[[], Sample], scale: Scale) -> Measured:
    compared = loader(target, row.against, scale.seconds) if row.against else floor
    like = loader(target, row.like, scale.seconds) if row.like else None
    return alternate(loader(target, row.request, scale.seconds), compared, like, scale.rounds)


def _start_up(stage: Stage, filled: Filled, report: Report) -> None:
    """From nothing running to the first answer from the data; the best of three."""
    database, service = [], []
    for _ in range(3):
        stage.postgres.stop()
        started = time.perf_counter()
        stage.postgres.start()
        database.append(time.perf_counter() - started)
        started = time.perf_counter()
        with serving(SERVICE, stage, filled) as server:
            server.get("/v1/leads?limit=1", filled.key)
            service.append(time.perf_counter() - started)
    report.figure("start of Postgres on existing data", min(database), None, "s")
    report.figure("start of the service to its first answer", min(service), None, "s")
    report.figure("cold start on existing data, both", min(database) + min(service), 1.5, "s")
