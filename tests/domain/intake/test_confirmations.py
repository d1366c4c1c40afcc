"""Links of double opt-in: read back as they were made, and nothing else is read at all."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.intake.confirmations import (
    ConfirmationLink,
    address_key,
    make_link_token,
    parse_link_token,
)
from app.platform.secrets import Secrets

OURS, THEIRS = Secrets("o" * 32), Secrets("t" * 32)
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LINKS = st.builds(
    ConfirmationLink,
    workspace_id=st.uuids(),
    confirmation_id=st.uuids(),
    expires_at=st.integers(0, 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)


@given(LINKS)
def test_a_link_is_read_as_it_was_made(link: ConfirmationLink) -> None:
    token = make_link_token(OURS, link)
    assert parse_link_token(OURS, token, NOW) == link
    assert parse_link_token(OURS, token, link.expires_at) == link
    assert parse_link_token(OURS, token, link.expires_at + timedelta(seconds=1)) is None
    assert parse_link_token(THEIRS, token, NOW) is None


@given(LINKS, st.integers(0, 383))
def test_no_bit_can_be_changed(link: ConfirmationLink, bit: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = make_link_token(OURS, link)
    place = bit // 6
    letter = alphabet[alphabet.index(token[place]) ^ (1 << bit % 6)]
    assert parse_link_token(OURS, token[:place] + letter + token[place + 1 :], NOW) is None


@given(st.text(max_size=100))
def test_anything_else_is_no_link(text: str) -> None:
    assert parse_link_token(OURS, text, NOW) is None


@given(st.uuids(), st.uuids(), st.emails(), st.emails())
def test_equal_addresses_of_a_form_have_equal_keys(
    form: UUID, other_form: UUID, email: str, other: str
) -> None:
    assert address_key(form, email) == address_key(form, email)
    assert (address_key(form, email) == address_key(form, other)) == (email == other)
    assert (address_key(form, email) == address_key(other_form, email)) == (form == other_form)
