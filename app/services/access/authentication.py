"""From the key in a request to the caller it stands for."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from uuid import UUID

from app.domain.access.api_keys import ApiKey, Caller, KeyKind, ParsedKey, Scope, parse_key
from app.domain.access.users import Role
from app.domain.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from app.platform import clock
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.repositories.access.api_keys import resolve_key
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.revocations import Revocations

# How long a process may go on trusting what it read; a revoked key is refused everywhere
# after this many seconds, and at once by the process that revoked it.
TRUST_SECONDS = 5.0
# How long the intake waits for the database to tell whether a secret key is good.
INTAKE_SECONDS = 0.75
SILENT_SECONDS = 1.0
MOST_WAITING = 3
_MOST_REMEMBERED = 10_000
_AT_THE_INTAKE = (Scope.INTAKE_WRITE,)
_MAY_SEND = frozenset({Scope.INTAKE_WRITE.value})


@dataclass(frozen=True)
class _Remembered:
    key: ApiKey | None
    until: float


class Authenticator:
    """Resolves keys and acting users, remembers them for seconds, gathers when keys were used."""

    def __init__(
        self,
        database: Database,
        auth_database: Database,
        secrets: Secrets,
        revocations: Revocations,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self._database = database
        self._auth_database = auth_database
        self._secrets = secrets
        self._revocations = revocations
        self._elapsed = elapsed
        self._keys: dict[str, _Remembered] = {}
        self._silent_until = 0.0
        self._waiting = 0
        self._actors: dict[tuple[UUID, UUID], tuple[str, float]] = {}
        self._used: dict[UUID, set[UUID]] = {}
        # Final and few, so kept: dropping the key from `_keys` would lose against a look-up that
        # is under way.
        self._revoked: set[UUID] = set()

    async def authenticate(
        self, token: str | None, scopes: Sequence[Scope], actor: str | None
    ) -> Caller:
        """The caller behind a token that has all scopes; Unauthenticated or Forbidden otherwise.

        A malformed key, and a publishable key outside the intake, cost no database connection.
        """
        parsed = parse_key(token) if token else None
        if token is None or parsed is None:
            raise Unauthenticated("send an API key as `Authorization: Bearer <key>`")
        if parsed.kind is KeyKind.PUBLISHABLE:
            if tuple(scopes) != _AT_THE_INTAKE:
                raise Forbidden("a publishable key can only send to the intake")
            return self._of_a_web_page(parsed)
        key = await self._key(token, parsed, patient=tuple(scopes) != _AT_THE_INTAKE)
        if key is None or key.id in self._revoked or not key.usable(clock.now()):
            raise Unauthenticated("this API key is unknown, revoked or expired")
        for scope in scopes:
            if scope not in key.scopes:
                raise Forbidden(
                    f"this API key lacks the scope {scope}", extra={"scope": scope.value}
                )
        self._used.setdefault(key.workspace_id, set()).add(key.id)
        caller = Caller(
            workspace_id=key.workspace_id, api_key_id=key.id, scopes=frozenset(key.scopes)
        )
        return caller if actor is None else await self._acting(caller, actor, scopes)

    def _of_a_web_page(self, parsed: ParsedKey) -> Caller:
        """A publishable key is checked without the database, which may be down."""
        key_id = parsed.is_signed_by(self._secrets)
        if key_id is None or self._revocations.ended(key_id):
            raise Unauthenticated("this API key is unknown, revoked or expired")
        self._used.setdefault(parsed.workspace_id, set()).add(key_id)
        return Caller(workspace_id=parsed.workspace_id, api_key_id=key_id, scopes=_MAY_SEND)

    async def _key(self, token: str, parsed: ParsedKey, *, patient: bool) -> ApiKey | None:
        """The key as it is now, or was seconds ago. At the intake, which must go on while the
        database is silent, also as it was when that was last heard of."""
        remembered = self._keys.get(token)
        if remembered is not None and remembered.until >= self._elapsed():
            return remembered.key
        if patient:
            key = await resolve_key(self._auth_database, parsed)
        else:
            try:
                key = await self._in_time(parsed)
            except (Unavailable, TimeoutError) as error:
                if remembered is None:
                    raise Unavailable("this key cannot be checked just now") from error
                key = remembered.key
        self._remember(token, key)
        return key

    async def _in_time(self, parsed: ParsedKey) -> ApiKey | None:
        # Shortly after one has waited in vain, not everybody does.
        if self._silent_until > self._elapsed() and self._waiting >= MOST_WAITING:
            raise Unavailable("the database did not answer just now")
        self._waiting += 1
        try:
            async with asyncio.timeout(INTAKE_SECONDS):
                return await resolve_key(self._auth_database, parsed)
        except (Unavailable, TimeoutError):
            self._silent_until = self._elapsed() + SILENT_SECONDS
            raise
        finally:
            self._waiting -= 1

    def forget(self, key_id: UUID) -> None:
        """Trust a key no longer, because it was just revoked here."""
        self._revoked.add(key_id)
        self._revocations.end(key_id)

    def forget_actor(self, user_id: UUID) -> None:
        """Read a user anew before the next request in their name, because they just changed."""
        self._actors = {
            found: known for found, known in self._actors.items() if found[1] != user_id
        }

    def take_used(self) -> dict[UUID, set[UUID]]:
        """The keys used since the last call, by workspace."""
        used, self._used = self._used, {}
        return used

    def put_back(self, used: Mapping[UUID, set[UUID]]) -> None:
        """Keep what was taken and could not be stored, for the next time."""
        for workspace_id, keys in used.items():
            self._used.setdefault(workspace_id, set()).update(keys)

    def _remember(self, token: str, key: ApiKey | None) -> None:
        if len(self._keys) >= _MOST_REMEMBERED:
            self._keys.clear()
        self._keys[token] = _Remembered(key, self._elapsed() + TRUST_SECONDS)

    async def _acting(self, caller: Caller, actor: str, scopes: Sequence[Scope]) -> Caller:
        if Scope.ACT_AS not in caller.scopes:
            raise Forbidden("this API key lacks the scope act_as, so it cannot name an actor")
        user_id = _user_id(actor)
        found = (caller.workspace_id, user_id)
        role, until = self._actors.get(found, ("", 0.0))
        if until < self._elapsed():
            async with UnitOfWork(self._database, caller) as uow:
                try:
                    user = await uow.users.get(user_id)
                except NotFound:
                    user = None
            if user is None or not user.active:
                raise _no_such_actor()
            if len(self._actors) >= _MOST_REMEMBERED:
                self._actors.clear()
            role = user.role
            self._actors[found] = (role, self._elapsed() + TRUST_SECONDS)
        if Scope.ADMIN in scopes and role != Role.ADMIN:
            raise Forbidden("only a user with the role admin may do this")
        return replace(caller, user_id=user_id)


def _user_id(actor: str) -> UUID:
    try:
        return UUID(actor)
    except ValueError:
        raise _no_such_actor() from None


def _no_such_actor() -> Invalid:
    return Invalid.parameter(
        "Touchline-Actor", "no active user of this workspace has this id", code="not_found"
    )
