"""Growth: what a read costs among a million leads, against ten thousand."""

from statistics import median

from benchmarks.load import run
from benchmarks.report import Report
from benchmarks.rounds import WARM_UP_SECONDS
from benchmarks.rows import deep_page, reads
from benchmarks.run import SERVICE, Scale
from benchmarks.servers import serving
from benchmarks.stage import Stage, samples

SMALL, LARGE, TOUCHES = 10_000, 1_000_000, 10
AT_MOST = 1.5


async def grow(stage: Stage, scale: Scale, report: Report) -> None:
    """Every read in turn on both databases; cost is CPU time of app and Postgres a request."""
    small, large = await stage.filled(SMALL, TOUCHES), await stage.filled(LARGE, TOUCHES)
    in_small, in_large = await samples(small), await samples(large)
    report.note(f"{SMALL:,} leads against {LARGE:,} leads with {LARGE * TOUCHES:,} touchpoints")
    with serving(SERVICE, stage, small) as one, serving(SERVICE, stage, large) as other:
        targets = (one.target(stage, small), other.target(stage, large))
        requests = [
            (row.name, row.request, twin.request)
            for row, twin in zip(reads(in_small), reads(in_large), strict=True)
        ]
        requests.append(("deep", deep_page(one, small), deep_page(other, large)))
        for name, in_one, in_other in requests:
            if not scale.wants(name):
                continue
            run(targets[0], in_one, WARM_UP_SECONDS), run(targets[1], in_other, WARM_UP_SECONDS)
            costs, rates = [], []
            for _ in range(scale.rounds):
                a = run(targets[0], in_one, scale.seconds)
                b = run(targets[1], in_other, scale.seconds)
                costs.append((b.app_cpu + b.postgres_cpu) / (a.app_cpu + a.postgres_cpu))
                rates.append(a.rate / b.rate)
            report.figure(f"growth of `{name}`, CPU time", median(costs), AT_MOST, "×")
            report.figure(f"growth of `{name}`, 1 / rate", median(rates), AT_MOST, "×")
