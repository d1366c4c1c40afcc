"""Matching keys and codes from what people typed: pure functions that never raise, on any text.

What was sent is kept as it was sent, beside the key. No key holds what Postgres cannot store (NUL,
lone surrogates), and each is short enough for an index. `warm_up()` loads all tables beforehand.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers
from anyascii import anyascii
from babel.numbers import list_currencies
from email_validator import validate_email
from nameparser import AmbiguityKind, Lexicon, Parser, locales, parser_for
from publicsuffixlist import PublicSuffixList

from app.adapters.phone_numbers import quick_e164
from app.adapters.territories import country_called

NAME_KEY_LENGTH = 500
SEARCH_KEY_LENGTH = 1_000


# --- Text --------------------------------------------------------------------

_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})


def _visible(text: str) -> str:
    """Single spaces, and no control character, zero-width mark or lone surrogate."""
    text = " ".join(text.split())
    if text.isprintable():
        return text
    seen = "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)
    return " ".join(seen.split())


def _fold(text: str) -> str:
    text = _visible(text)
    if text.isascii():
        return text.lower()
    # Again after folding, for folding may leave text that is not normalised.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def name_key(raw: str) -> str:
    """For equality of names of people and companies; the length fits a B-tree entry."""
    return _fold(raw[: 2 * NAME_KEY_LENGTH])[:NAME_KEY_LENGTH].rstrip()


def search_needle(q: str) -> str:
    """The query, folded as the key is, and not transliterated: so it finds either form in the key.

    `%` and `_` are left as they are; whoever builds a LIKE pattern escapes them.
    """
    return _fold(q[:SEARCH_KEY_LENGTH])[:SEARCH_KEY_LENGTH].rstrip()


def search_key(*parts: str | None) -> str:
    """The parts as written and once more in ASCII: `müller muller`, `李 li`."""
    written = _fold(" ".join(part[:SEARCH_KEY_LENGTH] for part in parts if part))
    if written.isascii():
        return written[:SEARCH_KEY_LENGTH].rstrip()
    half = SEARCH_KEY_LENGTH // 2 - 1
    written = written[:half].rstrip()
    plain = " ".join(anyascii(written).lower().split())
    return f"{written} {plain[:half]}".rstrip()


# --- E-mail and web addresses ------------------------------------------------

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[a-z]{{2,63}}")
_MAX_EMAIL = 254

# Domains nobody owns, used by sandboxes and inside companies. The library refuses them.
_SPECIAL_USE = frozenset({"arpa", "example", "invalid", "local", "localhost", "onion", "test"})


def _checked(address: str) -> tuple[str, str] | None:
    """The local part and the ASCII domain of an address that the library finds well-formed."""
    special = address.rpartition("@")[2].rpartition(".")[2].lower() in _SPECIAL_USE
    try:
        checked = validate_email(address + ".com" * special, check_deliverability=False)
    except ValueError:
        return None
    domain = checked.ascii_domain.lower()
    return checked.local_part, domain.removesuffix(".com") if special else domain


def email(raw: str) -> str | None:
    """The address as a key: lower case, the domain in its ASCII form.

    Dots and `+tag` in the local part stay: only the domain's operator knows whether they matter.
    """
    text = raw.strip() if len(raw) <= 2 * _MAX_EMAIL else ""
    if text.isascii() and len(text) <= _MAX_EMAIL and "--" not in text:
        lowered = text.lower()
        # Forty times faster than the library, for the form that nearly all addresses have.
        if _PLAIN_EMAIL.fullmatch(lowered):
            return lowered
    checked = _checked(text)
    if checked is None:
        return None
    local, domain = checked
    return unicodedata.normalize("NFC", local.lower()) + "@" + domain


_HOST_IN_URL = re.compile(
    r"\s*(?:(?:[a-z][a-z0-9+.-]*:)?//|mailto:)?(?:[^/?#\\]*@)?([^/?#\\:@]+)", re.IGNORECASE
)
# The last label starts with a letter, so no form of an IPv4 address passes.
_HOSTNAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def web_domain(raw: str) -> str | None:
    """The registrable domain of a URL, a host or an e-mail address, in its ASCII form."""
    found = _HOST_IN_URL.match(raw[:2_048])
    if found is None:
        return None
    host = found[1].strip().removesuffix(".").lower()
    if len(host) > 253:
        return None
    if not host.isascii():
        checked = _checked(f"x@{host}")
        host = checked[1] if checked else ""
    if not _HOSTNAME.fullmatch(host):
        return None
    return _public_suffixes().privatesuffix(host)


# --- Phone -------------------------------------------------------------------


@lru_cache(maxsize=10_000)
def phone(raw: str, country: str | None) -> str | None:
    """E.164 without the extension; a number without `+` is read as one of `country`."""
    if len(raw) > 250:
        return None
    if quick := quick_e164(raw, country):
        return quick
    try:
        number = phonenumbers.parse(raw, country.upper() if country else None)
    except phonenumbers.NumberParseException:
        return None
    # A valid number is always a possible one as well.
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


# --- Country and currency ----------------------------------------------------


def country(raw: str) -> str | None:
    """ISO 3166 alpha-2 (and XK) from a code or from a name in any of many languages."""
    return country_called(raw) if len(raw) <= 100 else None


# Of the codes with X only these are money that somebody pays with: no gold, no "no currency".
_SHARED_CURRENCIES = frozenset({"XAF", "XCD", "XCG", "XOF", "XPF"})

# ISO 4217, not CLDR: CLDR says how many digits people write (RSD 0, IQD 0), ISO how many there are.
_DIGITS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("ADP BEF BYR ESP GRD ITL LUF MGF PTE TPE TRL".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


@cache
def _currencies() -> frozenset[str]:
    return frozenset(
        code for code in list_currencies() if code[0] != "X" or code in _SHARED_CURRENCIES
    )


def currency(raw: str) -> str | None:
    """An ISO 4217 code; former ones too, for a deal of 2001 was in DEM."""
    code = raw.strip().upper()
    return code if code in _currencies() else None


def currency_digits(code: str) -> int:
    """How many digits of an amount in minor units are behind the point."""
    return _DIGITS.get(code, 2)


# --- People's names ----------------------------------------------------------


class PersonName(NamedTuple):
    """What could be read from a full name; None where the text does not say."""

    given: str | None
    family: str | None


_UNREAD = PersonName(None, None)
_NUMERAL = re.compile("[ivxlcdm]+", re.IGNORECASE)
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_HANGUL = re.compile(r"[\u1100-\u11ff\uac00-\ud7ff]")
_EAST_ASIAN = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)


@cache
def _parsers() -> tuple[Parser, Parser]:
    return parser_for(), parser_for(locales.RU)


@cache
def _words_with_a_role() -> frozenset[str]:
    lexicon = Lexicon.default()
    groups = (getattr(lexicon, name) for name in lexicon.__dataclass_fields__)
    return frozenset(
        word.casefold() for group in groups if isinstance(group, frozenset) for word in group
    )


def _is_plain(word: str) -> bool:
    return (
        len(word) > 2
        and word.isalpha()
        and max(word) < "\u0250"
        and not _NUMERAL.fullmatch(word)
        and word.casefold() not in _words_with_a_role()
    )


def person_name(raw: str) -> PersonName:
    """Given names and family name, where the text itself tells them apart.

    A lone word could be either, and "李小龙" or "선우진" could be split in two ways: nothing is
    derived. A family name alone is read only after a title ("Frau Müller").
    """
    if len(raw) > 200 or "@" in raw:
        return _UNREAD
    text = _visible(raw)
    words = text.split(" ")
    # The usual cases need no parser, which takes 0.1 ms; a test holds both equal.
    if len(words) > 1 and all(map(_is_plain, words)):
        return PersonName(" ".join(words[:-1]), words[-1])
    if text.isalpha() and not _HANGUL.search(text):
        return _UNREAD
    return _parsed(text)


def _parsed(text: str) -> PersonName:
    default, russian = _parsers()
    # Only the Russian rules know that "Петров Иван Иванович" begins with the family name.
    name = (russian if _CYRILLIC.search(text) else default).parse(text)
    doubts = {doubt.kind for doubt in name.ambiguities}
    if doubts & {AmbiguityKind.GIVEN_OR_FAMILY, AmbiguityKind.SEGMENTATION}:
        return _UNREAD
    if AmbiguityKind.PARTICLE_OR_GIVEN in doubts and name.given.islower():
        return _UNREAD
    if not (name.given and name.family) and (not name.title or _EAST_ASIAN.search(text)):
        return _UNREAD
    return PersonName(name.given_names or None, name.family or None)


def warm_up() -> None:
    """Load every table, so that no request pays for it: a third of a second."""
    phonenumbers.PhoneMetadata.load_all()
    email("warm.up@bücher.example")
    phone("+49 30 123456", None)
    web_domain("bücher.example.com")
    country("Deutschland")
    currency("EUR")
    person_name("Dr. Иван Warm Up")
    # One character of each block: Latin to Arabic, kana, Han, Hangul.
    for blocks in (range(0x07), range(0x30, 0x31), range(0x4E, 0xA0), range(0xAC, 0xD8)):
        anyascii("".join(chr(block << 8 | 0x80) for block in blocks))
