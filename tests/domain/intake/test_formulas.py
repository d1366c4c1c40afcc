"""What a spreadsheet would run is marked, and the mark comes off again: for every text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.intake.formulas import neutralise, restore

RISKY = ["=1+1", "+49 30", "-1", "@SUM(1)", "\t=1", "\r=1", "\n1", "＝1", "＋1", "－1", "＠x"]
RISKY += [" =1", "\u00a0=1", "\ufeff=1", "\u200b=1", "\x00=1", "=", "+"]
HARMLESS = ["", "Ada", "1-2", "a=b", "'", "''", "'Ada", " Ada", "_=", "#=1", "(=1)"]

texts = st.text() | st.text("'=+-@\t\r\n ＝＠a\ufeff", max_size=6)


@pytest.mark.parametrize("text", RISKY)
def test_a_formula_is_marked(text: str) -> None:
    assert neutralise(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_anything_else_is_left_alone(text: str) -> None:
    assert neutralise(text) == text
    assert restore(text) == text


@given(texts)
@example("'=1")
@example("''=1")
@example("' =1")
def test_the_mark_comes_off_again(text: str) -> None:
    assert restore(neutralise(text)) == text


@given(texts)
def test_what_is_marked_runs_nothing(text: str) -> None:
    shown = neutralise(text)
    assert shown[:1] not in tuple("=+-@\t\r\n＝＋－＠")


@given(st.sampled_from(RISKY), st.integers(0, 3))
def test_a_text_with_marks_of_its_own_keeps_them(text: str, marks: int) -> None:
    own = "'" * marks + text
    assert neutralise(own) == f"'{own}"
    assert restore(f"'{own}") == own
