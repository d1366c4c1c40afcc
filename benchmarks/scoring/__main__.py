"""`python -m benchmarks.scoring`: how well a hand-made score and a learnt prediction find the leads
that a hidden rule lets convert, among noise, gaps, and fields filled in only after contact."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.platform.config import Settings
from benchmarks.scoring.measuring import Measured, Sizes, measure
from benchmarks.scoring.workspaces import served, service_settings

SEEDS = (1, 2, 3)
CLOSE_TO_THE_RULE = 0.02


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="which seeds")
    parser.add_argument("--live", type=int, default=2_500, help="judged leads, told day by day")
    parser.add_argument("--imported", type=int, default=2_500, help="judged leads of an import")
    parser.add_argument("--open", type=int, default=2_500, help="leads without a verdict")
    return parser.parse_args()


def _quality_table(measured: list[Measured]) -> Table:
    table = Table(title="AUC and Brier score on leads without a verdict, which the rule decides")
    for heading in (
        *("seed", "judged", "open", "rule", "best guess", "hand-made", "prediction", "gap"),
        *("says of itself", "Brier rule", "prediction", "rate"),
    ):
        table.add_column(heading, justify="right")
    for each in measured:
        table.add_row(
            str(each.seed),
            f"{each.judged:,}",
            f"{each.open:,}",
            f"{each.rule:.4f}",
            f"{each.best_guess:.4f}",
            f"{each.hand_made:.4f}",
            _judged(f"{each.prediction:.4f}", good=each.prediction > each.hand_made),
            _judged(f"{each.gap:+.4f}", good=each.gap <= CLOSE_TO_THE_RULE),
            f"{each.prediction_says:.4f}",
            f"{each.brier_rule:.4f}",
            f"{each.brier_prediction:.4f}",
            f"{each.brier_rate:.4f}",
        )
    return table


def _decile_table(measured: list[Measured]) -> Table:
    table = Table(title="Share converted by tenth of the hand-made score, the highest first")
    for heading in ("seed", "leads", "AUC", *map(str, range(1, 11)), "monotone"):
        table.add_column(heading, justify="right")
    for each in measured:
        judged = {row["part"]: row["rate"] for row in each.backtest["lift"]}
        for name, area, rates, monotone in (
            ("back-test", each.backtest["auc"], judged, each.backtest["monotone"]),
            ("open", each.hand_made, each.deciles, each.open_monotone),
        ):
            table.add_row(
                str(each.seed),
                name,
                f"{area:.4f}",
                *(f"{rates[part]:.3f}" if part in rates else "-" for part in range(1, 11)),
                _judged("yes" if monotone else "no", good=bool(monotone)),
            )
    return table


def _judged(figure: str, *, good: bool) -> str:
    return f"[{'green' if good else 'red'}]{figure}[/]"


async def _measured(settings: Settings, given: argparse.Namespace) -> list[Measured]:
    sizes = Sizes(live=given.live, imported=given.imported, open=given.open)
    measured = []
    async with served(settings) as app:
        for seed in given.seeds:
            found = await measure(app, settings, seed, sizes)
            steps = ", ".join(f"{name} {took:.0f} s" for name, took in found.seconds.items())
            print(f"seed {seed}: {steps}; leaks found: {', '.join(found.leaks)}", flush=True)
            measured.append(found)
    return measured


def main() -> int:
    """Measure every seed and print; 1 unless all targets are met."""
    given = _arguments()
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        service_settings(Path(folder)) as settings,
    ):
        measured = asyncio.run(_measured(settings, given))
    console = Console(width=150)
    console.print(_quality_table(measured))
    console.print(_decile_table(measured))
    sound = all(
        each.monotone and each.prediction > each.hand_made and each.gap <= CLOSE_TO_THE_RULE
        for each in measured
    )
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
