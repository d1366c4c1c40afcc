"""The table, in Markdown, ready to be pasted."""

import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.load import Sample
from benchmarks.rounds import Measured
from benchmarks.rows import Row

_HEAD = (
    "path",
    "target",
    "measured",
    "",
    "by CPU",
    "× like",
    "per s",
    "p50 ms",
    "p99 ms",
    "p99/p50",
    "CPU ms app",
    "CPU ms Postgres",
)


class Report:
    """Gathers lines and verdicts."""

    def __init__(self) -> None:
        self._table: list[list[str]] = []
        self._notes: list[str] = []
        self._raw: dict[str, object] = {}

    def row(self, row: Row, measured: Measured) -> None:
        """A measured row with its verdict."""
        sample = measured.sample
        target, found, met = _verdict(row, measured)
        self._line(row.title, target, found, met, measured, sample)
        self._raw[row.name] = asdict(measured)

    def extra(self, title: str, measured: Measured) -> None:
        """Something without a target of its own."""
        self._line(title, "", f"{measured.ratio:.3f} × (e)", "", measured, measured.sample)
        self._raw[title] = asdict(measured)

    def database_alone(self, sample: Sample) -> None:
        """What pgbench reached."""
        self._table.append(
            [
                *("(d) pgbench, the same insert", "", "", "", "", ""),
                *(f"{sample.rate:,.0f}", f"{sample.p50:.1f}", "", "", ""),
                f"{sample.postgres_cpu:.3f}",
            ]
        )
        self._raw["pgbench"] = {"rate": sample.rate, "postgres_cpu": sample.postgres_cpu}

    def figure(self, name: str, value: float, at_most: float | None, unit: str) -> None:
        """A figure below the table: memory, seconds, round trips."""
        met = "" if at_most is None else f" (target ≤ {at_most:g}: {_word(value <= at_most)})"
        self._notes.append(f"- {name}: {value:.4g} {unit}{met}")
        self._raw[name] = value

    def note(self, text: str) -> None:
        """A remark below the table."""
        self._notes.append(f"- {text}")

    def print(self) -> None:
        """The whole report."""
        lines = [list(_HEAD), ["---"] * len(_HEAD), *self._table]
        print()
        if self._table:
            print("\n".join(f"| {' | '.join(line)} |" for line in lines), end="\n\n")
        print("\n".join(self._notes), flush=True)

    def save(self, path: Path) -> None:
        """Every figure as JSON."""
        path.write_text(json.dumps(self._raw, indent=1), "utf-8")

    def _line(
        self, title: str, target: str, found: str, met: str, measured: Measured, sample: Sample
    ) -> None:
        like = f"{measured.like_ratio:.2f}" if measured.like_ratio else ""
        self._table.append(
            [
                *(title, target, found, met, f"{measured.ratio_by_cpu:.3f}", like),
                *(f"{sample.rate:,.0f}", f"{sample.p50:.1f}", f"{sample.p99:.1f}"),
                *(f"{sample.p99 / sample.p50:.1f}", f"{sample.app_cpu:.3f}"),
                f"{sample.postgres_cpu:.3f}",
            ]
        )
        print(f"  {title}: {found} {met}  {sample.rate:,.0f}/s", flush=True)


def _verdict(row: Row, measured: Measured) -> tuple[str, str, str]:
    items = measured.sample.rate * row.items
    if row.items_a_second:
        met = items >= row.items_a_second
        return f"≥ {row.items_a_second:,.0f}/s", f"{items:,.0f}/s", _word(met)
    if row.items > 1:
        return "", f"{items:,.0f}/s", ""
    unit = "× page 1" if row.against else "× (e)"
    found = f"{measured.ratio:.3f} {unit}"
    if row.at_least is None:
        return "", found, ""
    target, met = f"≥ {row.at_least:.2f}", measured.ratio >= row.at_least
    if row.tail:
        target += f", p99 ≤ {row.tail:.0f} × p50"
        met = met and measured.sample.p99 <= row.tail * measured.sample.p50
    return target, found, _word(met)


def _word(met: bool) -> str:
    return "OK" if met else "MISS"
