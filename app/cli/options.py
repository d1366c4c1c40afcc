"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Where the embedded Postgres lives [TOUCHLINE_DATA_DIR, else .touchline].",
        show_default=False,
    ),
]
