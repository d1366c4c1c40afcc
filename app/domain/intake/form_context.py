"""Where a post came from: the page, the visitor, and what brought them there."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from app.domain.intake.form_posts import (
    CLICK,
    PAGE,
    REFERRER,
    SUBMITTED_AT,
    UTM,
    VISITOR,
    FormPost,
)
from app.domain.intake.storable import is_storable
from app.domain.intake.submissions import Delivery, Finding

LONGEST_URL = 4_000
LONGEST_NAME = 200
LONGEST_TAG = 500
MOST_TAGS = 30
# How long a browser may have kept a post while it was offline.
LONGEST_OFFLINE = timedelta(days=365)

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_VISITOR = re.compile(r"[A-Za-z0-9_-]{8,64}")
_BARE_UTM = "utm_"
# Names by which pages hand on the click that an ad platform counted.
_CLICK_IDS = frozenset(
    """gclid gbraid wbraid dclid fbclid igshid msclkid ttclid li_fat_id twclid yclid sccid rdt_cid
    epik irclickid cjevent awc obclid tblci mc_eid""".split()
)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What is known of the visit. `read` has the names of the post that are told here.

    `submitted_at` is by the visitor's clock, `occurred_at` what is believed of it.
    """

    utm: dict[str, str] | None = None
    click_ids: dict[str, str] | None = None
    page_url: str | None = None
    referrer: str | None = None
    visitor_id: str | None = None
    submitted_at: datetime | None = None
    occurred_at: datetime
    read: frozenset[str] = frozenset()
    notes: list[Finding] = field(default_factory=list)


class _Reader:
    """Takes values out of a post and remembers which, and what did not fit."""

    def __init__(self, post: FormPost) -> None:
        self.post = post
        self.read: set[str] = set()
        self.notes: list[Finding] = []

    def address(self, name: str) -> str | None:
        """The web address under a name."""
        text = self.post.text(name)
        if text is None:
            return None
        if not is_web_address(text):
            self.note(name, "is no web address")
            return None
        self.read.add(name)
        return text

    def tags(self, told: Iterable[tuple[str, str, str]]) -> dict[str, str] | None:
        """Short texts by their short names; each comes with its name in the post."""
        tags: dict[str, str] = {}
        for posted, name, text in told:
            sound = name and len(name) <= LONGEST_NAME and len(text) <= LONGEST_TAG
            if not sound or not is_storable(name + text) or len(tags) == MOST_TAGS:
                self.note(posted, "does not fit a touchpoint")
            else:
                tags.setdefault(name, text)
                self.read.add(posted)
        return tags or None

    def note(self, name: str, detail: str) -> None:
        """Say that something was left out."""
        self.notes.append(Finding(code="context_ignored", detail=detail, field=name[:LONGEST_NAME]))


def read_context(post: FormPost, delivery: Delivery) -> Context:
    """The context of a post: told by our names, else by the usual ones, else by the addresses."""
    reader = _Reader(post)
    # A browser that posts a plain form says in this header which page the form is on.
    header = delivery.headers.get("referer", "")
    before = header if is_web_address(header) else None
    page = reader.address(PAGE) or before
    submitted_at = _submitted_at(reader)
    utm, click_ids = _tags(reader, delivery.query, page)
    return Context(
        utm=utm,
        click_ids=click_ids,
        page_url=page,
        referrer=reader.address(REFERRER) or before,
        visitor_id=_visitor(reader, delivery),
        submitted_at=submitted_at,
        occurred_at=_believed(reader, submitted_at, delivery.received_at),
        read=frozenset(reader.read),
        notes=reader.notes,
    )


def is_web_address(text: str) -> bool:
    """Whether the text is an http or https address that a touchpoint can hold."""
    if len(text) > LONGEST_URL or not is_storable(text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _tags(
    reader: _Reader, query: str, page: str | None
) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    """UTM parameters and click ids, each from the first place that has any."""
    post = reader.post
    own = reader.tags((UTM + name, name, text) for name, text in post.named(UTM))
    clicks = reader.tags((CLICK + name, name, text) for name, text in post.named(CLICK))
    posted = {name: text for name in post.by_name if (text := post.text(name)) is not None}
    for texts in (posted, _parameters(query), _parameters(urlsplit(page).query if page else "")):
        own = own or reader.tags(_usual_utm(texts))
        clicks = clicks or reader.tags(_usual_clicks(texts))
    return own, clicks


def _usual_utm(texts: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    return [(n, n.removeprefix(_BARE_UTM), t) for n, t in texts.items() if n.startswith(_BARE_UTM)]


def _usual_clicks(texts: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    return [(name, name, text) for name, text in texts.items() if name in _CLICK_IDS]


def _parameters(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, max_num_fields=500))
    except ValueError:
        return {}


def _visitor(reader: _Reader, delivery: Delivery) -> str | None:
    told = reader.post.text(VISITOR)
    if told is None:
        return delivery.visitor_id
    if not _VISITOR.fullmatch(told):
        reader.note(VISITOR, "is no visitor id")
        return delivery.visitor_id
    reader.read.add(VISITOR)
    return told


def _submitted_at(reader: _Reader) -> datetime | None:
    """When the visitor sent it, as a page tells that may have been offline."""
    told = reader.post.text(SUBMITTED_AT)
    if told is None:
        return None
    try:
        instant = datetime.fromisoformat(told)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not _EARLIEST < instant < _LATEST:
        reader.note(SUBMITTED_AT, "is no instant such as 2026-03-02T09:30:00Z")
        return None
    reader.read.add(SUBMITTED_AT)
    return instant.astimezone(UTC)


def _believed(reader: _Reader, submitted_at: datetime | None, received_at: datetime) -> datetime:
    """Nothing comes before it is sent: then the clock is wrong, as it is when it is years late."""
    if submitted_at is None or submitted_at > received_at:
        return received_at
    if received_at - submitted_at > LONGEST_OFFLINE:
        reader.note(SUBMITTED_AT, "lies more than a year before it came")
        return received_at
    return submitted_at
