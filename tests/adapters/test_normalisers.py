"""The keys: what they make equal, what they keep apart, and that no text breaks them."""

from collections.abc import Callable

import email_validator
import pytest
from babel import localedata
from babel.numbers import list_currencies
from email_validator import validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nameparser import Lexicon

from app.adapters import normalisers, territories
from app.adapters.normalisers import (
    NAME_KEY_LENGTH,
    SEARCH_KEY_LENGTH,
    PersonName,
    country,
    currency,
    currency_digits,
    email,
    name_key,
    person_name,
    phone,
    search_key,
    search_needle,
    web_domain,
)

NOTHING = PersonName(None, None)

# Surrogates included, which `st.text()` leaves out.
any_text = st.text(st.characters(exclude_categories=()))
hard_words = st.sampled_from(
    [
        *(
            "\ud800",
            "\x00",
            "\u0345",
            "\u0300",
            "\ufe0f",
            "\u200b",
            "\u3000",
            "\u202eabc",
            "👩\u200d👧",
            " ",
        ),
        *"😀 אבג ﷺ ß İ ŉ １ 。 李 김 müller van Dr republic xn-- .com +49 0".split(),
        *"a . - < > ( ) [ ] , & @ : // ' \" the of".split(),
    ]
)
hard_text = st.lists(hard_words, max_size=30).map("".join)
long_text = st.builds(
    lambda word, n: word * n, hard_words | any_text, st.sampled_from([100, 100_000])
)
texts = any_text | hard_text | long_text

ALL: list[Callable[[str], object]] = [
    email,
    lambda raw: phone(raw, None),
    lambda raw: phone(raw, "DE"),
    lambda raw: phone("+49 30 123456", raw),
    country,
    currency,
    currency_digits,
    web_domain,
    person_name,
    search_key,
    search_needle,
    name_key,
]


@pytest.fixture(scope="module", autouse=True)
def _tables() -> None:
    normalisers.warm_up()


def _strings(result: object) -> list[str]:
    values = result if isinstance(result, tuple) else (result,)
    return [value for value in values if isinstance(value, str)]


@settings(max_examples=400, deadline=None)
@given(texts)
@example("\ud800" * 100_000)
@example("\x00" * 100_000)
@example("a@" + "b." * 50_000 + "com")
@example("a@\udcff.com")
@example("x@xn--\u0300.com")
def test_no_text_breaks_a_normaliser_and_every_key_can_be_stored(raw: str) -> None:
    for normalise in ALL:
        for value in _strings(normalise(raw)):
            value.encode()
            assert "\x00" not in value
            assert len(value) <= SEARCH_KEY_LENGTH


@settings(max_examples=400, deadline=None)
@given(texts)
@example("0 \ud800 0")
@example("\u0130\u0327@example.com")
@example("\u0345\u0301")
def test_a_key_is_its_own_key(raw: str) -> None:
    for normalise in (email, country, currency, web_domain, name_key, search_needle):
        once = normalise(raw)
        if once is not None:
            assert normalise(once) == once
    for region in (None, "DE", "US"):
        number = phone(raw, region)
        if number is not None:
            assert phone(number, None) == number


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("Anna.Mueller@Example.COM", "anna.mueller@example.com"),
        ("  anna@example.com\n", "anna@example.com"),
        ("anna+fair@gmail.com", "anna+fair@gmail.com"),
        ("an.na@gmail.com", "an.na@gmail.com"),
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
        ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
        ("anna@straße.de", "anna@xn--strae-oqa.de"),
        ("ÄNNE@example.com", "änne@example.com"),
        ("A\u0308nne@example.com", "änne@example.com"),
        ("李@example.com", "李@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("a@shop.test", "a@shop.test"),
        ("a@b.example", "a@b.example"),
        ("a@corp.local", "a@corp.local"),
        ("a@x.invalid", "a@x.invalid"),
        ("root@localhost", "root@localhost"),
        ("Root@Sub.Localhost", "root@sub.localhost"),
        ("a@test", "a@test"),
        ("a@bücher.test", "a@xn--bcher-kva.test"),
        ("", None),
        ("anna", None),
        ("anna@", None),
        ("@example.com", None),
        ("anna@example", "anna@example"),
        ("anna@office", None),
        ("anna@example..com", None),
        (".anna@example.com", None),
        ("anna..m@example.com", None),
        ("anna@-example.com", None),
        ("anna@192.168.0.1", None),
        ("anna@[192.168.0.1]", None),
        ("anna b@example.com", None),
        ("anna@example.com, bob@example.com", None),
        ("Anna <anna@example.com>", None),
        ("anna\x00@example.com", None),
        ("anna@ab--cd.com", None),
        ("a" * 250 + "@b.de", None),
    ],
)
def test_email(raw: str, key: str | None) -> None:
    assert email(raw) == key


