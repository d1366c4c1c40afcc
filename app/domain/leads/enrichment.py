"""Enrichment: what can be known of a lead beyond what it told, and what may be written of that."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from uuid import UUID

from app.domain.errors import FieldError, Invalid
from app.domain.leads.field_history import ValueOrigin

SECRET_PLACEHOLDER = "{secret}"  # noqa: S105 - a placeholder
# The key by which leads are matched, and who won the lead: neither is another's to tell.
NOT_ENRICHED = frozenset({"email", "source"})

FAILURES_UNTIL_OPEN = 5
_FIRST_REST = timedelta(minutes=1)
_LONGEST_REST = timedelta(hours=1)


class LookupBy(StrEnum):
    """What a provider is asked by."""

    EMAIL = "email"
    DOMAIN = "domain"
    PHONE = "phone"


class WritePolicy(StrEnum):
    """What becomes of a provider's value: it fills a blank; it replaces what was not given by hand;
    it is proposed to a person."""

    FILL = "fill"
    REFRESH = "refresh"
    PROPOSE = "propose"


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(eq=False, kw_only=True)
class EnrichmentProvider:
    """A service that is asked over HTTP, told as data."""

    workspace_id: UUID
    id: UUID
    name: str
    active: bool
    on_create: bool
    lookup_by: str
    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, Any] | None
    secret_sealed: bytes | None
    mapping: list[dict[str, Any]]
    policy: str
    policies: dict[str, str]
    timeout_seconds: int
    monthly_budget: int | None
    cache_days: int
    miss_cache_days: int
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def secret_set(self) -> bool:
        """Whether there is a secret, which nobody is shown."""
        return self.secret_sealed is not None

    @property
    def placeholder(self) -> str:
        """Where the key stands in the request."""
        return f"{{{self.lookup_by}}}"


@dataclass(eq=False, kw_only=True)
class Proposal:
    """A value that a provider has for a field, and that a person decides on."""

    workspace_id: UUID
    id: UUID
    lead_id: UUID
    provider_id: UUID
    field: str
    value: Any
    present: Any
    status: str
    created_at: datetime
    decided_at: datetime | None
    user_id: UUID | None
    api_key_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """What is known of a lead's addresses without asking anybody; None where nothing is."""

    email_domain: str | None = None
    free_mail: bool = False
    disposable: bool = False
    role: bool = False
    company_domain: str | None = None
    web_domain_is_free_mail: bool = False
    phone_country: str | None = None
    ip_country: str | None = None
    given_name: str | None = None
    family_name: str | None = None


@dataclass(frozen=True)
class Fill:
    """A blank that a rule fills."""

    rule: str
    field: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is written of a provider's values, and what is left to a person."""

    write: dict[str, Any] = field(default_factory=dict)
    propose: dict[str, Any] = field(default_factory=dict)


def offline_fills(held: Mapping[str, Any], known: Addresses) -> list[Fill]:
    """The blanks that can be filled without asking anybody, each by its rule.

    A country is never read off a top-level domain: .io, .ai and .co are nobody's home.
    """
    fills = []
    if not held.get("country"):
        if known.phone_country:
            fills.append(Fill("phone_country", "country", known.phone_country))
        elif known.ip_country:
            fills.append(Fill("ip_country", "country", known.ip_country))
    if not held.get("website") and known.company_domain:
        fills.append(Fill("email_domain", "website", known.company_domain))
    if not held.get("first_name") and not held.get("last_name"):
        parts = (("first_name", known.given_name), ("last_name", known.family_name))
        fills += [Fill("name_parts", name, part) for name, part in parts if part]
    return fills


def lookup_key(by: str, held: Mapping[str, Any], known: Addresses) -> tuple[str | None, str | None]:
    """What a provider is asked by for this lead, or None and why it is not asked.

    A trial is nobody. A free-mail or disposable domain is no company, and is never looked up as
    one.
    """
    if held.get("is_test"):
        return None, "trial"
    if by == LookupBy.DOMAIN:
        return _domain_key(held.get("web_domain"), known)
    key = held.get("phone_norm" if by == LookupBy.PHONE else "email_norm")
    if not key:
        return None, f"no_{by}"
    if by == LookupBy.EMAIL and known.disposable:
        return None, "disposable"
    return key, None


def _domain_key(web_domain: str | None, known: Addresses) -> tuple[str | None, str | None]:
    if web_domain:
        return (None, "free_mail") if known.web_domain_is_free_mail else (web_domain, None)
    if known.company_domain:
        return known.company_domain, None
    if known.disposable:
        return None, "disposable"
    return None, "free_mail" if known.free_mail else "no_domain"


