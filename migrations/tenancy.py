"""What every new table gets: row-level security, grants, and its place when Citus is there."""

from alembic import op
from sqlalchemy import text

APP = "touchline_app"
POLICY = "workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid"


def tenant(table: str, *, may: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Shut the table to every workspace but the transaction's own, the owner included."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_workspace ON {table} USING ({POLICY}) WITH CHECK ({POLICY})")
    op.execute(f"GRANT {may} ON {table} TO {APP}")
    _distribute(f"SELECT create_distributed_table('{table}', 'workspace_id')")


def reference(table: str) -> None:
    """Copy the table to every node."""
    _distribute(f"SELECT create_reference_table('{table}')")


def local(table: str) -> None:
    """Leave the table on the coordinator, for the machinery that serves all workspaces."""
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APP}")


def _distribute(statement: str) -> None:
    if op.get_context().as_sql:
        return
    citus = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
    if op.get_bind().scalar(citus):
        op.execute(statement)