near_emails = st.from_regex(
    r"[a-zA-Z0-9.+'-]{1,9}@[a-zA-Z0-9.-]{1,70}\.[a-z0-9]{1,5}", fullmatch=True
)


@settings(max_examples=400, deadline=None)
@given(st.emails() | near_emails)
def test_the_short_way_for_plain_addresses_agrees_with_the_library(raw: str) -> None:
    special = raw.rpartition(".")[2].lower() in normalisers._SPECIAL_USE
    try:
        checked = validate_email(f"{raw}.com" if special else raw, check_deliverability=False)
        domain = (checked.ascii_domain or "").lower()
        expected = f"{(checked.local_part or '').lower()}@{domain.removesuffix('.com' * special)}"
    except email_validator.EmailNotValidError:
        expected = None
    assert email(raw) == expected


@pytest.mark.parametrize(
    ("raw", "region", "key"),
    [
        ("030 123456", "DE", "+4930123456"),
        ("030 123456", "de", "+4930123456"),
        ("+49 (0)30 123456", None, "+4930123456"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("+49 30 123456 ext. 12", None, "+4930123456"),
        ("+49 30 123456;ext=12", "US", "+4930123456"),
        ("(201) 555-0123", "US", "+12015550123"),
        ("tel:+1-201-555-0123", None, "+12015550123"),
        ("\uff0b\uff14\uff19 30 123456", None, "+4930123456"),
        ("+39 06 698 12345", None, "+390669812345"),
        ("030 123456", None, None),
        ("0049 30 123456", None, None),
        ("030 123456", "XX", None),
        ("030 123456", "", None),
        ("12345", "DE", None),
        ("+1 555 555 5555", None, None),
        ("+49 30 123456 / +49 30 999999 4444 5555", None, None),
        ("no number", "DE", None),
        ("", "DE", None),
    ],
)
def test_phone(raw: str, region: str | None, key: str | None) -> None:
    assert phone(raw, region) == key


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ("DE de De DEU deu Deutschland Germany Allemagne Германия 德国 BRD", "DE"),
        ("USA U.S.A. us America Estados_Unidos United_States_of_America", "US"),
        ("UK uk GB GBR Great_Britain England Großbritannien Royaume-Uni", "GB"),
        ("Österreich Osterreich Austria AUT Áo", "AT"),
        ("Côte_d'Ivoire Cote_d’Ivoire CÔTE_D'IVOIRE Ivory_Coast", "CI"),
        ("Россия россия Russia Russian_Federation Nga", "RU"),
        ("中国 中國 China PRC People's_Republic_of_China", "CN"),
        ("Republic_of_China Taiwan", "TW"),
        ("Korea South_Korea Korea,_Republic_of Korea_(the_Republic_of) 대한민국", "KR"),
        ("Korea_(the_Democratic_People's_Republic_of) North_Korea", "KP"),
        ("the_Netherlands Holland Kingdom_of_the_Netherlands", "NL"),
        ("Trinidad_and_Tobago Trinidad_&_Tobago", "TT"),
        ("St._Lucia Saint_Lucia", "LC"),
        ("Turkey Türkiye Turkiye Türkei", "TR"),
        ("Bolivia,_Plurinational_State_of", "BO"),
        ("Gambia,_The", "GM"),
        ("टोगो", "TG"),
        ("टोंगा", "TO"),
        ("NGA Nigeria", "NG"),
        ("AO Angola", "AO"),
        ("Kosovo XK", "XK"),
    ],
)
def test_country(names: str, code: str) -> None:
    known = [name.replace("_", " ") for name in names.split()]
    assert {name: country(name) for name in known} == dict.fromkeys(known, code)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "Kongo",
        "Congo",
        "Europe",
        "EU",
        "ZZ",
        "world",
        "Atlantis",
        "XX",
        "D",
        "001",
        "CA, US",
    ],
)
def test_no_country_is_guessed(raw: str) -> None:
    assert country(raw) is None


