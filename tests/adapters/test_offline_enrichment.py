"""What addresses tell without asking anybody."""

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.enrichment.offline import OfflineEnrichment, is_free_mail
from app.domain.leads.enrichment import Addresses

OFFLINE = OfflineEnrichment()


@pytest.mark.parametrize(
    ("typed", "e164", "country"),
    [
        ("+44 20 7946 0018", "+442079460018", "GB"),
        ("0044 20 7946 0018", "+442079460018", "GB"),
        ("+1 416 555 0123", "+14165550123", "CA"),
        ("+7 727 250 1234", "+77272501234", "KZ"),
        # Of no country, or only of the one that was assumed.
        ("+800 1234 5678", "+80012345678", None),
        ("+870 773 111 632", "+870773111632", None),
        ("030 123456", "+4930123456", None),
        ("+44", None, None),
    ],
)
def test_a_phone_number_tells_its_country(typed: str, e164: str | None, country: Any) -> None:
    found = OFFLINE.known_of({"phone": typed, "phone_norm": e164})
    assert found.phone_country == country


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("ada@engines.co.uk", "engines.co.uk"),
        ("ada@mail.engines.com", "engines.com"),
        ("info@engines.com", "engines.com"),
        ("ada@gmail.com", None),
        ("ada@googlemail.com", None),
        ("ada@mailinator.com", None),
        ("ada@co.uk", None),
        ("", None),
    ],
)
def test_an_address_tells_the_company_s_domain_if_it_is_one(email: str, domain: Any) -> None:
    assert OFFLINE.known_of({"email_norm": email}).company_domain == domain


def test_a_top_level_domain_tells_no_country() -> None:
    found = OFFLINE.known_of({"email_norm": "ada@startup.io", "web_domain": "startup.ai"})
    assert (found.phone_country, found.ip_country) == (None, None)


def test_it_tells_of_what_sort_an_address_is() -> None:
    role = OFFLINE.known_of({"email_norm": "info@engines.com"})
    assert (role.role, role.free_mail, role.disposable) == (True, False, False)
    assert OFFLINE.known_of({"email_norm": "ada@gmail.com"}).free_mail
    assert OFFLINE.known_of({"email_norm": "ada@mailinator.com"}).disposable
    assert is_free_mail("mail.gmail.com")
    assert not is_free_mail("gmail.example.com")


@given(
    st.fixed_dictionaries(
        {
            n: st.none() | st.text(max_size=60)
            for n in ("email_norm", "phone", "full_name", "web_domain")
        }
    )
)
def test_it_never_raises(columns: dict[str, Any]) -> None:
    assert isinstance(OFFLINE.known_of(columns, "::1"), Addresses)


class TestCountryOfAnAddress:
    def test_it_is_looked_up_in_the_operator_saddress_file(self, tmp_path: Path) -> None:
        offline = OfflineEnrichment(address_file(tmp_path, {"country": {"iso_code": "GB"}}))
        assert offline.knows_addresses
        assert offline.known_of({}, "81.2.69.142").ip_country == "GB"
        assert offline.known_of({}, "not an address").ip_country is None
        assert offline.known_of({}).ip_country is None

    def test_files_that_hold_the_code_itself_are_read(self, tmp_path: Path) -> None:
        offline = OfflineEnrichment(address_file(tmp_path, {"country": "DE"}))
        assert offline.known_of({}, "81.2.69.142").ip_country == "DE"

    def test_without_a_file_nothing_is_known(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken.mmdb"
        broken.write_bytes(b"nothing")
        for path in (None, tmp_path / "missing.mmdb", broken):
            offline = OfflineEnrichment(path)
            assert not offline.knows_addresses
            assert offline.known_of({}, "81.2.69.142").ip_country is None


def address_file(folder: Path, told: dict[str, Any]) -> Path:
    """A file of the MaxMind DB format, version 2, that says the same of every address."""
    # One node, both of whose records point to the first entry of the data section.
    tree = struct.pack(">I", 1 + 16)[1:] * 2
    meta = {
        "node_count": (1, 6, 4),
        "record_size": (24, 5, 2),
        "ip_version": (4, 5, 2),
        "binary_format_major_version": (2, 5, 2),
        "binary_format_minor_version": (0, 5, 2),
        "build_epoch": (1, 9, 8),
        "database_type": "Test",
        "description": {},
        "languages": [],
    }
    path = folder / "country.mmdb"
    path.write_bytes(
        tree + bytes(16) + _encoded(told) + b"\xab\xcd\xefMaxMind.com" + _encoded(meta)
    )
    return path


def _encoded(value: Any) -> bytes:
    if isinstance(value, dict):
        parts = b"".join(_encoded(k) + _encoded(v) for k, v in value.items())
        return bytes([7 << 5 | len(value)]) + parts
    if isinstance(value, str):
        return bytes([2 << 5 | len(value)]) + value.encode()
    if isinstance(value, list):
        return bytes([len(value), 4])
    if isinstance(value, tuple):
        number, kind, size = value
        control = bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])
        return bytes(control + number.to_bytes(size))
    raise AssertionError(value)
