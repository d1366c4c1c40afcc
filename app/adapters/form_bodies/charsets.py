"""Which characters the bytes of a form are, when what was declared may be missing or wrong."""

import codecs

from app.domain.intake.submissions import Finding

_UTF_8 = "utf-8"
_WINDOWS = "cp1252"

# Those of the web's encodings that leave ASCII alone. Browsers read the first line as cp1252.
_LATIN = frozenset({"ascii", "iso8859-1", "cp1252"})
_OTHERS = frozenset(
    """cp866 cp874 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-2 iso8859-3
    iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13
    iso8859-14 iso8859-15 iso8859-16 koi8-r koi8-u mac-roman mac-cyrillic gbk gb2312 gb18030 big5
    big5hkscs euc_jp shift_jis cp932 euc_kr cp949 tis-620""".split()
)


class Decoder:
    """Reads each text by itself, so that one that is broken does not spoil the others."""

    def __init__(self, declared: str) -> None:
        self.notes: list[Finding] = []
        self._guessed = False
        self._name = _canonical(declared)
        if declared and self._name is None:
            detail = f"the encoding {declared[:40]!r} is not known here"
            self.notes.append(Finding(code="unknown_charset", detail=detail))
        # Text that is sound UTF-8 is hardly ever meant as Latin, so only the others go first.
        believed = [self._name] if self._name and self._name in _OTHERS else []
        self._candidates = [*believed, _UTF_8]

    def text(self, raw: bytes) -> str:
        """The characters; the five bytes that mean none in Windows-1252 become controls, as in
        browsers."""
        for encoding in self._candidates:
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                pass
        if self._name not in _LATIN and not self._guessed:
            self._guessed = True
            detail = "text that is not UTF-8 was read as Windows-1252"
            self.notes.append(Finding(code="charset_guessed", detail=detail))
        return "".join(map(_windows, raw))


def _windows(byte: int) -> str:
    try:
        return bytes([byte]).decode(_WINDOWS)
    except UnicodeDecodeError:
        return chr(byte)


def _canonical(declared: str) -> str | None:
    """Python's name for it; None for what is unknown, or no encoding of text."""
    if not declared or len(declared) > 40 or not declared.isascii():
        return None
    try:
        name = codecs.lookup(declared.strip()).name
    except (LookupError, ValueError):
        return None
    return name if name == _UTF_8 or name in _LATIN or name in _OTHERS else None
