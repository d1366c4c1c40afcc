"""What a file of rows is: its kind, its encoding, its delimiter. Each can be told instead."""

import codecs
import csv
import io
import re
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from app.adapters.tables_in.bytes_in import BROKEN, is_gzip, open_bytes
from app.domain.intake.import_files import FileFormat, FileKind, UnreadableFile

SAMPLE = 256 * 1024
DELIMITERS = ",;\t|"
_CHUNK = 1024 * 1024

# UTF-32 first: its mark begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})


def detected(path: Path, told: FileFormat) -> FileFormat:
    """How the file is to be read; UnreadableFile when it is nothing that can be.

    The whole file is looked at, so that one byte at its end does not spoil what was decided.
    """
    if path.stat().st_size == 0:
        raise UnreadableFile("the file is empty")
    compressed = is_gzip(path) if told.compressed is None else told.compressed
    found = replace(told, compressed=compressed)
    try:
        with open_bytes(path, compressed=compressed) as stream:
            head = stream.read(SAMPLE)
        kind = told.kind or _kind(path, head, compressed)
        found = replace(found, kind=kind)
        if kind is FileKind.XLSX:
            return found
        encoding = _checked_encoding(told.encoding) if told.encoding else _encoding(path, found)
        found = replace(found, encoding=encoding)
        if told.kind is None and _looks_like_ndjson(head, encoding):
            return replace(found, kind=FileKind.NDJSON)
        if kind is FileKind.NDJSON:
            return found
        return _with_delimiter(found, _text(head, encoding))
    except BROKEN as error:
        raise UnreadableFile(f"the file is broken: {error}") from None


def _kind(path: Path, head: bytes, compressed: bool) -> FileKind:
    if head[:4] == b"PK\x03\x04":
        if compressed:
            raise UnreadableFile("a workbook is compressed by itself; send it without gzip")
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except zipfile.BadZipFile:
            raise UnreadableFile("the file begins as a workbook does, and is broken") from None
        if any(name.startswith("xl/") for name in names):
            return FileKind.XLSX
        raise UnreadableFile("the file is a zip archive; send the file that is in it")
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise UnreadableFile("the file is a workbook of before 2007; save it as .xlsx or CSV")
    return FileKind.CSV


def _looks_like_ndjson(head: bytes, encoding: str) -> bool:
    text = _text(head, encoding).lstrip("\ufeff \t\r\n")
    return text.startswith("{") and ('":' in text or '" :' in text)


# --- Encoding ----------------------------------------------------------------


def _encoding(path: Path, found: FileFormat) -> str:
    with open_bytes(path, compressed=bool(found.compressed)) as stream:
        head = stream.read(4)
        mark = next((name for sign, name in _MARKS if head.startswith(sign)), None)
    if mark:
        return mark
    with open_bytes(path, compressed=bool(found.compressed)) as stream:
        sound, broken, telling = _as_utf8(stream)
    # A few lines from elsewhere do not make another file of it; such rows are told one by one.
    if broken == 0 or sound > 20 * broken:
        return "utf-8"
    return _guessed(telling)


def _as_utf8(stream: IO[bytes]) -> tuple[int, int, bytes]:
    """How many lines beyond ASCII are sound UTF-8 and how many are not, and some of all of them."""
    sound = broken = 0
    telling = bytearray()
    left = b""
    while chunk := stream.read(_CHUNK):
        if not left and chunk.isascii():
            # The last line may go on in the next chunk, which is looked at by itself then.
            continue
        head, found, tail = (left + chunk).rpartition(b"\n")
        left = tail
        if not found:
            if len(left) > 64 * _CHUNK:
                break
            continue
        for line in _beyond_ascii(head):
            if _is_utf8(line):
                sound += 1
            else:
                broken += 1
            if len(telling) < SAMPLE:
                telling += line + b"\n"
    for line in _beyond_ascii(left):
        sound, broken = (sound + 1, broken) if _is_utf8(line) else (sound, broken + 1)
        telling += line[:SAMPLE]
    return sound, broken, bytes(telling)


def _beyond_ascii(text: bytes) -> list[bytes]:
    if text.isascii():
        return []
    return [line for line in text.split(b"\n") if not line.isascii()]


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _guessed(telling: bytes) -> str:
    """The likeliest of the other encodings, by the text it makes of the lines beyond ASCII."""
    sample = telling[:SAMPLE]
    runs = re.findall(rb"[\x80-\xff]+", sample)
    alone = sum(len(run) == 1 for run in runs)
    # A Latin text has its accents here and there; every other script has whole words of them.
    if alone * 5 > len(runs) * 4:
        western = _oddities(sample, "cp1252")
        return "cp1250" if _oddities(sample, "cp1250") < western else "cp1252"
    best = from_bytes(sample, cp_exclusion=["utf_7"]).best()
    return codecs.lookup(best.encoding).name if best else "cp1252"


def _oddities(sample: bytes, encoding: str) -> int:
    """How often a sign stands inside of a word where a letter would."""
    return len(_ODD.findall(sample.decode(encoding, "replace")))


_ODD = re.compile(r"[a-zA-Z][^\W\d_]*[¹²³¿¡¢£¤¥¦§¨©ª«¬®¯°±´µ¶·¸º»¼½¾×÷†‡ˆ‰‹›˘˙˛˝\ufffd][a-z]")


def _checked_encoding(name: str) -> str:
    try:
        codec = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        raise UnreadableFile(f"there is no encoding {name[:40]!r}") from None
    if codec.name in _NO_CHARSETS or not codec._is_text_encoding:
        raise UnreadableFile(f"{name[:40]!r} is no encoding of text")
    return codec.name


def _text(head: bytes, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(head)


# --- Delimiter ---------------------------------------------------------------


def _with_delimiter(found: FileFormat, sample: str) -> FileFormat:
    quote = found.quote or '"'
    delimiter = found.delimiter or _told_by_first_line(sample) or _likeliest(sample, quote)
    return replace(found, delimiter=delimiter, quote=quote)


def _told_by_first_line(sample: str) -> str | None:
    """Excel writes `sep=;` before the header."""
    first = sample.lstrip("\ufeff").split("\n", 1)[0].strip().strip('"')
    return first[4:5] if first[:4].lower() == "sep=" and len(first) == len("sep=;") else None


def _likeliest(sample: str, quote: str) -> str:
    """The delimiter by which most rows have as many cells as the first one."""

    def score(delimiter: str) -> tuple[float, int]:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, quotechar=quote)
        widths: list[int] = []
        try:
            for row in reader:
                if row:
                    widths.append(len(row))
                if len(widths) == 200:
                    break
        except csv.Error:
            pass
        if not widths or widths[0] < 2:
            return (0.0, 0)
        alike = Counter(widths)[widths[0]]
        return (alike / len(widths), widths[0])

    best = max(DELIMITERS, key=score)
    return best if score(best)[1] else ","
