"""Names in the field's terms for a table, a column and functions, with all data kept."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade():
    for name in ("names", "functions", "retention", "rights", "comments"):
        _run(f"0009_{name}.sql")


def downgrade():
    for name in ("0009_comments_down", "0009_names_down", "0006_functions", "0006_maintenance", "0006_rights"):
        _run(f"{name}.sql")


def _run(name):
    """Send a file of SQL unchanged, because psycopg would read % and SQLAlchemy :name in it as parameters."""
    op.get_bind().connection.driver_connection.execute((SQL / name).read_text())