def decided(
    held: Mapping[str, Any],
    offered: Mapping[str, Any],
    fitting: Collection[str],
    policies: Mapping[str, str],
    default: str,
    origins: Mapping[str, ValueOrigin],
    *,
    blocks: Collection[Collection[str]] = (),
    overwrite: bool = False,
) -> Decision:
    """What becomes of each offered value; names are those of fields or `custom.<key>`.

    `fitting` names the blanks that can be filled on their own: not half of an address or a name.
    A value that somebody gave by hand is not refreshed unless that is asked for: the new one is
    proposed instead; so is one that stands in one of the `blocks` with such a value.
    """
    write, propose = {}, {}
    for name, value in offered.items():
        present = held.get(name)
        if value == present:
            continue
        policy = policies.get(name, default)
        blank = present in (None, "", [])
        if policy == WritePolicy.PROPOSE:
            propose[name] = value
        elif blank:
            if name in fitting or (policy == WritePolicy.REFRESH and overwrite):
                write[name] = value
        elif policy == WritePolicy.REFRESH:
            by_hand = _is_by_hand(name, origins, blocks)
            (propose if by_hand and not overwrite else write)[name] = value
    return Decision(write=write, propose=propose)


def _is_by_hand(
    name: str, origins: Mapping[str, ValueOrigin], blocks: Collection[Collection[str]]
) -> bool:
    """Whether somebody gave this value, or one that it belongs to: an amount its currency."""
    together = next((block for block in blocks if name in block), (name,))
    return any(part in origins and origins[part].by_hand for part in together)


def rest_after(failures: int) -> timedelta | None:
    """How long a provider is left alone after so many failures in a row; None: not at all."""
    if failures < FAILURES_UNTIL_OPEN:
        return None
    doublings: int = 2 ** min(failures - FAILURES_UNTIL_OPEN, 10)
    return min(_LONGEST_REST, _FIRST_REST * doublings)


def check_provider(provider: EnrichmentProvider) -> None:
    """Raise Invalid, naming every place that is wrong."""
    problems: list[FieldError] = []

    def wrong(pointer: str, detail: str) -> None:
        problems.append(FieldError(pointer=pointer, detail=detail))

    mark = provider.placeholder
    authority, _, rest = provider.url.partition("://")[2].partition("/")
    if "{" in authority or not provider.url.startswith(("https://", "http://")) or not authority:
        wrong("/url", "must be an http(s) URL, its host without placeholders")
    texts = [rest, *_texts_in(provider.body)]
    if not any(mark in text for text in texts):
        wrong("/url", f"must hold {mark}, here or in the body")
    if provider.body is not None and provider.method != "POST":
        wrong("/body", "goes together with the method POST")
    needs_secret = any(SECRET_PLACEHOLDER in t for t in (*texts, *provider.headers.values()))
    if needs_secret and not provider.secret_set:
        wrong("/secret", f"{SECRET_PLACEHOLDER} stands in the request, so it is needed")
    if not needs_secret and provider.secret_set:
        wrong("/secret", f"goes where {SECRET_PLACEHOLDER} stands, which is nowhere")
    targets = {str(rule.get("to")) for rule in provider.mapping}
    for name in sorted(targets & NOT_ENRICHED):
        wrong("/mapping", f"{name} is not for a provider to tell")
    for name in sorted(provider.policies.keys() - targets):
        wrong(f"/policies/{name.replace('~', '~0').replace('/', '~1')}", "the mapping has no such")
    if problems:
        raise Invalid("the provider's fields do not fit together", errors=problems)


def goes_elsewhere(one: str, other: str) -> bool:
    """Whether two URLs name different servers, or one of them in the open."""
    return one.lower().split("/", 3)[:3] != other.lower().split("/", 3)[:3]


def filled_in(template: str, values: Mapping[str, str], *, encoded: bool) -> str:
    """The template with its placeholders filled, percent-encoded in a URL.

    All at once: an address may look like a placeholder, and must not be filled in its turn.
    """
    marks = "|".join(re.escape(f"{{{name}}}") for name in values)

    def filling(mark: re.Match[str]) -> str:
        value = values[mark[0][1:-1]]
        return quote(value, safe="") if encoded else value

    return re.sub(marks, filling, template)


def _texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts_in(item)]
    return []
