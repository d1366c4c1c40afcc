"""An export as real ones are, of ten thousand rows, with what each line of it has to become."""

import csv
import io
import random
from dataclasses import dataclass, field
from datetime import date, timedelta

HEADER = [
    "Vorname",
    "Nachname",
    "Firma",
    "E-Mail-Adresse",
    "Telefon",
    "Ort",
    "Erstellt am",
    "Mitarbeiterzahl",
    "Jahresumsatz",
    "Notizen",
]
_FIRST = "Ada Jürgen Zoë Łukasz Iwan François Márta Ole Siân Ümit".split()
_LAST = "Müller Žižek O'Neill Nguyễn Ибрагимов García Ødegård Smith Kaya Roux".split()
_PHONES = ("+49 30 {n:06d}", "030/{n:06d}", "0049 30 {n:06d}", "(030) {n:06d}")
_ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclass
class MessyExport:
    """The bytes of a file, and the outcome of each of its lines; `why` has a word of the reason of
    each line that is rejected."""

    content: bytes
    outcomes: dict[int, str] = field(default_factory=dict)
    first_lines: dict[int, int] = field(default_factory=dict)
    why: dict[int, str] = field(default_factory=dict)
    noted: set[int] = field(default_factory=set)
    created_on: dict[str, date] = field(default_factory=dict)
    blank: int = 0


def messy_export(count: int = 10_000, seed: int = 7) -> MessyExport:
    """A German export with everything in it that goes wrong in such files."""
    return _Writer(random.Random(seed)).written(count)


class _Writer:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._out = io.BytesIO()
        self._line = 1
        self._truth = MessyExport(b"")
        self._people: list[tuple[int, list[str]]] = []
        self._number = 0

    def written(self, count: int) -> MessyExport:
        """The file; the kinds of rows come in the same shares in each."""
        self._write(HEADER)
        kinds = [
            (self._sound, 60),
            (self._repeated, 8),
            (self._blank, 5),
            (self._phone_of_nobody, 4),
            (self._in_another_encoding, 3),
            (self._without_address, 3),
            (self._with_date_of_no_day, 3),
            (self._with_employees_in_words, 3),
            (self._with_too_many_cells, 3),
            (self._cut_off, 3),
            (self._naming_nobody, 2),
            (self._with_nul, 1),
            (self._with_open_quote, 2),
        ]
        makers = [maker for maker, _ in kinds]
        weights = [weight for _, weight in kinds]
        self._sound()
        for maker in self._chance.choices(makers, weights, k=count - 1):
            maker()
        self._truth.content = self._out.getvalue()
        return self._truth

    # --- Kinds of rows -------------------------------------------------------

    def _sound(self) -> None:
        person = self._person()
        line = self._write(person)
        self._truth.outcomes[line] = "created"
        self._people.append((line, person))

    def _repeated(self) -> None:
        first, person = self._chance.choice(self._people)
        again = list(person)
        if self._chance.random() < 0.5:
            again[3] = again[3].upper()
        line = self._write(again)
        self._truth.outcomes[line] = "duplicate"
        self._truth.first_lines[line] = first

    def _blank(self) -> None:
        self._raw(self._chance.choice([b"\r\n", b";;;;;;;;;\r\n", b" ; ;;;;;;;; \r\n"]))
        self._truth.blank += 1

    def _phone_of_nobody(self) -> None:
        person = self._person()
        person[4] = self._chance.choice(["n/a", "12", "+49 1", "ruft an"])
        line = self._write(person)
        self._truth.outcomes[line] = "created"
        self._truth.noted.add(line)

    def _in_another_encoding(self) -> None:
        person = self._person()
        person[1] = "Größe"
        line = self._line
        self._raw(self._row(person).encode("utf-8").replace("öß".encode(), b"\xf6\xdf"))
        self._reject(line, "no text in the file's encoding")

    def _without_address(self) -> None:
        person = self._person()
        person[3] = self._chance.choice(["keine", "a@@b.de", "ada@", "ada lovelace@x.de"])
        self._reject(self._write(person), "is no e-mail address")

    def _with_date_of_no_day(self) -> None:
        person = self._person()
        person[6] = self._chance.choice(["31.02.2024", "gestern", "2024-13-01", "00.00.0000"])
        self._reject(self._write(person), "Erstellt am")

    def _with_employees_in_words(self) -> None:
        person = self._person()
        person[7] = self._chance.choice(["viele", "10-50", "-3", "12,5"])
        self._reject(self._write(person), "Mitarbeiterzahl")

    def _with_too_many_cells(self) -> None:
        self._reject(self._write([*self._person(), "mehr"]), "has 11 cells")

    def _cut_off(self) -> None:
        self._reject(self._write(self._person()[:6]), "has 6 of 10 cells")

    def _naming_nobody(self) -> None:
        self._reject(self._write(["", "", "", "", "", "Berlin", "", "", "", ""]), "names no person")

    def _with_nul(self) -> None:
        person = self._person()
        person[2] = "Nul\x00GmbH"
        line = self._line
        self._raw(self._row(person).encode())
        self._reject(line, "or NUL")

    def _with_open_quote(self) -> None:
        line = self._line
        self._raw(f'Ada;Offen;"Firma;x{line}@example.com;;;;;;\r\n'.encode())
        self._reject(line, "quot")

    # --- Cells ---------------------------------------------------------------

    def _person(self) -> list[str]:
        chance, number = self._chance, self._number
        self._number += 1
        email = f"person.{number}@firma{number % 700}.example.com"
        day = date(2015, 1, 1) + timedelta(days=chance.randrange(3_500))
        self._truth.created_on[email] = day
        notes = ["", "", 'sagt "ja"', "zwei\r\nZeilen", "'=HYPERLINK(1)", "a; b"]
        return [
            chance.choice(_FIRST),
            chance.choice(_LAST),
            f"Firma {number % 700} GmbH",
            email,
            chance.choice(_PHONES).format(n=900_000 + number),
            "Köln",
            self._date(day),
            f"{chance.randrange(1, 5_000)}",
            chance.choice(["", "1.234,50 €", "12.000,00 EUR", "1.500.000"]),
            chance.choice(notes),
        ]

    def _date(self, day: date) -> str:
        """In one of four ways; those with strokes are American, which other dates of it show."""
        return self._chance.choice(
            [
                day.isoformat(),
                f"{day.day:02d}.{day.month:02d}.{day.year}",
                f"{day.month}/{day.day}/{day.year}",
                f"{day.day} {_ENGLISH[day.month - 1]} {day.year}",
            ]
        )

    # --- Lines ---------------------------------------------------------------

    def _write(self, cells: list[str]) -> int:
        line = self._line
        self._raw(self._row(cells).encode())
        return line

    def _row(self, cells: list[str]) -> str:
        text = io.StringIO()
        csv.writer(text, delimiter=";").writerow(cells)
        return text.getvalue()

    def _raw(self, data: bytes) -> None:
        self._out.write(data)
        self._line += data.count(b"\n")

    def _reject(self, line: int, word: str) -> None:
        self._truth.outcomes[line] = "invalid"
        self._truth.why[line] = word
