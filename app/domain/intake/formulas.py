"""Text that a spreadsheet would run as a formula, made harmless, and given back as it was.

Programs take a cell for a formula when it begins with one of a few signs, whatever the file says.
A quote mark before it makes it text. So that the mark can be taken off again, a text that looks as
if it had been marked already is marked once more: then `restore(neutralise(text)) == text` for
every text, and `restore` leaves alone what `neutralise` did not touch.
"""

import re

MARK = "'"

# What starts a formula, in both widths; blanks and unseen characters before it do not protect.
_SIGNS = "=+\\-@＝＋－＠"
_UNSEEN = "\\s\\x00-\\x1f\\x7f\\ufeff\\u200b-\\u200f\\u2060"
_FORMULA = re.compile(f"{MARK}*(?:[\\t\\r\\n]|[{_UNSEEN}]*[{_SIGNS}])")


def neutralise(text: str) -> str:
    """The text with a quote mark before what a spreadsheet would run."""
    return MARK + text if _FORMULA.match(text) else text


def restore(text: str) -> str:
    """The text without the quote mark that `neutralise` put there."""
    return text[1:] if text[:1] == MARK and _FORMULA.match(text, 1) else text
