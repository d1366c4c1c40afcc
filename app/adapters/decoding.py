"""From bytes of any sort to text that can be stored. The bytes as they came are kept elsewhere."""

import codecs

from app.domain.intake.storable import storable

# No character sets, or such that take a time that grows with the square of the text.
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})


def decoded(data: bytes, charset: str | None = None) -> str:
    """The text, by the character set it is said to have, else by the likeliest."""
    return str(storable(_decoded(data, charset)))


def _decoded(data: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8", "cp1252"):
        try:
            if name and (codec := codecs.lookup(name)).name not in _NO_CHARSETS:
                return data.decode(codec.name)
        except (LookupError, ValueError, TypeError):
            continue
    return data.decode("latin-1")
