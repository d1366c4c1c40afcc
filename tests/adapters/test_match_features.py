"""What records are compared by: names, companies and places without what is beside the point."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.company_names import company_core
from app.adapters.match_features import account_features, features_of
from app.adapters.match_keys import account_keys, lead_key, name_keys, record_key
from app.adapters.name_forms import (
    family_of,
    folded,
    given_of,
    postal_code_of,
    sound,
    street_of,
)
from app.adapters.nicknames import roots_of
from app.adapters.similarities import SIMILARITIES

anything = st.text(max_size=60) | st.sampled_from(["\ud800", "\x00", "株式会社", "ООО", "İ" * 40])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller & Söhne GmbH & Co. KG", "Mueller und Soehne"),
        ("Acme, Inc.", "ACME incorporated"),
        ("Acme s.r.o.", "Acme"),
        ("ООО «Ромашка»", "Romashka LLC"),
        ("株式会社トヨタ", "トヨタ株式会社"),
        ("삼성전자 주식회사", "삼성전자(주)"),
        ("北京字节跳动科技有限公司", "北京字节跳动科技"),
        ("The Boeing Company", "BOEING"),
        ("Foo Pty. Ltd.", "Foo A/S"),
    ],
)
def test_companies_are_the_same_without_their_legal_form(one: str, other: str) -> None:
    assert company_core(one) == company_core(other) != ""


@pytest.mark.parametrize(
    ("name", "core"),
    [("AG", "ag"), ("GmbH", "gmbh"), ("", ""), ("Deutsche Bank AG", "deutsche bank")],
)
def test_something_of_a_companys_name_is_always_left(name: str, core: str) -> None:
    assert company_core(name) == core


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("Jürgen", "jurgen"),
        ("Juergen", "jurgen"),
        ("Дмитрий", "dmitriy"),
        ("李小龙", "li xiao long"),
    ],
)
def test_scripts_and_umlauts_are_folded(typed: str, form: str) -> None:
    assert folded(typed) == form


def test_titles_particles_and_suffixes_are_no_part_of_a_name() -> None:
    assert given_of("Prof. Dr. Anna-Lena") == "anna lena"
    assert family_of("van der Berg Jr.") == "berg"
    assert family_of("von") == "von"
    assert given_of("Dr.") == "dr"


@pytest.mark.parametrize(
    ("short", "full"),
    [("bill", "william"), ("bob", "robert"), ("peggy", "margaret"), ("dima", "dmitriy")],
)
def test_short_names_have_a_root_in_common_with_the_full_one(short: str, full: str) -> None:
    assert set(roots_of(short)) & set(roots_of(full))
    assert roots_of("wolfdietrich") == ()


@pytest.mark.parametrize(
    ("one", "other"), [("smith", "smyth"), ("ivanov", "ivanow"), ("meier", "meyer")]
)
def test_names_that_sound_alike_share_a_key(one: str, other: str) -> None:
    assert sound(one)[0] == sound(other)[0]


def test_streets_and_postal_codes_are_spelled_one_way() -> None:
    assert street_of("Hauptstr. 12 A") == street_of("Hauptstraße 12a") == ("haupt st", "12a")
    assert street_of("12 Main Street") == ("main st", "12")
    assert postal_code_of("D-10115") == postal_code_of("10115")
    assert postal_code_of("SW1Y 4JH") == postal_code_of("sw1y4jh")
    assert postal_code_of("12345-6789") == "12345"


def _columns(**columns: Any) -> dict[str, Any]:
    return columns


ADA = _columns(
    first_name="Ada",
    last_name="Lovelace",
    company="Analytical Engines Ltd",
    email_norm="ada@engines.example.com",
    postal_code="SW1Y 4JH",
)


def test_one_in_common_is_enough_to_be_found() -> None:
    keys = set(name_keys(features_of(ADA)))
    for told in (
        _columns(first_name="Lovelace", last_name="Ada"),
        _columns(last_name="Lovelace", company="ANALYTICAL ENGINES"),
        _columns(last_name="Lovelace", postal_code="SW1Y4JH"),
        _columns(first_name="Ada", web_domain="example.com"),
    ):
        assert keys & set(name_keys(features_of(told))), told
    assert not keys & set(name_keys(features_of(_columns(first_name="Grace", last_name="Hopper"))))


def test_a_key_says_nothing_about_a_person_and_few_are_stored() -> None:
    key = lead_key(features_of(ADA))
    assert all(part.lstrip("-").isdigit() for part in key.split())
    assert 3 <= len(key.split()) <= 7


def test_a_companys_account_is_found_by_its_name_and_domain() -> None:
    account = account_features(
        _columns(name="Analytical Engines Limited", web_domain="example.com")
    )
    assert account.is_company
    assert set(account_keys(features_of(ADA))) & set(map(int, record_key(account).split()))


def test_role_addresses_and_known_shared_ones_are_shared() -> None:
    told = features_of(
        _columns(email_norm="info@a.example"), emails=["ada@a.example"], shared=["ada@a.example"]
    )
    assert [box.shared for box in told.mailboxes] == [True, True]
    [box] = features_of(_columns(email_norm="ada@a.example")).mailboxes
    assert not box.shared


@pytest.mark.parametrize(
    ("address", "telling"),
    [
        ("ada.lovelace@gmail.com", False),
        ("a.lovelace@gmail.com", False),
        ("ada1815@gmail.com", True),
        ("enchantress@gmail.com", True),
    ],
)
def test_a_local_part_that_is_only_the_name_tells_nothing(address: str, telling: bool) -> None:
    columns = _columns(first_name="Ada", last_name="Lovelace", email_norm=address)
    [box] = features_of(columns).mailboxes
    assert box.telling is telling
    assert box.free


@given(anything, anything, anything, anything)
def test_any_text_has_features_and_keys(first: str, last: str, company: str, street: str) -> None:
    columns = _columns(
        first_name=first,
        last_name=last,
        company=company,
        street=street,
        postal_code=first,
        city=last,
        custom={"a": street, "b": 12.5, "c": True, "d": None, "e": [1]},
    )
    features = features_of(columns)
    keys = name_keys(features)
    assert len(keys) == len(set(keys))
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert features == features_of(columns)


@given(anything, anything)
def test_likeness_is_symmetric_and_whole_for_equals(one: str, other: str) -> None:
    for similar in (SIMILARITIES.letters, SIMILARITIES.words):
        assert similar(one, other) == similar(other, one)
        assert 0 <= similar(one, other) <= 1
    assert SIMILARITIES.edits(one, other) == SIMILARITIES.edits(other, one)
    assert SIMILARITIES.edits(one, one) == 0
