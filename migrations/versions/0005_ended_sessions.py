"""A table of ended sessions, so that a sign-out is valid in every process."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade():
    _run("0005_ended_sessions.sql")


def downgrade():
    _run("0005_ended_sessions_down.sql")


def _run(name):
    """Send a file of SQL unchanged, because psycopg would read % and SQLAlchemy :name in it as parameters."""
    op.get_bind().connection.driver_connection.execute((SQL / name).read_text())
