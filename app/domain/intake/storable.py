"""What Postgres can hold of the text and numbers that strangers send."""

from typing import Any

LARGEST = 2**63 - 1
REPLACEMENT = "\ufffd"


def is_storable(text: str) -> bool:
    """Whether there is neither NUL nor half of a surrogate pair in it."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(value: Any) -> Any:
    """A JSON value that can be kept: each character that cannot is replaced, a number beyond 64
    bits becomes text. Whatever was sound is the same object's equal."""
    if isinstance(value, str):
        return value if is_storable(value) else _replaced(value)
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return value if -LARGEST - 1 <= value <= LARGEST else str(value)
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    return [storable(item) for item in value]


def _replaced(text: str) -> str:
    return "".join(
        REPLACEMENT if character == "\x00" or "\ud800" <= character <= "\udfff" else character
        for character in text
    )
