"""The text of an HTML document, in one pass: what it costs grows with its length and no faster."""

import html
import re

_BREAKS = frozenset(
    "address article blockquote br dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr li "
    "ol p pre section table td th tr ul".split()
)
_SILENT = frozenset({"script", "style", "head", "title", "template", "noscript"})
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,20})")


def text_of(document: str) -> str:
    """What a reader would see, roughly: no markup, a line for each block."""
    pieces: list[str] = []
    folded = document.lower()
    position, end = 0, len(document)
    while position < end:
        start = document.find("<", position)
        if start < 0:
            pieces.append(document[position:])
            break
        pieces.append(document[position:start])
        position = _behind(document, folded, start, pieces)
    return _tidy(html.unescape("".join(pieces)))


def _behind(document: str, folded: str, start: int, pieces: list[str]) -> int:
    """Where to go on after the `<` at `start`."""
    end = len(document)
    if document.startswith("<!--", start):
        closing = document.find("-->", start)
        return end if closing < 0 else closing + 3
    tag = _TAG.match(document, start)
    if tag is None and not document.startswith(("<!", "<?", "</"), start):
        pieces.append("<")
        return start + 1
    closing = document.find(">", start)
    if closing < 0:
        # Markup that never ends; the rest of the document is a part of it.
        return end
    name = tag[1].lower() if tag else ""
    if name in _BREAKS:
        pieces.append("\n")
    if name in _SILENT and document[start + 1] != "/":
        ending = folded.find(f"</{name}", closing)
        return end if ending < 0 else ending
    return closing + 1


def _tidy(text: str) -> str:
    lines = (re.sub(r"[ \t\r\f\v\xa0]+", " ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
