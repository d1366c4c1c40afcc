"""Looking into values of any shape: what is not there, or is something else, is nothing."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.domain.intake.mapping import as_text, is_blank

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_LONGEST_TAG = 500
_MOST_TAGS = 30
_LONGEST_URL = 4_000

_UTM = ("source", "medium", "campaign", "term", "content", "id")
CLICK_IDS = frozenset(
    "gclid gbraid wbraid dclid msclkid yclid fbclid igshid igsh ttclid li_fat_id twclid sccid "
    "rdt_cid irclickid cjevent awc mc_eid mkt_tok srsltid".split()
)


def members(value: Any) -> dict[str, Any]:
    """The value if it is an object."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a list."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """A plain value as text, without blanks around it; None when it is blank or not plain."""
    if value is None or isinstance(value, dict | list):
        return None
    return as_text(value).strip() or None


def first_of(values: dict[str, Any], *names: str) -> str | None:
    """The first of these that says something."""
    return next((found for name in names if (found := text(values.get(name)))), None)


def only(value: Any) -> Any:
    """The one member of a list of one; anything else as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def filled(values: dict[str, Any]) -> dict[str, Any]:
    """Those that say something."""
    return {name: value for name, value in values.items() if not is_blank(value)}


def instant(value: Any) -> datetime | None:
    """A time in any of the spellings that vendors use; without a zone it is UTC."""
    if isinstance(value, bool):
        return None
    try:
        found = _instant(value)
        if found is None:
            return None
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None
    return found if EARLIEST <= found < LATEST else None


def _instant(value: Any) -> datetime | None:
    if isinstance(value, str):
        value = value.strip()
        if re.fullmatch(r"\d{9,14}", value):
            value = int(value)
        elif re.match(r"[A-Za-z]{3},|\d{1,2} [A-Za-z]{3} ", value):
            return parsedate_to_datetime(value[:100])
        else:
            return datetime.fromisoformat(value[:100]) if value else None
    if isinstance(value, int | float):
        # Seconds of this century have ten digits, milliseconds thirteen.
        seconds = value / 1000 if abs(value) >= 10**11 else value
        return datetime.fromtimestamp(seconds, UTC)
    return None


def not_later(found: datetime | None, received_at: datetime) -> datetime | None:
    """The time, unless it lies in the future: the sender's clock cannot be right then."""
    return None if found is None or found > received_at + timedelta(days=1) else found


def url(value: Any) -> str | None:
    """An http or https URL, of a length that can be kept."""
    found = text(value)
    if found is None or len(found) > _LONGEST_URL or not found.isprintable():
        return None
    try:
        parts = urlsplit(found)
    except ValueError:
        return None
    return found if parts.scheme in {"http", "https"} and parts.netloc else None


def tags_in(values: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The UTM parameters and click ids among these values."""
    utm: dict[str, str] = {}
    click_ids: dict[str, str] = {}
    for name, value in values.items():
        said = text(only(value))
        if said is None or len(said) > _LONGEST_TAG or "\x00" in said:
            continue
        plain = name.strip().lower().replace("-", "_").replace(" ", "_")
        short = plain.removeprefix("utm_")
        if short != plain and short in _UTM:
            utm.setdefault(short, said)
        elif plain in CLICK_IDS and len(click_ids) < _MOST_TAGS:
            click_ids.setdefault(plain, said)
    return utm, click_ids


def tags_of(page_url: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """The UTM parameters and click ids in a page's URL."""
    if not page_url or "?" not in page_url:
        return {}, {}
    try:
        query = urlsplit(page_url).query
        return tags_in(dict(parse_qsl(query, max_num_fields=1_000, errors="replace")))
    except ValueError:
        return {}, {}


def last_of_urn(value: Any) -> str | None:
    """`urn:li:leadGenFormResponse:1a-2` names 1a-2; so does a URL that ends in it."""
    found = text(value)
    return re.split(r"[:/]", found.rstrip("/"))[-1] or None if found else None
