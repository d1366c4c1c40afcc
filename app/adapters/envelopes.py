"""A delivery as bytes, for the spool and for quarantine.

The first byte is the version: a reader that does not know it leaves the record for one that does.
"""

import msgspec

from app.domain.intake.submissions import Delivery

VERSION = b"\x01"

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Delivery)


def encode(delivery: Delivery) -> bytes:
    """The delivery, whole."""
    return VERSION + _encoder.encode(delivery)


def decode(record: bytes) -> Delivery:
    """What was encoded; ValueError for anything else, a newer version included."""
    if record[:1] != VERSION:
        raise ValueError(f"a record of version {record[:1].hex()} is not known here")
    try:
        return _decoder.decode(record[1:])
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a delivery: {error}") from error


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
