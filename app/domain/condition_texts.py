"""How texts are compared: the same on every machine and in every database."""

import re

# What parts words from one another; `+` and `#` belong to words such as C++ and C#.
PARTING = "\t\n\v\f\r!\"$%&'()*,-./:;<=>?@[\\]^_`{|}~\u00a0¡«·»¿–—‘’‚“”„•…"
BLANKS = " \t\n\v\f\r"
_PARTED = str.maketrans(PARTING, " " * len(PARTING))
_SPACES = re.compile(" +")


def _simple_pairs() -> tuple[str, str]:
    """Capitals of Latin, Greek and Cyrillic beyond ASCII with the small letter of each, where
    both are one character: a table of our own, for databases differ in what they call a capital."""
    capitals, smalls = [], []
    for code in (*range(0xC0, 0x180), *range(0x370, 0x530), *range(0x1E00, 0x1F00)):
        letter = chr(code)
        small = letter.lower()
        if small != letter and len(small) == 1:
            capitals.append(letter)
            smalls.append(small)
    return "".join(capitals), "".join(smalls)


CAPITALS, SMALLS = _simple_pairs()
_ASCII = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_FOLDED = _ASCII | str.maketrans(CAPITALS, SMALLS)


def folded(text: str) -> str:
    """The text in small letters."""
    return text.translate(_FOLDED)


def in_words(text: str) -> str:
    """The text as words with a space before and after each, so that whole words can be found."""
    return _SPACES.sub(" ", f" {text.translate(_PARTED)} ")


def is_blank(text: str) -> bool:
    """Whether there is nothing in it but blanks."""
    return not text.strip(BLANKS)
