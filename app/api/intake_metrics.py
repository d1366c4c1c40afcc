"""How the intake stands, read off it whenever the metrics are asked for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import FastAPI
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from app.api.runtime import Runtime

_COUNTERS = {
    "stored": "Submissions committed to the database before their answer",
    "spooled": "Submissions synced to the spool before their answer",
    "refused": "Submissions that nothing could take, answered 503",
    "quarantined": "Records that the database refused",
    "replayed": "Records brought from a spool to the database",
    "batches": "Commits that submissions shared",
}


class IntakeCollector(Collector):
    """The counters of the reception, the spool's fill, and what the audit found."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Nothing before the app has started."""
        runtime: Runtime | None = getattr(self._app.state, "runtime", None)
        if runtime is None:
            return
        tally = runtime.reception.tally
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(f"touchline_intake_{name}", text, getattr(tally, name))
        yield GaugeMetricFamily(
            "touchline_intake_connected",
            "Whether the database took the last submissions",
            int(runtime.reception.connected),
        )
        yield GaugeMetricFamily(
            "touchline_intake_lost",
            "Submissions acknowledged by this process and not found again",
            len(runtime.intake.replay.lost),
        )
        yield GaugeMetricFamily(
            "touchline_intake_difference",
            "Receipts issued against submissions stored, in all workspaces",
            runtime.audit.difference,
        )
        yield from _spool(runtime)


def _spool(runtime: "Runtime") -> Iterator[Metric]:
    spool = runtime.reception.spool
    if spool is None:
        return
    usage = spool.usage()
    yield GaugeMetricFamily("touchline_spool_bytes", "Size of the spool", usage.bytes)
    yield GaugeMetricFamily(
        "touchline_spool_waiting", "Records that wait for the database", usage.unsettled
    )
    yield GaugeMetricFamily(
        "touchline_spool_oldest_seconds",
        "Age of the oldest of them",
        usage.oldest_unsettled_seconds or 0,
    )
    yield GaugeMetricFamily(
        "touchline_spool_damaged", "Stretches that could not be read", spool.damaged
    )
