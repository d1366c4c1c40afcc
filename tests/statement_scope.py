"""Reads a statement and says which tenant tables it touches without naming the workspace.

Row-level security would hide foreign rows anyway; this holds the rule that every statement binds
`workspace_id = $n` for every tenant table in that table's own scope, subqueries included. What
cannot be understood is a complaint as well: the checker fails closed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from app.repositories.schema import MIGRATIONS
from app.repositories.tables import TableClass, metadata

_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")+" | \$\d+ | [A-Za-z_]\w* | \d[\w.]* | :: | [<>!=|&@~]+ | \S""",
    re.VERBOSE,
)
_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "VALUES", "WITH"})
_SET_OPERATIONS = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_AFTER_FROM = frozenset(
    "WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH FOR WINDOW RETURNING CONFLICT SET VALUES".split()
)
_NO_ALIAS = _AFTER_FROM | frozenset(
    "ON USING JOIN LEFT RIGHT FULL INNER CROSS NATURAL OUTER DEFAULT SELECT WITH".split()
)

Item = "str | list[Item]"
Items = list[object]


@cache
def tenant_tables() -> frozenset[str]:
    """The names of every table whose rows belong to a workspace."""
    __import__("app.repositories.unit_of_work")
    if not MIGRATIONS.is_dir() or not metadata.tables:
        raise RuntimeError("no tables are declared")
    return frozenset(
        table.name
        for table in metadata.tables.values()
        if table.info["class"] is TableClass.TENANT
    )


def complaints(sql: str, tables: frozenset[str] | None = None) -> list[str]:
    """Why the statement breaks the rule; empty when it keeps it."""
    reader = _Reader(tenant_tables() if tables is None else tables)
    items = _nested(sql)
    reader.query(items)
    reader.nothing_overlooked(items)
    return reader.found


def _nested(sql: str) -> Items:
    """The tokens, each parenthesis a list of its own."""
    stack: list[Items] = [[]]
    for token in _TOKEN.findall(sql):
        if token == "(":
            stack.append([])
        elif token == ")":
            group = stack.pop()
            stack[-1].append(group)
        else:
            stack[-1].append(token.strip('"') if token.startswith('"') else token)
    return stack[0]


def _word(items: Items, position: int) -> str:
    """The keyword or sign at a position, in capitals; empty for a parenthesis or nothing."""
    found = items[position] if 0 <= position < len(items) else ""
    return found.upper() if isinstance(found, str) else ""


def _is_query(group: Items) -> bool:
    return _word(group, 0) in _VERBS


@dataclass
class _Scope:
    """The tables of one SELECT, UPDATE, INSERT or DELETE, and the names bound to a workspace."""

    occurrences: dict[str, str] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)


class _Reader:
    def __init__(self, tables: frozenset[str]) -> None:
        self.tables = tables
        self.found: list[str] = []
        self._understood: set[tuple[int, int]] = set()

    def query(self, items: Items) -> None:
        """Check a whole query, its parts and everything nested in it."""
        part: Items = []
        start = 0
        for position in range(len(items) + 1):
            if position == len(items) or _word(items, position) in _SET_OPERATIONS:
                part = items[start:position]
                self._part(items, start, position)
                start = position + 1
        for item in items:
            if isinstance(item, list):
                self._inside(item)
        del part

    def _inside(self, group: Items) -> None:
        if _is_query(group):
            self.query(group)
        else:
            for item in group:
                if isinstance(item, list):
                    self._inside(item)
