"""Settings, read once from the environment (prefix TOUCHLINE_) when a process starts."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator can set; `touchline doctor` prints what is in force."""

    model_config = SettingsConfigDict(env_prefix="TOUCHLINE_", extra="ignore")

    database_url: SecretStr | None = Field(
        default=None,
        description="Postgres 15 to 18 as the role touchline_app. Unset: the embedded Postgres.",
    )
    database_owner_url: SecretStr | None = Field(
        default=None, description="Owner of the schema; only `touchline migrate` and `seed` use it."
    )
    database_auth_url: SecretStr | None = Field(
        default=None, description="As touchline_auth; by default derived from database_url."
    )
    database_pool_size: int = Field(default=10, ge=1, le=200)
    database_pooler: Literal["none", "pgbouncer"] = "none"
    statement_timeout_seconds: int = Field(default=15, ge=1, le=600)
    data_dir: Path = Path(".touchline")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    secret: SecretStr | None = Field(
        default=None,
        description="32 characters or more, the same for every process: signs public keys and "
        "receipts, seals what is at rest. Unset: the embedded database's folder keeps one.",
    )
    spool_dir: Path | None = Field(
        default=None,
        description="Where the intake keeps submissions while Postgres does not answer; by "
        "default `spool` in data_dir.",
    )
    spool_max_bytes: int = Field(default=2 * 1024**3, ge=16 * 1024**2)
    spool_allow_ephemeral: bool = Field(
        default=False, description="Trust a disk that goes with its container (overlay, tmpfs)."
    )
    max_submission_bytes: int = Field(default=256 * 1024, ge=1024)
    max_body_bytes: int = Field(default=5 * 1024 * 1024, ge=1024)
    max_import_bytes: int = Field(
        default=1024**3, ge=1024, description="How large a file of rows may be, as it is sent."
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Networks whose X-Forwarded-For is believed, with commas between."
    )
    intake_rate_per_key: int = Field(
        default=12_000, ge=0, description="Submissions a minute with one public key; 0: no limit."
    )
    intake_rate_per_key_soft: int = Field(
        default=6_000, ge=0, description="Above it they are taken and marked `rate`; 0: never."
    )
    intake_rate_per_address: int = Field(
        default=600, ge=0, description="The same for one address; 0: no limit."
    )
    intake_rate_per_address_soft: int = Field(default=60, ge=0)
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        description="Where people reach the service, for links in mails; by default host and port.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="The mail server: smtp[s]://user:password@host:port?starttls=always|auto|never.",
    )
    mail_from: str | None = Field(default=None, description="Whom mails are from.")
    egress_allow_private: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Networks, addresses and host names that may be called although they are not "
        "on the internet, with commas between.",
    )
    geoip_path: Path | None = Field(
        default=None,
        description="A .mmdb file that tells the country of an IP address; none is bundled.",
    )
    job_concurrency: int = Field(default=8, ge=1, le=100)
    worker_in_serve: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @field_validator("trusted_proxies", "egress_allow_private", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @property
    def embedded(self) -> bool:
        """True when no database was named, so the embedded Postgres is used."""
        return self.database_url is None

    @property
    def app_url(self) -> str:
        """The URL the service reads and writes with."""
        if self.database_url is None:
            raise ValueError("TOUCHLINE_DATABASE_URL is not set")
        return _plain(self.database_url.get_secret_value())

    @property
    def auth_url(self) -> str:
        """The URL that resolves API keys, as a role that can do nothing else."""
        if self.database_auth_url is not None:
            return _plain(self.database_auth_url.get_secret_value())
        return with_user(self.app_url, "touchline_auth")

    @property
    def intake_url(self) -> str:
        """The URL that takes submissions in, as a role that can do nothing else."""
        return with_user(self.app_url, "touchline_intake")

    @property
    def spool_root(self) -> Path:
        """The folder that holds one spool for each process."""
        return self.spool_dir or self.data_dir / "spool"

    @property
    def base_url(self) -> str:
        """What the addresses begin with that are given to people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def owner_url(self) -> str:
        """The URL that owns the schema."""
        if self.database_owner_url is None:
            raise ValueError("TOUCHLINE_DATABASE_OWNER_URL is not set")
        return _plain(self.database_owner_url.get_secret_value())


def with_user(url: str, user: str) -> str:
    """The same database URL for another user, with the same password."""
    parts = urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    password = f":{parts.password}" if parts.password else ""
    return urlunsplit(parts._replace(netloc=f"{user}{password}{at or '@'}{host}"))


def with_database(url: str, name: str) -> str:
    """The same database URL for another database of the server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _plain(url: str) -> str:
    # asyncpg wants a bare scheme; people paste SQLAlchemy's spelling as well.
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)
