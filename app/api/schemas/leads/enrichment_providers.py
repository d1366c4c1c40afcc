"""Providers of enrichment over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.fields import Body, Flag, Label, Read, Url, about, kept, optional
from app.api.schemas.intake.mapping import MappingRule, rules_of
from app.domain.leads.enrichment import LookupBy, WritePolicy

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
HeaderValue = Annotated[str, Field(max_length=2_000, pattern=r"^[\x20-\x7e]*$")]
Headers = Annotated[dict[HeaderName, HeaderValue], Field(max_length=20)]
Rules = Annotated[list[MappingRule], Field(min_length=1, max_length=100)]
Policies = Annotated[
    dict[Annotated[str, Field(max_length=100)], WritePolicy], Field(max_length=100)
]
Secret = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[\x21-\x7e]+$")]
Seconds = Annotated[int, Field(strict=True, ge=1, le=60)]
Budget = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
Days = Annotated[int, Field(strict=True, ge=0, le=3_650)]
Request = Annotated[dict[str, Any], Field(max_length=100)]

A_URL = "https://companies.example.com/v2/{domain}"
HEADERS = {"Authorization": "Bearer {secret}"}
A_BODY = {"domain": "{domain}"}
A_SECRET = "k3y-of-the-register"  # noqa: S105 - an example
MAPPING = [{"to": "industry", "from": "$.company.industry"}]
POLICIES = {"industry": "refresh"}

_URL = (
    "What is called. `{email}`, `{domain}` or `{phone}` stands for the key, `{secret}` for the "
    "secret; in the URL they are percent-encoded."
)
_POLICY = (
    "What becomes of its values: `fill` fills blanks, `refresh` replaces what nobody gave by hand, "
    "`propose` asks a person."
)
_BUDGET = "How often it may be asked in a calendar month (UTC); null for no limit."
_CACHE = "For how many days an answer is remembered."
_MISSES = "The same when it knew nothing."
_ON_CREATE = "Whether it is asked about every new lead, shortly after it came."


class EnrichmentProviderCreate(Body):
    """A service that is asked about a lead, its request and its answer told as data."""

    name: Label = about("What it is called.", "Company register")
    active: Flag = about("Whether it is asked.", example=True, default=True)
    on_create: Flag = about(_ON_CREATE, example=False, default=False)
    lookup_by: LookupBy = about("What it is asked by.", "domain")
    method: Literal["GET", "POST"] = about("How it is called.", "GET", default="GET")
    url: Url = about(_URL, A_URL)
    headers: Headers = about("Headers of the request.", {}, default_factory=dict)
    body: Request | None = optional("The JSON body of a POST, with the same placeholders.", A_BODY)
    secret: Secret | None = optional("What stands for `{secret}`; nobody is shown it.", A_SECRET)
    mapping: Rules = about("How fields of a lead are made of its answer.", MAPPING)
    policy: WritePolicy = about(_POLICY, "fill", default=WritePolicy.FILL)
    policies: Policies = about("The policy of single fields.", {}, default_factory=dict)
    timeout_seconds: Seconds = about("How long its answer is waited for.", 10, default=10)
    monthly_budget: Budget | None = optional(_BUDGET, 1_000)
    cache_days: Days = about(_CACHE, 90, default=90)
    miss_cache_days: Days = about(_MISSES, 14, default=14)

    def told(self) -> dict[str, Any]:
        """The domain's form."""
        return _plain(self.model_dump(), self.mapping)


class EnrichmentProviderUpdate(Body):
    """A JSON merge patch: absent fields stay; a null secret takes it away."""

    name: Label = kept("What it is called.", "Company register")
    active: Flag = kept("Whether it is asked.", example=True)
    on_create: Flag = kept(_ON_CREATE, example=True)
    lookup_by: LookupBy = kept("What it is asked by.", "domain")
    method: Literal["GET", "POST"] = kept("How it is called.", "GET")
    url: Url = kept(_URL, A_URL)
    headers: Headers = kept("All the headers.", {})
    body: Request | None = optional("The JSON body of a POST.", A_BODY)
    secret: Secret | None = optional("What stands for `{secret}`.", A_SECRET)
    mapping: Rules = kept("All the rules.", MAPPING)
    policy: WritePolicy = kept(_POLICY, "refresh")
    policies: Policies = kept("The policy of single fields.", POLICIES)
    timeout_seconds: Seconds = kept("How long its answer is waited for.", 10)
    monthly_budget: Budget | None = optional(_BUDGET, 1_000)
    cache_days: Days = kept(_CACHE, 90)
    miss_cache_days: Days = kept(_MISSES, 14)

    def told(self) -> dict[str, Any]:
        """The fields that were given, in the domain's form."""
        return _plain(self.model_dump(exclude_unset=True), self.mapping)


class EnrichmentProviderRead(Read):
    """A provider; of its secret only whether there is one."""

    id: UUID = about("Id, a UUIDv7.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    name: str = about("What it is called.", "Company register")
    active: bool = about("Whether it is asked.", example=True)
    on_create: bool = about(_ON_CREATE, example=False)
    lookup_by: LookupBy = about("What it is asked by.", "domain")
    method: str = about("How it is called.", "GET")
    url: str = about("What is called.", A_URL)
    headers: dict[str, str] = about("Headers of the request.", HEADERS)
    body: dict[str, Any] | None = about("The JSON body of a POST.", A_BODY)
    secret_set: bool = about("Whether there is a secret.", example=True)
    mapping: list[dict[str, Any]] = about("How fields are made of its answer.", MAPPING)
    policy: WritePolicy = about("What becomes of its values.", "fill")
    policies: dict[str, WritePolicy] = about("The policy of single fields.", POLICIES)
    timeout_seconds: int = about("How long its answer is waited for.", 10)
    monthly_budget: int | None = about("Questions a month.", 1_000)
    cache_days: int = about(_CACHE, 90)
    miss_cache_days: int = about(_MISSES, 14)
    archived_at: datetime | None = about("When it was archived.", "2026-03-02T09:30:00Z")
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)


class EnrichmentProviderQuery(BaseModel):
    """Filters."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    active: bool | None = optional("Those that are asked, or that are archived.", example=True)


def _plain(told: dict[str, Any], rules: list[MappingRule]) -> dict[str, Any]:
    """Enums as their text, and rules as the domain reads them."""
    for name in ("lookup_by", "policy"):
        if name in told:
            told[name] = told[name].value
    if "policies" in told:
        told["policies"] = {name: policy.value for name, policy in told["policies"].items()}
    return told | ({"mapping": rules_of(rules)} if "mapping" in told else {})
