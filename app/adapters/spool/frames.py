"""The bytes of a segment: a header, then frames, each sealed by itself.

    header  magic 8, format 2, length of the header 2, CRC-32 of these 4
            segment id 16, key id 8, made at (ms) 8, CRC-32 of the header before it 4
    frame   marker 4, CRC-32 of all that follows 4
            length 4, kind 1, sequence 4, written at (ms) 8, sealed payload

The first 16 bytes of the header stay as they are in every later format, so that an older program
can tell a newer segment from a damaged one. All numbers are big-endian.

Each segment has a random id and, derived from it, a key of its own. The nonce is the number of the
frame in its segment. A segment is written by one process through one open file, never added to
later, so that no nonce is used twice. Marker and checksum find the frames after a damaged place;
whether they are authentic is for AES-256-GCM to say, which is also given id, kind and sequence.
"""

import hmac
import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple
from zlib import crc32

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = 1
MAGIC = b"TLSPOOL\0"
MARKER = b"\xf7TLf"
KEY_BYTES = 32
TAG_BYTES = 16
LONGEST_RECORD = 64 * 1024 * 1024

_PREAMBLE = struct.Struct(">8sHHI")
_ABOUT = struct.Struct(">16s8sQI")
_FRONT = struct.Struct(">4sI")
_HEAD = struct.Struct(">IBIQ")
_RANGE = struct.Struct(">III")
_RANGES_IN_A_FRAME = 4096
_NONCE_BYTES = 12

HEADER_BYTES = _PREAMBLE.size + _ABOUT.size
FRONT_BYTES = _FRONT.size + _HEAD.size
FRAME_OVERHEAD = FRONT_BYTES + TAG_BYTES


class Kind(IntEnum):
    """What a frame holds."""

    RECORD = 1
    SETTLED = 2


class Settled(NamedTuple):
    """Records of one segment, from `start` to before `stop`, that Postgres has."""

    segment: int
    start: int
    stop: int


class Frame(NamedTuple):
    """A frame that was read and found authentic."""

    offset: int
    kind: int
    sequence: int
    written_ms: int
    payload: bytes

    @property
    def end(self) -> int:
        return self.offset + FRAME_OVERHEAD + len(self.payload)


class NewerFormat(Exception):
    """A later version of the program wrote this segment."""


class UnknownKey(Exception):
    """The segment was sealed with another key."""


class Cipher:
    """Seals and opens the frames of one segment."""

    def __init__(self, key: bytes, segment_id: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key of a spool has {KEY_BYTES} bytes")
        self._id = segment_id
        self._aead = AESGCM(hmac.digest(key, b"touchline spool segment\0" + segment_id, "sha256"))

    def seal(
        self, payloads: Iterable[bytes], *, kind: int, sequence: int, written_ms: int
    ) -> list[bytes]:
        """The pieces of as many frames, numbered from `sequence`; three pieces for each."""
        pieces: list[bytes] = []
        # This runs for every submission: what the loop needs is at hand.
        encrypt, pack, number, front = self._aead.encrypt, _HEAD.pack, int(kind), _FRONT.pack
        for payload in payloads:
            head = pack(len(payload) + TAG_BYTES, number, sequence, written_ms)
            sealed = encrypt(sequence.to_bytes(_NONCE_BYTES), payload, self._id + head)
            pieces += (front(MARKER, crc32(sealed, crc32(head))), head, sealed)
            sequence += 1
        return pieces

    def unseal(self, head: bytes, sequence: int, sealed: bytes) -> bytes | None:
        """The payload; None when it is not what was sealed here."""
        try:
            return self._aead.decrypt(sequence.to_bytes(_NONCE_BYTES), sealed, self._id + head)
        except InvalidTag:
            return None


class Front(NamedTuple):
    """What stands before a sealed payload."""

    checksum: int
    head: bytes
    length: int
    kind: int
    sequence: int
    written_ms: int


def read_front(data: bytes) -> Front | None:
    """The beginning of a frame; None when no frame can begin so."""
    if len(data) < FRONT_BYTES or data[:4] != MARKER:
        return None
    checksum = int.from_bytes(data[4 : _FRONT.size])
    head = data[_FRONT.size : FRONT_BYTES]
    front = Front(checksum, head, *_HEAD.unpack(head))
    sound = TAG_BYTES <= front.length <= LONGEST_RECORD + TAG_BYTES
    return front if sound else None


def open_frame(cipher: Cipher, offset: int, front: Front, sealed: bytes) -> Frame | None:
    """The frame, when the checksum and the seal say that it is whole."""
    if len(sealed) != front.length or crc32(sealed, crc32(front.head)) != front.checksum:
        return None
    payload = cipher.unseal(front.head, front.sequence, sealed)
    if payload is None:
        return None
    return Frame(offset, front.kind, front.sequence, front.written_ms, payload)


def write_header(key: bytes, segment_id: bytes, made_ms: int) -> bytes:
    """The header of a new segment."""
    lead = struct.pack(">8sHH", MAGIC, FORMAT, HEADER_BYTES)
    about = struct.pack(">16s8sQ", segment_id, _key_id(key), made_ms)
    header = lead + crc32(lead).to_bytes(4) + about
    return header + crc32(header).to_bytes(4)


def check_header(data: bytes, key: bytes, segment_id: bytes) -> bool:
    """Whether the header is whole and of this segment.

    With False the frames are tried nevertheless, for the name of the file has the id too.
    Raises NewerFormat and UnknownKey where there is nothing to try.
    """
    if len(data) < _PREAMBLE.size:
        return False
    magic, version, _, checksum = _PREAMBLE.unpack_from(data)
    if magic != MAGIC or checksum != crc32(data[:12]):
        return False
    if version > FORMAT:
        raise NewerFormat
    if len(data) < HEADER_BYTES:
        return False
    found_id, key_id, _, checksum = _ABOUT.unpack_from(data, _PREAMBLE.size)
    if checksum != crc32(data[: HEADER_BYTES - 4]) or found_id != segment_id:
        return False
    if key_id != _key_id(key):
        raise UnknownKey
    return True


def write_settled(ranges: Sequence[Settled]) -> list[bytes]:
    """Payloads of SETTLED frames, none of them long."""
    return [
        b"".join(_RANGE.pack(*settled) for settled in ranges[at : at + _RANGES_IN_A_FRAME])
        for at in range(0, len(ranges), _RANGES_IN_A_FRAME)
    ]


def read_settled(payload: bytes) -> Iterator[Settled]:
    """The ranges of a SETTLED frame."""
    for at in range(0, len(payload) - _RANGE.size + 1, _RANGE.size):
        yield Settled(*_RANGE.unpack_from(payload, at))


def _key_id(key: bytes) -> bytes:
    return hmac.digest(key, b"touchline spool key id", "sha256")[:8]
