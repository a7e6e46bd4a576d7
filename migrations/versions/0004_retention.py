"""Functions to drop old months of order_events, and a comment per index on the query that needs it."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade():
    _run("0004_retention.sql")
    _run("0004_index_comments.sql")


def downgrade():
    _run("0004_index_comments_down.sql")
    _run("0004_retention_down.sql")


def _run(name):
    """Send a file of SQL unchanged, because psycopg would read % and SQLAlchemy :name in it as parameters."""
    op.get_bind().connection.driver_connection.execute((SQL / name).read_text())
