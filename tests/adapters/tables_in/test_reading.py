"""Files in every shape: what they are is found out, and no row of them is lost or invented."""

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.tables_in import detected, open_table
from app.adapters.tables_in.bytes_in import open_bytes
from app.domain.intake.import_files import FileFormat, FileKind, Record, UnreadableFile


def read(
    tmp_path: Path, content: bytes, told: FileFormat | None = None
) -> tuple[FileFormat, list[str], list[Record]]:
    path = tmp_path / "file"
    path.write_bytes(content)
    form = detected(path, told or FileFormat())
    table = open_table(path, form)
    return form, table.columns, list(table.rows)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("name,city\nJosé,Málaga\nFrançois – “x” €5,Nîmes\n", "cp1252"),
        ("imię,miasto\nŁukasz,Łódź\nBożena,Gdańsk\nZażółć gęślą jaźń,Kraków\n", "cp1250"),
        ("Имя,Почта\nИван Петров,a@b.ru\nМария Сидорова,b@c.ru\n", "cp1251"),
        ("名前,会社\n山田太郎,株式会社テスト\n", "cp932"),
        ("name,city\nJürgen,Köln\n", "utf-8"),
        ("name,city\nJürgen,Köln\n", "utf-8-sig"),
        ("name,city\nJürgen,Köln\n", "utf-16"),
    ],
)
def test_encodings(tmp_path: Path, text: str, encoding: str) -> None:
    form, columns, rows = read(tmp_path, text.encode(encoding))
    assert form.encoding == encoding
    wanted = list(csv.reader(io.StringIO(text)))
    assert [columns, *(row.cells for row in rows)] == wanted


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    text = delimiter.join(["a", "b", "c"]) + "\n" + delimiter.join(["1", '"2,;\t|"', "3"]) + "\n"
    form, columns, [row] = read(tmp_path, text.encode())
    assert form.delimiter == delimiter
    assert (columns, row.cells) == (["a", "b", "c"], ["1", "2,;\t|", "3"])


def test_what_is_told_is_not_found_out(tmp_path: Path) -> None:
    told = FileFormat(kind=FileKind.CSV, encoding="latin-1", delimiter="b")
    form, columns, [row] = read(tmp_path, b"xb1,2\n\xe9b3\n", told)
    assert (form.encoding, columns, row.cells) == ("iso8859-1", ["x", "1,2"], ["é", "3"])


def test_a_row_that_breaks_the_rules_takes_no_other_with_it(tmp_path: Path) -> None:
    content = b'a,b\n1,"open\n2,x\n3,"two\nlines"\n4,"x"y\n5,1,2\n6\n7,z\n8,"end\n'
    _, _, rows = read(tmp_path, content)
    sound = {row.line: row.cells for row in rows if row.fault is None}
    assert sound == {3: ["2", "x"], 4: ["3", "two\nlines"], 9: ["7", "z"]}
    faults = {row.line: row.fault or "" for row in rows if row.fault}
    assert faults.keys() == {2, 6, 7, 8, 10}
    assert "3 cells, the header has 2" in faults[7]
    assert "1 of 2 cells" in faults[8]
    assert "never closed" in faults[10]


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.lists(
            st.text(
                st.characters(codec="utf-8", exclude_characters="\x00\r"),
                max_size=8,
            ),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_cell_of_a_sound_file_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["one", "two", "three"], *rows])
    path = tmp_path_factory.mktemp("csv") / "file"
    path.write_bytes(text.getvalue().encode())
    form = detected(path, FileFormat(encoding="utf-8", delimiter=",", kind=FileKind.CSV))
    assert [row.cells for row in open_table(path, form).rows] == rows


def test_excel_says_its_delimiter(tmp_path: Path) -> None:
    _, columns, [row] = read(tmp_path, b"sep=;\r\na;b\r\n1;2\r\n")
    assert (columns, row.line, row.cells) == (["a", "b"], 3, ["1", "2"])


def test_lines_of_json(tmp_path: Path) -> None:
    content = b'{"a": 1, "b": {"c": ["x", "y"]}}\n\nnope\n[1]\n{"d": true}\n'
    form, columns, rows = read(tmp_path, content)
    assert form.kind is FileKind.NDJSON
    assert columns == ["a", "b.c", "d"]
    assert rows[0].cells == [1, "x; y", None]
    assert rows[1].is_blank
    assert [bool(row.fault) for row in rows] == [False, False, True, True, False]
    assert rows[4] == Record(5, [None, None, True])


def test_a_file_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(b"a" * 2_000_000))
    with open_bytes(path, compressed=True, limit=1_000_000) as stream:
        assert len(stream.read(900_000)) == 900_000
        with pytest.raises(UnreadableFile, match="unpacks to more"):
            stream.read(200_000)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8bbroken"],
)
def test_what_is_no_table(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read(tmp_path, content)
