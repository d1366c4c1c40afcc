"""How long a job waits for its next attempt."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.reach.jobs import LONGEST_WAIT, MAX_ATTEMPTS, wait_before_retry

ROLLS = st.floats(0, 1)


@given(st.integers(1, 10_000), ROLLS)
def test_the_wait_is_spread_from_nothing_to_its_longest(attempts: int, roll: float) -> None:
    wait = wait_before_retry(attempts, roll)
    assert timedelta() <= wait <= min(LONGEST_WAIT, wait_before_retry(attempts, 1))
    assert wait_before_retry(attempts, 0) == timedelta()


@given(st.integers(1, 10_000), ROLLS)
def test_it_grows_with_the_attempts(attempts: int, roll: float) -> None:
    assert wait_before_retry(attempts, roll) <= wait_before_retry(attempts + 1, roll)


def test_all_attempts_together_outlast_half_a_working_day() -> None:
    longest = sum(
        (wait_before_retry(attempt, 1) for attempt in range(1, MAX_ATTEMPTS)), timedelta()
    )
    assert timedelta(hours=8) < longest < timedelta(hours=24)
