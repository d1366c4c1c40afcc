"""SIGTERM and SIGINT, the same way in every command that runs until it is told to stop."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Before the work begins a signal ends the process, then it ends the work.

    Further signals change nothing, so that nobody can interrupt the clearing up by impatience;
    only a second SIGINT (Ctrl-C) may hurry the work itself.
    """

    def __init__(self) -> None:
        self._finish: Callable[[], object] = lambda: sys.exit(0)
        self._hurry: Callable[[], object] = lambda: None
        self._asked = False

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Both signals come here for as long as the block lasts."""
        before = {number: signal.signal(number, self) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def calls(
        self, finish: Callable[[], object], hurry: Callable[[], object] = lambda: None
    ) -> None:
        """The work begins: these two end it."""
        self._finish, self._hurry = finish, hurry

    def __call__(self, number: int, _: FrameType | None) -> None:
        if not self._asked:
            self._asked = True
            self._finish()
        elif number == signal.SIGINT:
            self._hurry()
