"""Says which tenant tables a statement touches without naming the workspace.

Row-level security would hide foreign rows anyway; this holds the rule that every statement binds
`workspace_id = $n` for every tenant table in that table's own scope, subqueries included. What
cannot be understood is a complaint as well: the checker fails closed.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import app.repositories.unit_of_work  # noqa: F401 - declares every table
from app.repositories.access import api_keys
from app.repositories.intake import inbox
from app.repositories.tables import TableClass, metadata

# Run as roles that see next to nothing, and for all workspaces at once; each names its reason.
ACROSS_WORKSPACES = frozenset((*api_keys.ACROSS_WORKSPACES, *inbox.ACROSS_WORKSPACES))

_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")+" | \$\d+ | [A-Za-z_]\w* | \d[\w.]*
    | :: | [<>!=|&@~]+ | \S""",
    re.VERBOSE,
)
# The tokens of a comparison, with a space between them.
_BOUND = re.compile(r"(?:(?P<alias>\w+) \. )?workspace_id = \$\d+(?: :: \w+)?", re.IGNORECASE)
_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "VALUES"})
_SET_OPERATIONS = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_CLAUSES = frozenset("WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH FOR WINDOW RETURNING SET".split())
_JOINS = frozenset("JOIN LEFT RIGHT FULL INNER CROSS NATURAL OUTER".split())
_NO_ALIAS = _CLAUSES | _JOINS | frozenset({"ON", "USING", "SELECT", "VALUES", "DEFAULT", ",", ";"})


class Group(list["str | Group"]):
    """The tokens between two parentheses, or the whole statement."""

    def at(self, position: int) -> "str | Group":
        """What stands at a position; empty beyond the ends."""
        return self[position] if 0 <= position < len(self) else ""

    def word(self, position: int) -> str:
        """The keyword or sign at a position, in capitals; empty for a parenthesis or nothing."""
        found = self.at(position)
        return found.upper() if isinstance(found, str) else ""

    def part(self, start: int, end: int) -> "Group":
        """A stretch of it."""
        return Group(self[start:end])

    def groups(self) -> Iterator["Group"]:
        """The parentheses directly in it."""
        return (item for item in self if isinstance(item, Group))

    def split(self, words: frozenset[str]) -> "list[Group]":
        """The parts between any of these words."""
        parts = [Group()]
        for position, item in enumerate(self):
            if self.word(position) in words:
                parts.append(Group())
            else:
                parts[-1].append(item)
        return parts


@dataclass
class _Scope:
    """One SELECT, UPDATE, INSERT or DELETE: its tables by alias, the aliases that are bound."""

    tables: dict[str, str] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)


@cache
def tenant_tables() -> frozenset[str]:
    """The names of every table whose rows belong to a workspace."""
    every = metadata.tables.values()
    return frozenset(t.name for t in every if t.info["class"] is TableClass.TENANT)


def complaints(sql: str, tables: frozenset[str] | None = None) -> list[str]:
    """Why the statement breaks the rule; empty when it keeps it."""
    statement = _nested(sql)
    reader = _Reader(tenant_tables() if tables is None else tables)
    reader.query(statement)
    overlooked = reader.mentions(statement) - reader.seen
    return reader.found + [f"{name} stands where no table was expected" for name in overlooked]


def _nested(sql: str) -> Group:
    stack = [Group()]
    for token in _TOKEN.findall(sql):
        if token == "(":
            stack.append(Group())
        elif token == ")":
            closed = stack.pop()
            stack[-1].append(closed)
        else:
            stack[-1].append(token.strip('"'))
    return stack[0]


