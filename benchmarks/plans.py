"""Query plans of what the service really sends, as its own role on the filled database.

`python -m benchmarks plans`. Row-level security changes plans, so they are taken as
touchline_app with the workspace set; every statement runs in a transaction that is rolled back.
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

Sent = tuple[str, list[Any]]
Plan = dict[str, Any]


async def check_plans(filled: Filled, samples: Samples, *, verbose: bool) -> bool:
    """Print a line a statement and what is wrong with its plan; True when nothing is."""
    sound = True
    async with client(filled) as (caller, _):
        operations = await _with_deep_page(caller, calls(samples))
        for name, method, path, body in operations:
            with _recorded() as sent:
                headers = {"Content-Type": "application/json"}
                answer = await caller.request(method, path, content=body, headers=headers)
                answer.raise_for_status()
            database = caller._transport.app.state.runtime.database  # type: ignore[attr-defined]
            for number, statement in enumerate(sent, start=1):
                async with database.connection() as connection:
                    sound &= await _explain(
                        connection, filled, f"{name} {number}", statement, verbose
                    )
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
def _recorded() -> Iterator[list[Sent]]:
    """The statements of every transaction, with their values."""
    sent: list[Sent] = []
    original = Transaction.rows

    async def rows(self: Transaction, statement: Statement, **values: Any) -> Any:
        named = values | {"workspace_id": self.workspace_id}
        sent.append((statement.sql, list(statement.arguments(named))))
        return await original(self, statement, **values)

    Transaction.rows = rows  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        Transaction.rows = original  # type: ignore[method-assign]


async def _explain(
    connection: asyncpg.Connection,
    filled: Filled,
    name: str,
    statement: Sent,
    verbose: bool,
) -> bool:
    sql, values = statement
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"SET LOCAL app.workspace_id = '{filled.workspace_id}'")
        try:
            text = await connection.fetchval(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *values
            )
        except asyncpg.UniqueViolationError:
            return True  # the row was stored when the statement was recorded
    finally:
        await transaction.rollback()
    [explained] = json.loads(text)
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
