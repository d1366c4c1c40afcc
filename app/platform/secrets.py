"""Keys derived from the installation's one secret: for signing, and for sealing what is at rest."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SHORTEST = 32
_NONCE_BYTES = 12


class Secrets:
    """Signs and seals; each purpose has a key of its own, so that no two uses can be mixed up."""

    def __init__(self, secret: str) -> None:
        if len(secret) < SHORTEST:
            raise ValueError(f"the secret has fewer than {SHORTEST} characters")
        self._secret = secret.encode()
        self._keys: dict[str, bytes] = {}

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF-Expand of RFC 5869 with one block)."""
        key = self._keys.get(purpose)
        if key is None:
            info = f"touchline {purpose}".encode() + b"\x01"
            key = self._keys[purpose] = hmac.digest(self._secret, info, hashlib.sha256)
        return key

    def sign(self, purpose: str, *parts: bytes) -> bytes:
        """A MAC of 32 bytes over the parts, each with its length, so that no two lists look alike.

        Keyed BLAKE2b (RFC 7693): HMAC of OpenSSL 3 takes twenty times as long to begin with.
        """
        message = b"".join([len(part).to_bytes(4) + part for part in parts])
        return hashlib.blake2b(message, digest_size=32, key=self.key(purpose)).digest()

    def seal(self, purpose: str, plain: bytes, bound_to: bytes = b"") -> bytes:
        """AES-256-GCM; opens only for the same purpose and `bound_to`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.key(purpose)).encrypt(nonce, plain, bound_to)

    def unseal(self, purpose: str, sealed: bytes, bound_to: bytes = b"") -> bytes:
        """What was sealed; ValueError when it was changed or sealed for something else."""
        try:
            return AESGCM(self.key(purpose)).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to
            )
        except InvalidTag:
            raise ValueError("this was not sealed here, or was changed since") from None
