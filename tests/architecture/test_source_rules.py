"""What the source of the service may not say, and where alone it may."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT_OF_WORK = {"app/repositories/unit_of_work.py", "app/repositories/transaction.py"}
CLOCK = {"app/platform/clock.py"}
LISTENING = frozenset({"app/cli/listening.py", "app/cli/serve.py"})
ENDING = frozenset({"commit", "rollback", "begin", "begin_nested", "transaction"})
SQL_ENDING = re.compile(r"\b(COMMIT|ROLLBACK|BEGIN|SAVEPOINT|START TRANSACTION)\b")
CLOCKS = frozenset(
    {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
)
OUTSIDE_WORLD = frozenset(
    "httpx httpx2 requests aiohttp urllib3 urllib.request http.client smtplib aiosmtplib "
    "socket ftplib".split()
)

Finder = Callable[[ast.Module], Iterator[tuple[int, str]]]


def ends_a_transaction(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Calls and SQL that begin or end a transaction."""
    prose = _docstrings(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ENDING
        ):
            yield node.lineno, f".{node.func.attr}("
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in prose
            and (match := SQL_ENDING.search(node.value))
        ):
            yield node.lineno, match[0]


def reads_a_clock(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Reads the time elsewhere than from the one clock."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = ".".join(ast.unparse(node).split(".")[-2:])
            if name in CLOCKS:
                yield node.lineno, name


def uses_background_tasks(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """FastAPI's BackgroundTasks, which die with the process."""
    for node in ast.walk(tree):
        named = getattr(node, "id", None) or getattr(node, "attr", None)
        names = [alias.name for alias in getattr(node, "names", ()) if isinstance(alias, ast.alias)]
        if any("BackgroundTask" in str(name) for name in (named, *names)):
            yield getattr(node, "lineno", 0), "BackgroundTasks"


def talks_to_the_outside_world(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Imports of what opens connections."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if any(name == lib or name.startswith(f"{lib}.") for lib in OUTSIDE_WORLD):
                yield node.lineno, name


RULES: dict[str, tuple[Finder, Callable[[str], bool], str]] = {
    "only the unit of work begins and ends transactions": (
        ends_a_transaction,
        lambda path: path in UNIT_OF_WORK,
        "async def f(c): await c.commit()",
    ),
    "no SQL begins or ends a transaction elsewhere": (
        ends_a_transaction,
        lambda path: path in UNIT_OF_WORK,
        "async def f(c): await c.execute('COMMIT')",
    ),
    "the time comes from the one clock": (
        reads_a_clock,
        lambda path: path in CLOCK,
        "import datetime\nx = datetime.datetime.now(datetime.UTC)",
    ),
    "nothing uses BackgroundTasks": (
        uses_background_tasks,
        lambda _: False,
        "from fastapi import BackgroundTasks",
    ),
    "only adapters talk to the outside world": (
        talks_to_the_outside_world,
        # To listen on a port of one's own is not to talk to the outside world.
        lambda path: path.startswith("app/adapters/") or path in LISTENING,
        "from urllib import request",
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_source_keeps_the_rule(rule: str) -> None:
    find, excepted, _ = RULES[rule]
    found = [
        f"{name}:{line}: {what}"
        for name, tree in _modules()
        if not excepted(name)
        for line, what in find(tree)
    ]
    assert found == []


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_is_found_broken(rule: str) -> None:
    find, _, broken = RULES[rule]
    assert list(find(ast.parse(broken)))


@pytest.mark.parametrize("path", sorted(UNIT_OF_WORK | CLOCK))
def test_no_exception_is_stale(path: str) -> None:
    assert (ROOT / path).is_file()


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "app").rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def _docstrings(tree: ast.Module) -> set[int]:
    """The string nodes that are prose and no SQL."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
