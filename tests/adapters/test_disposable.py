"""Throw-away addresses."""

import pytest

from app.adapters.disposable import is_disposable


@pytest.mark.parametrize(
    "email",
    [
        "x@mailinator.com",
        "X.Y@MAILINATOR.COM",
        " x@mailinator.com ",
        "x@anything.mailinator.com",
        "x@a.b.c.d.mailinator.com",
        "x@0-mailer.dynv6.net",
        "x@sub.0-mailer.dynv6.net",
    ],
)
def test_throw_away(email: str) -> None:
    assert is_disposable(email)


@pytest.mark.parametrize(
    "email",
    [
        "ada@example.com",
        "ada@gmail.com",
        "ada@unmailinator.com",
        "ada@mailinator.com.example.org",
        "mailinator.com@example.org",
        # A neighbour of a listed sub-domain.
        "ada@another.dynv6.net",
        "ada@co.uk",
        "mailinator.com",
        "",
        "@",
        "ada@",
        "\x00@\ud800",
        "a@" + "b." * 500 + "com",
    ],
)
def test_kept(email: str) -> None:
    assert not is_disposable(email)
