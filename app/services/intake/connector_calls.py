"""What a vendor's call goes through: proven, its secrets covered, taken in lead by lead."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from app.adapters.vendors import Answer, Call, Part, Reply, Vendor
from app.adapters.vendors.registry import VENDORS
from app.domain.errors import Invalid, Unauthenticated, Unavailable
from app.domain.intake.connectors import Connector
from app.domain.intake.storable import storable
from app.domain.intake.submissions import Delivery, SubmissionKind
from app.platform import clock
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.services.intake.connector_secrets import secret_of, verify_token_of
from app.services.intake.reception import Accepted, Reception

log = structlog.get_logger("touchline.connectors")

LARGE = 128 * 1024
# A body is stored once for each lead in it. When that is more than this in all, each lead is
# stored with what belongs to it alone.
LARGEST_COPIES = 4 * 1024 * 1024
_LONGEST_TEXT = 4_000


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a call came from."""

    address: str | None = None
    suspicions: tuple[str, ...] = ()
    # Those that are kept: none that could hold a secret.
    headers: Mapping[str, str]
    idempotency_key: str | None = None


def reply_of(connector: Connector) -> Reply:
    """What senders get to see."""
    success = connector.reply
    return Reply(
        message=success.message or "Thank you.",
        redirect_url=success.redirect_url,
        allowed_hosts=frozenset(success.redirect_hosts),
    )


def greet(secrets: Secrets, connector: Connector, query: str) -> Answer:
    """The answer to a GET, by which a vendor makes sure of the URL."""
    vendor = VENDORS[connector.vendor]
    return vendor.greet(query, _secret_of(secrets, connector), verify_token_of(secrets, connector))


async def take_call(
    reception: Reception, secrets: Secrets, connector: Connector, call: Call, origin: Origin
) -> Answer:
    """Store every lead of a call, and answer as the vendor expects.

    Unauthenticated when the sender is not proven: then nothing is stored. Unavailable when not
    all leads could be stored: the vendor sends the call again, and those that are safe are known
    by their ids.
    """
    vendor = VENDORS[connector.vendor]
    if len(call.raw) > LARGE:
        # To look through megabytes must not keep everybody else waiting.
        call, parts = await asyncio.to_thread(_examined, vendor, secrets, connector, call)
    else:
        call, parts = _examined(vendor, secrets, connector, call)
    deliveries = [
        _delivery(reception, connector, call, origin, number, part, len(parts))
        for number, part in enumerate(parts)
    ]
    accepted = await asyncio.gather(*(_accept(reception, one) for one in deliveries))
    return vendor.answer(call, reply_of(connector), [str(each.receipt_id) for each in accepted])


def _examined(
    vendor: Vendor, secrets: Secrets, connector: Connector, call: Call
) -> tuple[Call, list[Part]]:
    """The call as it may be stored, and its parts, once it is proven."""
    _prove(vendor, secrets, connector, call)
    raw = vendor.redact(call.raw, call.content_type)
    kept = replace(
        call,
        raw=call.raw if raw is None else raw,
        query=vendor.redact_query(call.query),
    )
    return kept, vendor.parts(kept)


def _prove(vendor: Vendor, secrets: Secrets, connector: Connector, call: Call) -> None:
    if not connector.verify_signature:
        return
    reason = vendor.verify(call, _secret_of(secrets, connector), clock.now())
    if reason is not None:
        log.warning(
            "a call was not proven to be the vendor's",
            vendor=connector.vendor,
            connector_id=str(connector.id),
            reason=reason,
        )
        raise Unauthenticated(reason)


def _secret_of(secrets: Secrets, connector: Connector) -> bytes | None:
    try:
        return secret_of(secrets, connector)
    except Invalid as error:
        raise Unavailable("the connector's secret cannot be read; set it again") from error


def _delivery(
    reception: Reception,
    connector: Connector,
    call: Call,
    origin: Origin,
    number: int,
    part: Part,
    count: int,
) -> Delivery:
    alone = part.content is not None and count * len(call.raw) > LARGEST_COPIES
    raw = part.content if alone and part.content is not None else call.raw
    key = _key(connector, origin, number, part)
    is_mail = connector.vendor == SubmissionKind.EMAIL.value
    return Delivery(
        workspace_id=connector.workspace_id,
        id=new_id() if key is None else reception.receipt_for(connector.workspace_id, key),
        kind=SubmissionKind.EMAIL if is_mail else SubmissionKind.CONNECTOR,
        received_at=clock.now(),
        raw=raw,
        body_hash=hashlib.sha256(raw if part.content is None else part.content).digest(),
        content_type=_kept(call.content_type),
        query=_kept(call.query),
        headers={name: _kept(value) for name, value in origin.headers.items()},
        address=origin.address,
        connector_id=connector.id,
        part=0 if alone else number,
        is_test=part.is_test,
        suspicions=list(origin.suspicions),
    )


def _key(connector: Connector, origin: Origin, number: int, part: Part) -> bytes | None:
    """What is the same when the same lead is sent again; None when nothing is."""
    if part.vendor_id is not None:
        return b"connector:" + connector.id.bytes + b":" + part.vendor_id.encode()
    if origin.idempotency_key:
        said = f"{origin.idempotency_key}/{number}"
        return b"connector-key:" + connector.id.bytes + b":" + said.encode()
    return None


async def _accept(reception: Reception, delivery: Delivery) -> Accepted:
    """Store it; another body under a known id is stored beside the first, once."""
    accepted = await reception.accept(delivery)
    if accepted.same_body:
        return accepted
    key = b"another body:" + delivery.id.bytes + delivery.body_hash
    other = reception.receipt_for(delivery.workspace_id, key)
    return await reception.accept(replace(delivery, id=other))


def _kept(text: str) -> str:
    return str(storable(text))[:_LONGEST_TEXT]
