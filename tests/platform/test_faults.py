"""Fault points: where they are, when they fire, and that they are off."""

import os
import subprocess
import sys

import pytest

from app.platform import faults

PASS_TEN_TIMES = (
    "from app.platform.faults import fault\n"
    "for n in range(1, 11):\n"
    "    print(n, flush=True); fault('before_ack'); fault('after_ack')"
)


def passages(asked: str | None) -> tuple[int, list[str]]:
    env = {k: v for k, v in os.environ.items() if k != "TOUCHLINE_FAULT"}
    if asked is not None:
        env["TOUCHLINE_FAULT"] = asked
    done = subprocess.run(
        [sys.executable, "-c", PASS_TEN_TIMES],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return done.returncode, done.stdout.split()


def test_nothing_happens_unless_asked() -> None:
    assert passages(None) == (0, [str(n) for n in range(1, 11)])


def test_the_process_ends_at_the_passage_asked_for() -> None:
    assert passages("before_ack") == (faults.EXIT_CODE, ["1"])
    assert passages("after_ack:3") == (faults.EXIT_CODE, ["1", "2", "3"])


def test_a_point_that_is_never_passed_ends_nothing() -> None:
    assert passages("before_commit")[0] == 0


@pytest.mark.parametrize(
    "wrong", ["before_lunch", "before_ack:0", "before_ack:x", "before_ack:s=1"]
)
def test_a_typing_error_refuses_to_start(wrong: str) -> None:
    assert passages(wrong)[0] == 1
