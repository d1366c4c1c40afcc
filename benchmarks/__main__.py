"""`python -m benchmarks`: measure against the floors. `python -m benchmarks plans`: query plans."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from benchmarks import plans
from benchmarks.growth import grow
from benchmarks.report import Report
from benchmarks.run import Scale, measure_all
from benchmarks.stage import Stage, samples


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("rates", "plans"), default="rates")
    parser.add_argument("--quick", action="store_true", help="10,000 leads, few short rounds")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these rows alone")
    parser.add_argument("--rounds", type=int, help="rounds a row (7)")
    parser.add_argument("--seconds", type=int, help="length of a round (2)")
    parser.add_argument("--leads", type=int, help="leads that are present (100,000)")
    parser.add_argument("--growth", action="store_true", help="10,000 leads against 1,000,000")
    parser.add_argument("--data-dir", type=Path, help="keep the filled database here, or reuse it")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--verbose", action="store_true", help="print whole plans")
    return parser.parse_args()


async def _main() -> int:
    given = _arguments()
    scale = Scale(
        leads=given.leads or (10_000 if given.quick else 100_000),
        rounds=given.rounds or (3 if given.quick else 7),
        seconds=given.seconds or (1 if given.quick else 2),
        only=frozenset(given.only or ()),
    )
    async with Stage(given.data_dir).running() as stage:
        if given.what == "plans":
            filled = await stage.filled(scale.leads, scale.touches)
            found = await samples(filled)
            return 0 if await plans.check_plans(filled, found, verbose=given.verbose) else 1
        report = Report()
        if given.growth:
            await grow(stage, scale, report)
        else:
            await measure_all(stage, scale, report)
    report.print()
    if given.json:
        report.save(given.json)
    return 0


if __name__ == "__main__":
    # So that the servers are stopped as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    sys.exit(asyncio.run(_main()))