class _Reader:
    def __init__(self, tables: frozenset[str]) -> None:
        self.tables = tables
        self.found: list[str] = []
        self.seen: Counter[str] = Counter()

    def mentions(self, items: Group) -> Counter[str]:
        """How often each tenant table's name stands for the table itself."""
        found: Counter[str] = Counter()
        for position, item in enumerate(items):
            if isinstance(item, Group):
                found += self.mentions(item)
            elif (
                item in self.tables
                and items.word(position + 1) != "."
                and items.word(position - 1) not in (".", "AS", "OF")
            ):
                found[item] += 1
        return found

    def query(self, items: Group) -> None:
        """Check a query, the parts of its UNION, and every query inside."""
        for part in items.split(_SET_OPERATIONS):
            self._part(part)
        self._inside(items)

    def _inside(self, items: Group) -> None:
        for group in items.groups():
            if group.word(0) in _VERBS or group.word(0) == "WITH":
                self.query(group)
            else:
                self._inside(group)

    def _part(self, items: Group) -> None:
        start = next((p for p in range(len(items)) if items.word(p) in _VERBS), len(items))
        verb = items.word(start)
        scope = _Scope()
        if verb == "INSERT":
            self._insert(items, start)
        elif verb == "UPDATE":
            self._table(items, start + 1, scope)
        self._clauses(items.part(start, len(items)), scope, deleting=verb == "DELETE")
        for alias, table in scope.tables.items():
            alone = len(scope.tables) == 1 and "" in scope.bound
            if alias not in scope.bound and not alone:
                self.found.append(f"{table} as {alias} is not bound to a workspace in its scope")

    def _insert(self, items: Group, start: int) -> None:
        inserted = _Scope()
        self._table(items, start + 2, inserted)
        columns = next(items.part(start, len(items)).groups(), Group())
        for table in inserted.tables.values():
            if "workspace_id" not in columns:
                self.found.append(f"{table} is inserted into without workspace_id")
            arbiter = _arbiter(items)
            if arbiter is not None and "workspace_id" not in arbiter:
                self.found.append(f"{table} has a conflict target without workspace_id")

    def _clauses(self, items: Group, scope: _Scope, *, deleting: bool) -> None:
        position = 0
        while position < len(items):
            word = items.word(position)
            if (word == "FROM" and items.word(position - 1) != "DISTINCT") or (
                word == "USING" and deleting
            ):
                position = self._from(items, position + 1, scope)
                continue
            position += 1
            if word == "WHERE":
                end = _end(items, position, _CLAUSES)
                self._conditions(items.part(position, end), scope, None)

    def _from(self, items: Group, position: int, scope: _Scope) -> int:
        """Read the tables of a FROM; returns where it ends."""
        awaited, outer, newest = True, "", ""
        while position < len(items):
            word = items.word(position)
            conflict = word == "ON" and items.word(position + 1) == "CONFLICT"
            if word in _CLAUSES or conflict or (word == "USING" and items.word(0) == "DELETE"):
                return position
            if awaited:
                if word not in ("LATERAL", "ONLY"):
                    awaited = False
                    position, newest = self._table(items, position, scope)
                    continue
            elif word in (",", "JOIN"):
                awaited, outer = True, "" if word == "," else outer
            elif word in ("LEFT", "RIGHT", "FULL"):
                outer = word
            elif word == "ON":
                end = _end(items, position + 1, _CLAUSES | _JOINS | {",", "ON"})
                # What stands in ON of an outer join keeps no row of the other side away.
                only = {"": None, "LEFT": newest}.get(outer, "no table")
                self._conditions(items.part(position + 1, end), scope, only)
                position, outer = end, ""
                continue
            position += 1
        return position

    def _table(self, items: Group, position: int, scope: _Scope) -> tuple[int, str]:
        """Read one table, function or parenthesis with its alias; returns what follows it."""
        name = ""
        item = items.at(position)
        if isinstance(item, Group):
            if item.word(0) not in _VERBS and item.word(0) != "WITH":
                self._from(item, 0, scope)
        else:
            inserting = items.word(position - 1) == "INTO"
            while items.word(position + 1) == ".":
                position += 2
            if isinstance(items.at(position + 1), Group) and not inserting:
                position += 1  # a function and its arguments
            else:
                name = str(items.at(position))
        position += 1
        alias = name
        if items.word(position) == "AS":
            position += 1
        if (word := items.word(position)) and word not in _NO_ALIAS:
            alias = str(items[position])
            position += 1
        if name in self.tables:
            self.seen[name] += 1
            scope.tables[alias] = name
        return position, alias

    def _conditions(self, items: Group, scope: _Scope, only: str | None) -> None:
        """Note the aliases that these conditions, all of which must hold, bind to a workspace."""
        if any(items.word(p) == "OR" for p in range(len(items))):
            return
        for condition in items.split(frozenset({"AND"})):
            if len(condition) == 1 and isinstance(condition[0], Group):
                self._conditions(condition[0], scope, only)
            elif (alias := _bound_alias(condition)) is not None and only in (None, alias):
                scope.bound.add(alias)


def _bound_alias(condition: Group) -> str | None:
    """The alias in `alias.workspace_id = $n`; "" when the column stands alone."""
    text = " ".join(item for item in condition if isinstance(item, str))
    match = _BOUND.fullmatch(text)
    if match is None or any(condition.groups()):
        return None
    return match["alias"] or ""


def _end(items: Group, position: int, words: frozenset[str]) -> int:
    """The first position from here on with one of these words, else the end."""
    return next((p for p in range(position, len(items)) if items.word(p) in words), len(items))


def _arbiter(items: Group) -> Group | None:
    """The columns of ON CONFLICT (…), if there are any."""
    for position in range(len(items)):
        if items.word(position) == "CONFLICT":
            columns = items.at(position + 1)
            return columns if isinstance(columns, Group) else None
    return None


@dataclass
class ScopeRecorder:
    """Hears every statement, checks each distinct one once."""

    checked: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def __call__(self, sql: str) -> None:
        if sql not in self.checked and sql not in ACROSS_WORKSPACES:
            self.checked.add(sql)
            self.problems += [f"{problem}:\n{sql}" for problem in complaints(sql)]

    def take_problems(self) -> list[str]:
        """The complaints since the last call."""
        taken, self.problems = self.problems, []
        return taken
