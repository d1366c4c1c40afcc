"""Runs migrations as the schema's owner, one transaction each, with short locks."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.repositories.tables import (  # noqa: F401 - registers the tables
    access,
    intake,
    intake_confirmations,
    intake_connectors,
    leads,
    metadata,
    reach,
    record,
    ripeness,
    sales,
)

# Two processes that start together must not both migrate.
MIGRATION_LOCK = 7_203_114_881


def run(connection: Connection) -> None:
    """Run what is due on this connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_online() -> None:
    """Connect as the owner; plain Postgres ignores the settings meant for Citus."""
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise RuntimeError("migrations need the owner's URL")
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        poolclass=pool.NullPool,
        connect_args={
            "server_settings": {
                "lock_timeout": "5s",
                "statement_timeout": "10min",
                "citus.enable_local_reference_table_foreign_keys": "off",
                "citus.multi_shard_modify_mode": "sequential",
            }
        },
    )
    try:
        async with engine.connect() as lock_holder:
            await lock_holder.execution_options(isolation_level="AUTOCOMMIT")
            await lock_holder.execute(text("SET lock_timeout = 0"))
            await lock_holder.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
            async with engine.connect() as connection:
                await connection.run_sync(run)
    finally:
        await engine.dispose()


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(
        dialect_name="postgresql", target_metadata=metadata, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    given = context.config.attributes.get("connection")
    if given is None:
        asyncio.run(run_online())
    else:
        run(given)
