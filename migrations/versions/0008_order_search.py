"""Indexes with which a search of orders is fast at ten million rows."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade():
    encoding = op.get_bind().exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise RuntimeError(
            f"The database is encoded in {encoding}; Doorbell needs UTF8 for names in any language. Create a database with"
            " ENCODING 'UTF8' TEMPLATE template0, and load a dump of this one into it."
        )
    _run("0008_order_search.sql")
    _run("0008_order_search_rights.sql")
    _run("0008_order_search_index.sql")


def downgrade():
    _run("0008_order_search_down.sql")


def _run(name):
    """Send a file of SQL unchanged, because psycopg would read % and SQLAlchemy :name in it as parameters."""
    op.get_bind().connection.driver_connection.execute((SQL / name).read_text())
