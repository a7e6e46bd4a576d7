"""Protection in the database: rights, a pinned search_path, length checks, and the role that wrote an event."""

from pathlib import Path

from alembic import op
from alembic.util import CommandError
from sqlalchemy import text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

# Table, column, characters, and the columns that identify a row. 0006_columns.sql has the checks.
LENGTHS = (
    ("orders", "customer", 500, "tenant_id, number"),
    ("orders", "source", 100, "tenant_id, number"),
    ("order_lines", "sku", 500, "tenant_id, order_id, position"),
    ("order_lines", "product", 500, "tenant_id, order_id, position"),
    ("users", "email", 320, "id"),
    ("users", "name", 500, "id"),
    ("users", "password_hash", 500, "id"),
    ("tenants", "name", 500, "id"),
    ("tenants", "timezone", 100, "id"),
    ("tenants", "locale", 100, "id"),
)
EXAMPLES = 5


def upgrade():
    too_long = [line for entry in LENGTHS if (line := _too_long(*entry))]
    if too_long:
        raise CommandError(
            "Some texts are longer than this version allows; nothing was changed, and nothing is cut off for you.\n"
            + "\n".join(too_long)
            + "\nThen migrate again: flask db upgrade."
        )
    for name in ("columns", "functions", "maintenance", "rights"):
        _run(f"0006_{name}.sql")


def downgrade():
    _run("0006_database_wall_down.sql")


def _too_long(table, column, chars, key):
    """Advice on the rows that the check would refuse; None without such rows."""
    statement = text(
        f"SELECT count(*) OVER (), ROW({key})::text FROM {table} WHERE length({column}) > {chars}"  # noqa: S608 - ours
        f" ORDER BY {key} LIMIT {EXAMPLES}"
    )
    rows = op.get_bind().execute(statement).all()
    if not rows:
        return None
    count, named = rows[0][0], ", ".join(row[1] for row in rows)
    more = ", …" if count > len(rows) else ""
    rows_are = f"{count} row{'' if count == 1 else 's'}, ({key}) = {named}{more}"
    shorten = f"UPDATE {table} SET {column} = left({column}, {chars}) WHERE length({column}) > {chars};"  # noqa: S608
    return f"{table}.{column} has at most {chars} characters; longer: {rows_are}. Shorten them, for example: {shorten}"


def _run(name):
    """Send a file of SQL unchanged, because psycopg would read % and SQLAlchemy :name in it as parameters."""
    op.get_bind().connection.driver_connection.execute((SQL / name).read_text())
