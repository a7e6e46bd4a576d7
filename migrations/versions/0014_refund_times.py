"""Refunds that carry their own time: neither in the future nor before the payment."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade():
    _run("0014_refund_times")


def downgrade():
    for name in ("0009_functions", "0009_rights", "0014_refund_times_down"):
        _run(name)


def _run(name):
    """Send a file of SQL unchanged, because psycopg would read % and SQLAlchemy :name in it as parameters."""
    op.get_bind().connection.driver_connection.execute((SQL / f"{name}.sql").read_text())
