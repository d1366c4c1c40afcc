"""Services that are asked about a person or a company, behind one Protocol."""

from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from app.adapters.http_client import HttpClient, OutboundFailed, UnexpectedStatus
from app.domain.intake.fitting import fit
from app.domain.intake.mapping import apply_mapping
from app.domain.leads.enrichment import SECRET_PLACEHOLDER, EnrichmentProvider, filled_in
from app.domain.reach.jobs import AttemptFailed

# "Nobody by that name here": an answer like any other, and remembered as one.
_NOTHING = frozenset({204, 404, 410})
# "Come again": it is still looking.
_ACCEPTED = 202
MOST_BYTES = 1024 * 1024
_CUSTOM = "custom."


class Asks(Protocol):
    """Somebody who can be asked."""

    async def look_up(
        self, provider: EnrichmentProvider, key: str, secret: str | None
    ) -> dict[str, Any] | None:
        """Fields of a lead by name, `custom.<key>` too; None when nothing is known.

        AttemptFailed when there is no answer.
        """
        ...


class JsonOverHttp:
    """Asks a provider whose request and mapping are data."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def look_up(
        self, provider: EnrichmentProvider, key: str, secret: str | None
    ) -> dict[str, Any] | None:
        told = provider.headers
        values = {provider.lookup_by: key, SECRET_PLACEHOLDER[1:-1]: secret or ""}
        headers = {"Accept": "application/json"}
        headers |= {n: _header(n, filled_in(v, values, encoded=False)) for n, v in told.items()}
        content = None
        if provider.body is not None:
            headers["Content-Type"] = "application/json"
            content = orjson.dumps(_filled(provider.body, values))
        url = filled_in(provider.url, values, encoded=True)
        answer = await self._client.request(
            provider.method,
            url,
            headers=headers,
            content=content,
            most_bytes=MOST_BYTES,
            seconds=float(provider.timeout_seconds),
        )
        if answer.status in _NOTHING:
            return None
        if answer.status == _ACCEPTED or not 200 <= answer.status < 300:
            refused = UnexpectedStatus(provider.name, answer.status, answer.retry_after)
            raise refused
        return mapped(provider, answer.body)


def mapped(provider: EnrichmentProvider, body: bytes) -> dict[str, Any] | None:
    """What a lead can hold of an answer; None when that is nothing."""
    if not body.strip():
        return None
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise OutboundFailed(f"{provider.name} answered with something that is not JSON") from error
    values, _ = apply_mapping(provider.mapping, told)
    custom = {name: value for name, value in values.items() if name.startswith(_CUSTOM)}
    plain, _ = fit({name: value for name, value in values.items() if name not in custom})
    return {**plain, **custom} or None


def _header(name: str, value: str) -> str:
    if value.isascii() and value.isprintable():
        return value
    raise AttemptFailed(f"the header {name} cannot hold this key", final=True)


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return filled_in(value, values, encoded=False)
    if isinstance(value, dict):
        return {name: _filled(item, values) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return value
