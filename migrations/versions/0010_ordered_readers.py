"""Readers of the outbox that read in the order of ids: the diff that they are reading is saved with their cursor."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade():
    _run("0010_ordered_readers.sql")


def downgrade():
    for name in ("0010_ordered_readers_down", "0009_retention", "0009_rights", "0009_comments"):
        _run(f"{name}.sql")


def _run(name):
    """Send a file of SQL unchanged, because psycopg would read % and SQLAlchemy :name in it as parameters."""
    op.get_bind().connection.driver_connection.execute((SQL / name).read_text())
