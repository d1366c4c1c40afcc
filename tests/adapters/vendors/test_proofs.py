"""Who may send: genuine calls pass, altered, foreign and old ones do not, for every vendor."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from app.adapters.vendors import Call, Proof
from app.adapters.vendors.registry import VENDORS
from app.domain.intake.connectors import VendorName
from tests.adapters.vendors.calls import (
    BODIES,
    GOOGLE,
    NOW,
    SECRET,
    as_json,
    call_of,
)
from tests.adapters.vendors.signing import SHARED, SIGNED, hex_of, shared

OLD = NOW - timedelta(seconds=301)
WRONG = b"another-secret"


def signed(vendor: str) -> Call:
    sign, _ = SIGNED[vendor]
    call = call_of(vendor)
    return replace(call, headers=sign(call.raw, NOW))


def test_every_vendor_is_tested_here() -> None:
    no_secret = {name for name, vendor in VENDORS.items() if vendor.proof is Proof.NONE}
    assert no_secret == {"salesforce_web_to_lead", "hubspot_forms"}
    assert SIGNED.keys() | set(SHARED) | no_secret | {"google_ads"} == VENDORS.keys()
    assert VENDORS.keys() == BODIES.keys() == set(VendorName)


@pytest.mark.parametrize("name", SIGNED)
class TestSignatures:
    def test_a_genuine_call_passes(self, name: str) -> None:
        assert VENDORS[name].verify(signed(name), SECRET, NOW) is None

    def test_another_secret_does_not(self, name: str) -> None:
        assert VENDORS[name].verify(signed(name), WRONG, NOW) is not None

    @pytest.mark.parametrize("place", [0, 10, -1])
    def test_one_changed_bit_does_not(self, name: str, place: int) -> None:
        call = signed(name)
        raw = bytearray(call.raw)
        raw[place] ^= 1
        assert VENDORS[name].verify(replace(call, raw=bytes(raw)), SECRET, NOW) is not None

    def test_a_body_said_otherwise_does_not(self, name: str) -> None:
        """The bytes are signed, and not what they mean."""
        call = signed(name)
        raw = call.raw.replace(b'": ', b'":')
        assert raw != call.raw
        assert VENDORS[name].verify(replace(call, raw=raw), SECRET, NOW) is not None

    def test_no_signature_does_not(self, name: str) -> None:
        assert VENDORS[name].verify(replace(signed(name), headers={}), SECRET, NOW) is not None

    @pytest.mark.parametrize(
        "junk", ["", "x", "sha256=", "sha256=zz", "ü", "t=,v1=", "t=1,v1", "="]
    )
    def test_junk_does_not(self, name: str, junk: str) -> None:
        call = signed(name)
        for header in call.headers:
            headers = {**call.headers, header: junk}
            assert VENDORS[name].verify(replace(call, headers=headers), SECRET, NOW) is not None

    @pytest.mark.parametrize("age", [OLD, NOW + timedelta(seconds=301)])
    def test_a_replayed_call_does_not_where_the_time_is_signed(
        self, name: str, age: object
    ) -> None:
        sign, dated = SIGNED[name]
        call = call_of(name)
        old = replace(call, headers=sign(call.raw, age))  # type: ignore[arg-type]
        assert (VENDORS[name].verify(old, SECRET, NOW) is not None) == dated

    def test_a_moved_time_does_not(self, name: str) -> None:
        sign, dated = SIGNED[name]
        if not dated:
            return
        old, fresh = sign(call_of(name).raw, OLD), sign(call_of(name).raw, NOW)
        for header, value in fresh.items():
            mixed = old | {header: value}
            if mixed in (old, fresh):
                continue
            call = replace(call_of(name), headers=mixed)
            assert VENDORS[name].verify(call, SECRET, NOW) is not None

    def test_the_spelling_of_digits_does_not_matter(self, name: str) -> None:
        call = signed(name)
        if name in ("typeform", "generic_json"):
            return
        upper = {
            header: value.upper() if "=" not in value else value
            for header, value in call.headers.items()
        }
        assert VENDORS[name].verify(replace(call, headers=upper), SECRET, NOW) is None


@pytest.mark.parametrize("name", [n for n in VENDORS if VENDORS[n].proof is Proof.SIGNATURE])
def test_without_a_secret_nothing_can_be_checked(name: str) -> None:
    assert VENDORS[name].verify(call_of(name), None, NOW) is not None


@pytest.mark.parametrize("name", [*SHARED, "generic_json"])
class TestSharedSecrets:
    def test_none_is_asked_for_unless_agreed_upon(self, name: str) -> None:
        assert VENDORS[name].verify(call_of(name), None, NOW) is None

    @pytest.mark.parametrize(
        "said",
        [
            {"headers": shared(b"", NOW)},
            {"headers": {"authorization": f"Bearer {SECRET.decode()}"}},
            {"headers": {"authorization": "Basic " + base64.b64encode(b"u:" + SECRET).decode()}},
            {"query": f"a=1&secret={SECRET.decode()}"},
            {"query": "key=%73" + SECRET.decode()[1:]},
        ],
    )
    def test_it_may_be_said_in_any_usual_place(self, name: str, said: dict[str, object]) -> None:
        assert VENDORS[name].verify(call_of(name, **said), SECRET, NOW) is None
        assert VENDORS[name].verify(call_of(name, **said), WRONG, NOW) is not None

    def test_it_has_to_be_said(self, name: str) -> None:
        for said in ({}, {"headers": {"authorization": "Basic !!"}}, {"query": "secret="}):
            assert VENDORS[name].verify(call_of(name, **said), SECRET, NOW) is not None


class TestGoogle:
    def test_the_key_in_the_body_counts(self) -> None:
        assert VENDORS["google_ads"].verify(call_of("google_ads"), SECRET, NOW) is None
        assert VENDORS["google_ads"].verify(call_of("google_ads"), WRONG, NOW) is not None

    @pytest.mark.parametrize("key", [None, "", 7, True, [SECRET.decode()], {"a": 1}])
    def test_nothing_else_does(self, key: object) -> None:
        call = call_of("google_ads", raw=as_json(GOOGLE | {"google_key": key}))
        assert VENDORS["google_ads"].verify(call, SECRET, NOW) is not None


def test_a_form_of_mailgun_is_proven_by_its_own_signature() -> None:
    sent = str(int(NOW.timestamp()))
    fields = {"timestamp": sent, "token": "t0k3n", "signature": hex_of(sent.encode(), b"t0k3n")}

    def call(**changes: str) -> Call:
        body = "&".join(f"{k}={v}" for k, v in (fields | changes).items())
        return Call(raw=body.encode(), content_type="application/x-www-form-urlencoded")

    email = VENDORS["email"]
    assert email.verify(call(), SECRET, NOW) is None
    assert email.verify(call(token="other"), SECRET, NOW) is not None
    assert email.verify(call(), SECRET, NOW + timedelta(minutes=6)) is not None


class TestLinkedInPrefix:
    def test_the_header_may_carry_it(self) -> None:
        call = signed("linkedin")
        prefixed = {"x-li-signature": "hmacsha256=" + call.headers["x-li-signature"]}
        assert VENDORS["linkedin"].verify(replace(call, headers=prefixed), SECRET, NOW) is None

    def test_a_signature_over_the_bare_body_is_none(self) -> None:
        call = call_of("linkedin")
        bare = replace(call, headers={"x-li-signature": hex_of(call.raw)})
        assert VENDORS["linkedin"].verify(bare, SECRET, NOW) is not None
