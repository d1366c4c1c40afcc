"""Query plans of what the service really sends, as its own role on the filled database.

`python -m benchmarks plans`. Row-level security and the service's settings change plans, so each
statement is explained in the very transaction that sends it, just before it is sent: as
touchline_app, with the workspace set, and with the plan that every further call will use.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from app.repositories.statements import Statement
from app.repositories.transaction import Transaction
from benchmarks.round_trips import calls, client
from benchmarks.stage import Filled, Samples

MOST_REMOVED = 1_000
SMALL_TABLE = 1_000

Plan = dict[str, Any]


async def check_plans(filled: Filled, samples: Samples, *, verbose: bool) -> bool:
    """Print a line a statement and what is wrong with its plan; True when nothing is."""
    sound = True
    async with client(filled) as (caller, _):
        operations = await _with_deep_page(caller, calls(samples))
        for name, method, path, body in operations:
            headers = {"Content-Type": "application/json"}
            with _explained() as explained:
                answer = await caller.request(method, path, content=body, headers=headers)
                answer.raise_for_status()
            for number, (sql, plan) in enumerate(explained, start=1):
                sound &= _told(f"{name} {number}", sql, plan, verbose)
    return sound


async def _with_deep_page(caller: Any, operations: list[Any]) -> list[Any]:
    cursor, path = "", ""
    for _ in range(100):
        path = f"/v1/leads?limit=200{cursor}"
        following = (await caller.get(path)).json()["next_cursor"]
        if following is None:
            break
        cursor = f"&cursor={following}"
    return [*operations, ("deep page", "GET", path, None)]


@contextmanager
def _explained() -> Iterator[list[tuple[str, Plan]]]:
    """The statements of every transaction, with their plans."""
    found: list[tuple[str, Plan]] = []
    original = Transaction.rows

    async def rows(self: Transaction, statement: Statement, **values: Any) -> Any:
        connection = self._connection or await self._begin()
        named = values | {"workspace_id": self.workspace_id}
        await connection.execute("SAVEPOINT before_plan")
        plan = await _plan_of(connection, statement.sql, list(statement.arguments(named)))
        await connection.execute("ROLLBACK TO before_plan")
        found.append((statement.sql, plan))
        return await original(self, statement, **values)

    Transaction.rows = rows  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Transaction.rows = original  # type: ignore[method-assign]


async def _plan_of(connection: asyncpg.Connection, sql: str, values: list[Any]) -> Plan:
    """The plan of a prepared statement: EXPLAIN alone would plan for these very values."""
    prepared = await connection.prepare(sql)
    literals = [
        await connection.fetchval(f"SELECT quote_nullable($1::{kind.name}::text)", value)
        for kind, value in zip(prepared.get_parameters(), values, strict=True)
    ]
    await connection.execute(f"PREPARE explained AS {sql}")
    given = f"({', '.join(literals)})" if literals else ""
    text = await connection.fetchval(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE explained{given}"
    )
    await connection.execute("DEALLOCATE explained")
    [plan] = json.loads(text)
    return dict(plan)


def _told(name: str, sql: str, explained: Plan, verbose: bool) -> bool:
    plan = explained["Plan"]
    faults = list(_faults(plan))
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    print(
        f"{'BAD ' if faults else 'ok  '} {name}: planned {explained['Planning Time']:.2f} ms,"
        f" ran {explained['Execution Time']:.2f} ms, {pages:,} pages, {plan['Actual Rows']:g} rows"
        f"  {' '.join(sql.split())[:90]}"
    )
    for fault in faults:
        print(f"       {fault}")
    if verbose or faults:
        _print_tree(plan, 1)
    return not faults


def _faults(plan: Plan) -> Iterator[str]:
    loops = plan.get("Actual Loops", 1)
    removed = plan.get("Rows Removed by Filter", 0) * loops
    read = plan.get("Actual Rows", 0) * loops + removed
    if plan["Node Type"] == "Seq Scan" and read > SMALL_TABLE:
        yield f"Seq Scan on {plan['Relation Name']}, {read:,.0f} rows"
    elif removed > MOST_REMOVED:
        yield f"{plan['Node Type']}: {removed:,.0f} rows removed by filter {plan.get('Filter')}"
    for child in plan.get("Plans", ()):
        yield from _faults(child)


def _print_tree(plan: Plan, depth: int) -> None:
    where = plan.get("Index Name") or plan.get("Relation Name") or plan.get("CTE Name") or ""
    condition = plan.get("Index Cond") or plan.get("Filter") or ""
    print(
        f"{'  ' * depth}     {plan['Node Type']} {where}"
        f" rows={plan.get('Actual Rows', 0):g} loops={plan.get('Actual Loops', 0)}"
        f" {str(condition)[:140]}"
    )
    for child in plan.get("Plans", ()):
        _print_tree(child, depth + 1)
