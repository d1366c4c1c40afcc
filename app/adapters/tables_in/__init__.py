"""Files of rows, read as streams: CSV, workbooks and lines of JSON, compressed or not."""

from app.adapters.tables_in.detecting import detected
from app.adapters.tables_in.reading import Table, open_table

__all__ = ["Table", "detected", "open_table"]
