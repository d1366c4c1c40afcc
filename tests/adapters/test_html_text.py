"""The text of HTML: what a reader would see, from anything that calls itself HTML."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.html_text import text_of

CASES = {
    "plain": ("Hello", "Hello"),
    "paragraphs": ("<p>One</p><p>Two</p>", "One\n\nTwo"),
    "a break": ("One<br>Two<BR/>Three", "One\nTwo\nThree"),
    "inline markup": ("<b>Bo</b>ld <i class='a > b'>it", "Bold b'>it"),
    "entities": ("caf&eacute; &amp;lt; &#128640; &unknown;", "café &lt; 🚀 &unknown;"),
    "scripts": ("a<script>if (1 < 2) x('</p>')</script>b", "ab"),
    "styles": ("<STYLE>p { color: red }</STYLE>text", "text"),
    "a head": ("<head><title>No</title></head><body>Yes</body>", "Yes"),
    "comments": ("a<!-- <p>x</p> -->b", "ab"),
    "a comment without end": ("a<!-- b", "a"),
    "a tag without end": ("a<p b", "a"),
    "a script without end": ("a<script>b", "a"),
    "a lone bracket": ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    "a doctype": ("<!DOCTYPE html><?xml?>a", "a"),
    "blanks": ("  a \t\xa0 b \n\n\n\n c ", "a b\n\nc"),
    "a table": ("<table><tr><td>a</td><td>b</td></tr></table>", "a\n\nb"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_found(name: str) -> None:
    document, expected = CASES[name]
    assert text_of(document) == expected


@given(st.text(alphabet="<>!-/ab&; \n'\"script", max_size=60))
def test_nothing_is_too_odd(document: str) -> None:
    assert isinstance(text_of(document), str)


@pytest.mark.parametrize("piece", ["<", "<!--", "<p", "<script>", "&", "<script></p>", "a ", "\n"])
def test_the_time_grows_with_the_length_and_no_faster(piece: str) -> None:
    started = time.process_time()
    text_of(piece * 300_000)
    assert time.process_time() - started < 10
