"""A riddle over the wire, in the spelling of ALTCHA's widget."""

from pydantic import BaseModel, Field


class Parameters(BaseModel):
    """What to solve: the `counter` behind `nonce` whose derived key starts with `keyPrefix`."""

    algorithm: str
    cost: int
    key_length: int = Field(alias="keyLength")
    key_prefix: str = Field(alias="keyPrefix")
    key_signature: str = Field(alias="keySignature")
    nonce: str
    salt: str
    expires_at: int = Field(alias="expiresAt")
    data: dict[str, str]


class Challenge(BaseModel):
    """The riddle and our signature, both of which come back with the answer."""

    parameters: Parameters
    signature: str = Field(description="Over the parameters.")
