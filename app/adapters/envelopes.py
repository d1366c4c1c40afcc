"""A delivery as bytes, for the spool and for quarantine.

The first byte is the version: a reader that does not know it leaves the record for one that does.
"""

import json

import msgspec

from app.domain.intake.submissions import Delivery

VERSION = b"\x01"
# For what MessagePack has no place for, such as half a surrogate pair or an enormous number.
ODD_VERSION = b"\x02"

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Delivery)


def encode(delivery: Delivery) -> bytes:
    """The delivery, whole."""
    try:
        return VERSION + _encoder.encode(delivery)
    except (ValueError, OverflowError):
        return ODD_VERSION + json.dumps(msgspec.to_builtins(delivery)).encode()


def decode(record: bytes) -> Delivery:
    """What was encoded; ValueError for anything else, a newer version included."""
    try:
        if record[:1] == VERSION:
            return _decoder.decode(record[1:])
        if record[:1] == ODD_VERSION:
            return msgspec.convert(json.loads(record[1:]), Delivery)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"not a delivery: {error}") from error
    raise ValueError(f"a record of version {record[:1].hex()} is not known here")


def describe(record: bytes) -> dict[str, object]:
    """What a record says of itself, for people who look into a spool."""
    try:
        delivery = decode(record)
    except ValueError as error:
        return {"unreadable": str(error)}
    return {
        "workspace_id": str(delivery.workspace_id),
        "receipt_id": str(delivery.id),
        "kind": delivery.kind.value,
        "received_at": delivery.received_at.isoformat(),
        "content_type": delivery.content_type,
        "bytes": len(delivery.raw),
    }
