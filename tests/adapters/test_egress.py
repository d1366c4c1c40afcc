"""Which addresses and URLs are of the internet, however they are spelled."""

import ipaddress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.egress import DestinationRefused, EgressPolicy, is_internet

INTERNET = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2600:1f18::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:831::200e",
]

INSIDE = [
    # this host and loopback
    "0.0.0.0",
    "0.255.255.255",
    "127.0.0.1",
    "127.0.0.53",
    "127.255.255.255",
    "::",
    "::1",
    # private
    "10.0.0.0",
    "10.255.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.168.0.0",
    "192.168.255.255",
    "fc00::1",
    "fd00::1",
    "fdff:ffff::1",
    "fec0::1",
    "feff::1",
    # link-local
    "169.254.0.1",
    "169.254.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    # metadata
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
    # carriers' NAT
    "100.64.0.0",
    "100.127.255.255",
    # kept for protocols, benchmarks, examples
    "192.0.0.8",
    "192.0.0.171",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.255",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    # multicast, reserved, broadcast
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "ff0e::1",
    "4000::1",
    "e000::1",
    # addresses of IPv4 in those of IPv6, of hosts outside as well
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
    "2001::1",
]

NO_ADDRESS = ["", "x", "127.1", "0177.0.0.1", "0x7f.1", "2130706433", "1.1.1.1.", "1.1.1.1 ", "::g"]


@pytest.mark.parametrize("address", INTERNET)
def test_a_host_of_the_internet(address: str) -> None:
    assert is_internet(address)


@pytest.mark.parametrize("address", [*INSIDE, *NO_ADDRESS])
def test_not_a_host_of_the_internet(address: str) -> None:
    assert not is_internet(address)


@given(st.integers(0, 2**32 - 1))
def test_what_the_standard_library_calls_private_is_refused(number: int) -> None:
    address = ipaddress.IPv4Address(number)
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_internet(str(address))


@given(st.integers(0, 2**32 - 1))
def test_an_address_of_ipv4_in_one_of_ipv6_is_refused(number: int) -> None:
    for form in (
        number,
        0xFFFF << 32 | number,
        0x64FF9B << 96 | number,
        0x2002 << 112 | number << 80,
    ):
        assert not is_internet(str(ipaddress.IPv6Address(form)))


@pytest.mark.parametrize(
    ("entry", "host", "address"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.0/8", "localhost", "127.0.0.1"),
        ("10.1.0.0/16", "crm.internal", "10.1.2.3"),
        ("10.1.2.3/16", "crm.internal", "10.1.2.3"),
        ("fd00::/8", "x", "fd00::5"),
        ("crm.internal", "CRM.internal.", "10.1.2.3"),
        ("CRM.Internal", "crm.internal", "fd00::5"),
    ],
)
def test_an_exception_of_the_operator(entry: str, host: str, address: str) -> None:
    assert EgressPolicy([entry]).permits(host, address)
    assert not EgressPolicy().permits(host, address)


@pytest.mark.parametrize(
    ("entry", "host", "address"),
    [
        ("127.0.0.1", "localhost", "127.0.0.2"),
        ("10.1.0.0/16", "crm.internal", "10.2.0.1"),
        ("crm.internal", "evil.crm.internal", "10.1.2.3"),
        ("crm.internal", "crm.internal.example.com", "10.1.2.3"),
        ("10.0.0.0/8", "x", "::ffff:10.0.0.1"),
    ],
)
def test_an_exception_reaches_no_further(entry: str, host: str, address: str) -> None:
    assert not EgressPolicy([entry]).permits(host, address)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "//example.com",
        "example.com",
        "http://",
        "http:///path",
        "https://:443/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com:70/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "unix:///run/docker.sock",
        "http+unix://x/",
        "ws://example.com/",
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://:password@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com:22/",
        "http://example.com:25/",
        "http://example.com:53/",
        "http://example.com:0/",
        "http://example.com:1023/",
        "http://example.com:65536/",
        "http://example.com:-1/",
        "http://example.com:x/",
        "http://exa mple.com/",
        "http://example.com\r\nHost: x/",
        "http://example.com/\x00",
        "http://[::1/",
        "http://[x]/",
        "http://" + "a" * 70_000 + ".com/",
        "http://\ud800.com/",
    ],
)
def test_a_url_that_is_not_called(url: str) -> None:
    with pytest.raises(DestinationRefused) as refused:
        EgressPolicy().read(url)
    assert refused.value.final


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com:443/x?y=z#w",
        "http://example.com:80/",
        "https://example.com:8443/",
        "https://bücher.example/",
        "HTTPS://EXAMPLE.COM/",
        "https://[2606:4700:4700::1111]/",
    ],
)
def test_a_url_that_may_be_called(url: str) -> None:
    assert isinstance(EgressPolicy().read(url), httpx.URL)


def test_the_operator_may_allow_any_port_of_a_host() -> None:
    assert EgressPolicy(["crm.internal"]).read("http://crm.internal:81/").port == 81
    assert EgressPolicy(["10.0.0.0/8"]).read("http://10.0.0.1:81/").port == 81
