"""What all that take the rows of a file have in common."""

from collections.abc import Sequence

from app.domain.intake.import_rows import ReadRow
from app.domain.intake.imports import ImportRow
from app.repositories.unit_of_work import UnitOfWork


class RowTaker:
    """Takes the rows of one kind of file, a set at a time."""

    # Where the same key came up before, in a rehearsal that leaves no trace of it.
    rehearsed: dict[int, int] | None = None

    def prepare(self, rows: Sequence[ReadRow]) -> None:
        """Work out what needs no database, in a thread while another set is at the database."""

    async def take(self, uow: UnitOfWork, rows: Sequence[ReadRow]) -> list[ImportRow]:
        """What becomes of each row."""
        raise NotImplementedError