@pytest.mark.parametrize("language", territories._LANGUAGES)
def test_each_name_in_cldr_is_found_or_could_mean_two(language: str) -> None:
    shared = set(territories._SHARED_NAMES)
    for code, name in territories._territories(language).items():
        if code in territories._codes() and name not in shared:
            assert country(name) == code


def test_the_tables_leave_no_language_in_babels_cache() -> None:
    assert not {"sw", "km", "zh_Hant"} & set(localedata._cache)


def test_every_iso_country_has_a_code() -> None:
    assert len(set(territories._codes().values())) == 250  # 249, and Kosovo


def test_currency() -> None:
    assert [currency(raw) for raw in (" eur", "JPY", "DEM", "BGN", "XOF")] == [
        "EUR", "JPY", "DEM", "BGN", "XOF",
    ]  # fmt: skip
    assert {currency(raw) for raw in ("", "€", "EURO", "XXX", "XTS", "XAU", "ZZZ", "12")} == {None}


@pytest.mark.parametrize(
    ("code", "digits"),
    [("EUR", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("RSD", 2), ("CLF", 4), ("ITL", 0)],
)
def test_minor_units_are_those_of_iso_4217(code: str, digits: int) -> None:
    assert currency_digits(code) == digits


def test_the_digits_are_given_for_currencies_that_exist() -> None:
    assert set(normalisers._DIGITS) <= set(list_currencies())


@pytest.mark.parametrize(
    ("raw", "domain"),
    [
        ("https://www.shop.example.co.uk/path?u=http://x.org/@y#z", "example.co.uk"),
        ("HTTP://User:pw@WWW.Example.COM:8080/", "example.com"),
        ("//cdn.example.com/x.js", "example.com"),
        ("example.com", "example.com"),
        ("www.example.com.", "example.com"),
        ("example.com:443", "example.com"),
        ("example.com?next=a@b.org", "example.com"),
        ("anna@mail.example.com", "example.com"),
        ("mailto:anna@mail.example.com", "example.com"),
        ("https://www.bücher.de/", "xn--bcher-kva.de"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("acme.github.io", "acme.github.io"),
        ("shop.acme.test", "acme.test"),
        ("http://shop.bücher.test/", "xn--bcher-kva.test"),
        ("_dmarc.example.com", "example.com"),
        ("", None),
        ("localhost", None),
        ("com", None),
        ("co.uk", None),
        ("github.io", None),
        ("http://192.168.0.1/", None),
        ("http://127.1/", None),
        ("http://0x7f.0x1/", None),
        ("http://[2001:db8::1]/", None),
        ("2001:db8::1", None),
        ("Acme Inc.", None),
        ("a..com", None),
        ("-a.com", None),
        ("javascript:alert(1)", None),
        ("https://", None),
    ],
)
def test_web_domain(raw: str, domain: str | None) -> None:
    assert web_domain(raw) == domain


@pytest.mark.parametrize(
    ("raw", "given_name", "family"),
    [
        ("Anna Müller", "Anna", "Müller"),
        ("  anna   müller ", "anna", "müller"),
        ("Müller, Anna", "Anna", "Müller"),
        ("Dr. Anna-Lena van den Berg", "Anna-Lena", "van den Berg"),
        ("Dr. Juan Q. Xavier de la Vega III", "Juan Q. Xavier", "de la Vega"),
        ("Mary Ann Smith", "Mary Ann", "Smith"),
        ("J. R. R. Tolkien", "J. R. R.", "Tolkien"),
        ("Jack Ma", "Jack", "Ma"),
        ("Al Gore", "Al", "Gore"),
        ("Иван Петров", "Иван", "Петров"),
        ("Петров Иван Иванович", "Иван Иванович", "Петров"),
        ("李 小龙", "小龙", "李"),
        ("高橋 みなみ", "みなみ", "高橋"),
        ("김민준", "민준", "김"),
        ("Frau Müller", None, "Müller"),
        ("Sir Elton", "Elton", None),
    ],
)
def test_person_name(raw: str, given_name: str | None, family: str | None) -> None:
    assert person_name(raw) == PersonName(given_name, family)


@pytest.mark.parametrize(
    "raw",
    [
        *(
            "",
            " ",
            ",",
            "Dr.",
            "😀",
            "(Bob)",
            "Anna Müller anna@example.com",
            "van Beethoven",
            "a " * 200,
        ),
        *("Madonna", "李小龙", "李小龙先生", "Dr. 李小龙", "田中太郎", "みなみ", "선우진"),
    ],
)
def test_no_name_is_invented(raw: str) -> None:
    assert person_name(raw) == NOTHING


words_with_a_role = st.sampled_from(
    sorted({word for word in normalisers._words_with_a_role() if word.isalpha()})
)
names = st.sampled_from(
    "Anna Müller Smith García Abdul Maria Mac Ben Petrov Ivan Jr Ann II IV VI Xi VII Mix".split()
)
title_case = st.from_regex(r"[A-Z][a-zéüß]{0,7}", fullmatch=True)


spelling = st.sampled_from((str, str.title, str.upper, str.lower))
name_words = st.builds(
    lambda word, spell: spell(word), words_with_a_role | names | title_case, spelling
)


@settings(max_examples=1_000, deadline=None)
@given(st.lists(name_words | words_with_a_role.map(str.title), max_size=5))
def test_the_short_way_for_plain_names_agrees_with_the_parser(words: list[str]) -> None:
    text = " ".join(words)
    assert person_name(text) == normalisers._parsed(text)


def test_the_lexicon_still_has_its_vocabulary() -> None:
    titles = {title.casefold() for title in Lexicon.default().titles}
    assert titles <= normalisers._words_with_a_role()
    assert {"dr", "van", "phd", "jr", "und"} <= normalisers._words_with_a_role()


def test_search_finds_a_name_as_written_and_in_plain_letters() -> None:
    key = search_key("Anna", None, "MÜLLER", "", "Straße GmbH", "李小龙")
    for q in (
        "müller",
        "Muller",
        "anna  MÜLLER",
        "anna muller",
        "straße",
        "STRASSE",
        "李",
        "xiaolong",
    ):
        assert search_needle(q) in key, q
    assert search_key("Müller") == "müller muller"
    assert search_key("Anna", "Miller") == "anna miller"
    assert search_key(None, "", "  ") == ""


@settings(deadline=None)
@given(st.lists(st.text(max_size=100), max_size=4))
def test_each_part_finds_its_key(parts: list[str]) -> None:
    key = search_key(*parts)
    for part in parts:
        assert search_needle(part) in key


def test_a_long_key_keeps_both_forms() -> None:
    key = search_key("ü" * 5_000)
    assert len(key) <= SEARCH_KEY_LENGTH
    assert "üuu" not in key
    assert "uuu" in key
    assert len(search_key("a" * 5_000)) == SEARCH_KEY_LENGTH
    assert len(search_needle("ﷺ" * 5_000)) <= SEARCH_KEY_LENGTH


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Müller", " ANNA\u00a0\tMU\u0308LLER "),
        ("Straße", "STRASSE"),
        ("ＡＣＭＥ", "acme"),
        ("An\u200bna", "Anna"),
        ("\ufeffAnna\u202c", "anna"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Anna\x00", "Anna"),
    ],
)
def test_name_key_makes_equal_what_reads_equal(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_name_key_keeps_apart_what_reads_differently() -> None:
    assert name_key("Müller") != name_key("Muller")
    assert name_key("annamüller") != name_key("anna müller")
    assert len(name_key("ﷺ" * 10_000)) <= NAME_KEY_LENGTH
