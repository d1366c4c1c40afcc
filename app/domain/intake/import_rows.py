"""From the cells of a row to the values of fields: every value fits, or is told why it does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.intake.import_cells import UNSTORABLE, CellParsers, Known, Parse
from app.domain.intake.import_fields import Target, ValueType, target_named
from app.domain.intake.import_files import Record
from app.domain.intake.import_numbers import minor_units
from app.domain.intake.imports import Unfit
from app.domain.intake.mapping import as_text

Reason = dict[str, Any]
_MOST_MINOR = 10**15


@dataclass(slots=True)
class ReadRow:
    """A row with its values by target; one with problems is not taken."""

    line: int
    cells: list[Any]
    values: dict[str, Any]
    problems: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    # What whoever takes it has worked out beforehand.
    prepared: Any = None


class RowReader:
    """Reads the rows of one file by one mapping."""

    def __init__(
        self,
        columns: Sequence[Mapping[str, Any]],
        rules: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        known: Known,
    ) -> None:
        self._known = known
        places = {column["name"]: place for place, column in enumerate(columns)}
        self._names = [column["name"] for column in columns]
        sights = {column["name"]: column for column in columns}
        parsers = CellParsers(known, options, sights)
        self._steps: list[tuple[int, str, Parse, Unfit]] = []
        self._money: list[str] = []
        for rule in rules:
            name = rule.get("to")
            target = target_named(name) if name else None
            if target is None:
                continue
            unfit = Unfit(rule.get("unfit") or _default_unfit(target))
            parse = parsers.parser(target, rule)
            self._steps.append((places[rule["column"]], target.name, parse, unfit))
            if target.type is ValueType.MONEY:
                self._money.append(target.name)

    def read(self, record: Record) -> ReadRow:
        """The values of a row, and what of it does not fit."""
        values: dict[str, Any] = {}
        row = ReadRow(record.line, record.cells, values)
        if record.fault is not None:
            row.problems.append({"column": None, "detail": record.fault})
            return row
        cells = record.cells
        for place, name, parse, unfit in self._steps:
            cell = cells[place]
            if cell is None or cell == "":
                continue
            try:
                value = parse(cell)
            except ValueError as error:
                self._refuse(row, place, name, str(error), unfit, cell)
            else:
                if value is not None:
                    values[name] = value
        if self._money:
            self._settle_money(row)
        return row

    def _refuse(
        self, row: ReadRow, place: int, name: str, detail: str, unfit: Unfit, cell: Any
    ) -> None:
        reason = {"column": self._names[place], "field": name, "detail": detail}
        if unfit is Unfit.REJECT or detail == UNSTORABLE:
            row.problems.append(reason)
            return
        row.notes.append(reason)
        if unfit is Unfit.KEEP:
            row.values[name] = as_text(cell).strip()

    def _settle_money(self, row: ReadRow) -> None:
        """Amounts in minor units, with the currency that the row, the column or the file names."""
        for name in self._money:
            money = row.values.pop(name, None)
            if money is None:
                continue
            side = "currency" if name == "annual_revenue" else "opportunity.currency"
            named = row.values.get(side)
            currency = named or money.currency or self._known.default_currency
            try:
                if named and money.currency and named != money.currency:
                    raise ValueError(f"is in {money.currency}, the row says {named}")
                minor = minor_units(money.amount, self._known.currency_digits(currency))
                if not 0 <= minor <= _MOST_MINOR:
                    raise ValueError("is below nothing" if minor < 0 else "is too large")
            except ValueError as error:
                row.problems.append({"column": None, "field": name, "detail": str(error)})
            else:
                row.values[f"{name}_minor"], row.values[side] = minor, currency


def _default_unfit(target: Target) -> Unfit:
    # A number that no library knows may still be one that somebody answers.
    return Unfit.KEEP if target.type is ValueType.PHONE else Unfit.REJECT
