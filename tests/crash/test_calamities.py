"""A small run of each calamity; `make scorecard` runs them with their full n."""

import asyncio
from collections.abc import Coroutine
from typing import Any, get_args

import pytest

from app.platform.faults import POINTS
from tests.crash.report import Report
from tests.crash.stage import Stage
from tests.crash.suites import (
    conservation,
    cuts,
    disconnects,
    fault_points,
    kills,
    outages,
    restarts,
    sync_order,
    torn_spools,
)

SEED = 1


def holds(run: Coroutine[Any, Any, Report]) -> None:
    """Fails with everything that the run found wrong."""
    report = asyncio.run(run)
    assert not report.problems, str(report)


@pytest.mark.parametrize("victim", get_args(kills.Victim))
def test_kill_9_loses_nothing(stage: Stage, victim: kills.Victim) -> None:
    holds(kills.kill_rounds(stage, victim, rounds=2, seed=SEED))


@pytest.mark.parametrize("half", [0, 1])
def test_no_moment_to_die_loses_anything(stage: Stage, half: int) -> None:
    holds(fault_points.fault_rounds(stage, seeds=[SEED], points=POINTS[half::2]))


def test_an_outage_is_bridged(stage: Stage) -> None:
    holds(outages.down(stage, seconds=4, rate=50, seed=SEED))


@pytest.mark.parametrize("how", ["stopped", "black-holed"])
def test_a_silent_postgres_holds_nobody_up(stage: Stage, how: str) -> None:
    holds(outages.frozen(stage, how, rounds=1, seconds=3, rate=30, seed=SEED))


def test_a_damaged_spool_gives_back_the_rest(stage: Stage) -> None:
    holds(torn_spools.torn_spools(stage, cases=2, leads=12, seed=SEED))


def test_a_commit_in_doubt_makes_one_lead(stage: Stage) -> None:
    holds(cuts.cut_commits(stage, cuts=6, seed=SEED))


def test_a_rolling_restart_fails_no_request(stage: Stage) -> None:
    holds(restarts.rolling(stage, restarts=2, seed=SEED))


def test_the_disk_has_it_before_the_client_is_told(stage: Stage) -> None:
    if reason := sync_order.why_not():
        pytest.skip(reason)
    holds(sync_order.sync_before_answer(stage, leads=60, seed=SEED))


def test_it_starts_and_takes_leads_without_postgres(stage: Stage) -> None:
    holds(restarts.cold_start(stage, leads=100, seed=SEED))


def test_a_row_that_vanishes_raises_an_alarm(stage: Stage) -> None:
    holds(conservation.rows_deleted(stage, rounds=1, seed=SEED))


def test_a_client_that_hangs_up_loses_nothing(stage: Stage) -> None:
    holds(disconnects.hang_ups(stage, clients=60, seed=SEED))
