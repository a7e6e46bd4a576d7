"""Per user and kind the channels of a notification, muted kinds, and quiet hours."""

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade():
    _run("0018_notification_preferences.sql")


def downgrade():
    _run("0018_notification_preferences_down.sql")


def _run(name):
    """Send a file of SQL unchanged, because psycopg would read % and SQLAlchemy :name in it as parameters."""
    op.get_bind().connection.driver_connection.execute((SQL / name).read_text())
