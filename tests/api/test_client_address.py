"""Whose address counts, and that nobody can choose it."""

from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import ValidationError

from app.api.client_address import TrustedProxies, client_address
from app.platform.config import Settings

PROXIES = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48")])
PROXY = "10.0.0.1"


def scope(peer: str | None, *forwarded: str) -> dict[str, Any]:
    return {
        "type": "http",
        "client": (peer, 4321) if peer else None,
        "headers": [
            (b"host", b"touchline.test"),
            *((b"x-forwarded-for", value.encode("latin-1")) for value in forwarded),
        ],
    }


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (PROXY, ["203.0.113.9"], "203.0.113.9"),
        ("2001:db8:ffff::1", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        (PROXY, ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (PROXY, ["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        (PROXY, ["203.0.113.9:51000"], "203.0.113.9"),
        (PROXY, ["[2001:db8::9]:51000"], "2001:db8::9"),
        (PROXY, ["2001:db8::9"], "2001:db8::9"),
        (PROXY, ["::ffff:203.0.113.9"], "203.0.113.9"),
        (PROXY, ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (PROXY, [], PROXY),
        (PROXY, [""], PROXY),
        (PROXY, ["unknown"], PROXY),
        (PROXY, ["203.0.113.9, _hidden, 10.0.0.2"], "10.0.0.2"),
        (None, ["203.0.113.9"], None),
    ],
)
def test_a_trusted_proxy_says_who_is_calling(
    peer: str | None, forwarded: list[str], expected: str | None
) -> None:
    assert client_address(scope(peer, *forwarded), PROXIES) == expected


@pytest.mark.parametrize(
    "forwarded",
    [
        ["1.1.1.1"],
        ["10.0.0.7"],
        ["1.1.1.1, 10.0.0.7"],
        ["1.1.1.1", "2.2.2.2"],
        [""],
        ["\xff\xfe, \x00"],
        [", ".join(["1.1.1.1"] * 5_000)],
        [", ".join(["10.0.0.7"] * 5_000)],
    ],
)
def test_what_a_caller_sends_along_is_not_believed(forwarded: list[str]) -> None:
    attacker = "198.51.100.66"
    # Straight at us, who trust no proxy or not this one.
    assert client_address(scope(attacker, *forwarded), TrustedProxies([])) == attacker
    assert client_address(scope(attacker, *forwarded), PROXIES) == attacker
    # Through the proxy, which appends whom it sees, to the header or as another one.
    appended = [*forwarded[:-1], f"{forwarded[-1]}, {attacker}"]
    assert client_address(scope(PROXY, *appended), PROXIES) == attacker
    assert client_address(scope(PROXY, *forwarded, attacker), PROXIES) == attacker
    two_hops = [*forwarded, f"{attacker}, 10.9.9.9"]
    assert client_address(scope(PROXY, *two_hops), PROXIES) == attacker


def test_the_setting_is_a_list_of_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHLINE_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::/32 ,192.0.2.7")
    assert list(map(str, Settings().trusted_proxies)) == [
        "10.0.0.0/8",
        "2001:db8::/32",
        "192.0.2.7/32",
    ]
    monkeypatch.setenv("TOUCHLINE_TRUSTED_PROXIES", "")
    assert Settings().trusted_proxies == ()
    monkeypatch.setenv("TOUCHLINE_TRUSTED_PROXIES", "proxy.example.com")
    with pytest.raises(ValidationError):
        Settings()
