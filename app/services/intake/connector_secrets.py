"""What a connector keeps sealed: the vendor's secret, and the token for asking the vendor."""

from dataclasses import replace

from app.domain.errors import Invalid
from app.domain.intake.connectors import TOKEN_PURPOSE, Connector
from app.domain.intake.tokens import make_token
from app.platform.secrets import Secrets

_SECRET = "connector secret"  # noqa: S105 - a purpose
_ACCESS_TOKEN = "connector access token"  # noqa: S105 - a purpose
_VERIFY_TOKEN = "connector verify token"  # noqa: S105 - a purpose
_VERIFY_TOKEN_DIGITS = 32


def with_secret(secrets: Secrets, connector: Connector, secret: str | None) -> Connector:
    """The connector with another secret, or none."""
    return replace(connector, secret_sealed=_sealed(secrets, _SECRET, connector, secret))


def with_access_token(secrets: Secrets, connector: Connector, token: str | None) -> Connector:
    """The connector with another access token, or none."""
    return replace(connector, access_token_sealed=_sealed(secrets, _ACCESS_TOKEN, connector, token))


def secret_of(secrets: Secrets, connector: Connector) -> bytes | None:
    """The vendor's secret; Invalid when it was sealed with another secret of the installation."""
    return _unsealed(secrets, _SECRET, connector, connector.secret_sealed)


def access_token_of(secrets: Secrets, connector: Connector) -> str | None:
    """The token for asking the vendor."""
    found = _unsealed(secrets, _ACCESS_TOKEN, connector, connector.access_token_sealed)
    return None if found is None else found.decode()


def verify_token_of(secrets: Secrets, connector: Connector) -> str:
    """The word by which a vendor knows that a URL is ours: the same each time, and stored
    nowhere."""
    return secrets.sign(_VERIFY_TOKEN, _bound_to(connector)).hex()[:_VERIFY_TOKEN_DIGITS]


def hook_token_of(secrets: Secrets, connector: Connector) -> str:
    """What stands for the connector in its URL."""
    return make_token(secrets, connector.workspace_id, connector.id, TOKEN_PURPOSE)


def _sealed(
    secrets: Secrets, purpose: str, connector: Connector, plain: str | None
) -> bytes | None:
    return secrets.seal(purpose, plain.encode(), _bound_to(connector)) if plain else None


def _unsealed(
    secrets: Secrets, purpose: str, connector: Connector, sealed: bytes | None
) -> bytes | None:
    if sealed is None:
        return None
    try:
        return secrets.unseal(purpose, sealed, _bound_to(connector))
    except ValueError as error:
        detail = "it was sealed with another TOUCHLINE_SECRET; give it again"
        raise Invalid.field("/secret", detail, code="unreadable_secret") from error


def _bound_to(connector: Connector) -> bytes:
    return connector.workspace_id.bytes + connector.id.bytes
