"""Tenants, users, orders, their events and inboxes, readers and rollups; the triggers that write the events."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"
STATUS = """CASE
    WHEN cancelled_at IS NOT NULL THEN 'cancelled'
    WHEN refunded_minor > 0 AND refunded_minor >= total_minor THEN 'refunded'
    WHEN shipped_at IS NOT NULL THEN 'shipped'
    WHEN paid_at IS NOT NULL THEN 'paid'
    ELSE 'placed'
END"""
TABLES = (
    "order_lines",
    "notifications",
    "orders",
    "users",
    "rollups_hourly",
    "rollups_daily",
    "tenants",
    "readers",
    "order_events",
)


class Xid8(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **_kw):
        return "xid8"


class PgSnapshot(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **_kw):
        return "pg_snapshot"


def upgrade():
    op.create_table(
        "order_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("old_values", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("new_values", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "recorded_at", name=op.f("pk_order_events")),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    op.create_index("ix_order_events_order", "order_events", ["tenant_id", "order_id", sa.text("id DESC")])
    op.create_index(
        "ix_order_events_refunds",
        "order_events",
        ["tenant_id", "occurred_at"],
        postgresql_where=sa.text("type = 'refunded'"),
    )
    op.create_index("ix_order_events_xid", "order_events", ["xid"])

    op.create_table(
        "readers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("snapshot", PgSnapshot(), nullable=False),
        sa.Column("system_identifier", sa.Numeric(precision=20, scale=0), nullable=False),
        sa.Column("timeline", sa.Integer(), nullable=False),
        sa.Column("drained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redis_run_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_readers")),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("next_number", sa.BigInteger(), server_default=sa.text("1001"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_tenants_currency")),
        sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]*$'", name=op.f("ck_tenants_slug")),
        sa.CheckConstraint(
            "(timestamp '2000-01-01' AT TIME ZONE timezone) IS NOT NULL", name=op.f("ck_tenants_timezone")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_tenants_id_currency")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenants_slug")),
    )
    op.create_table(
        "rollups_daily",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("paid_orders", sa.BigInteger(), nullable=False),
        sa.Column("revenue_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_rollups_daily_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "day", "owner_id", name=op.f("pk_rollups_daily")),
    )
    op.create_table(
        "rollups_hourly",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", postgresql.TIMESTAMP(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("paid_orders", sa.BigInteger(), nullable=False),
        sa.Column("revenue_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_rollups_hourly_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "hour", "owner_id", name=op.f("pk_rollups_hourly")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default=sa.text("'sales'"), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('manager', 'sales')", name=op.f("ck_users_role")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_users_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_users_tenant_id_id")),
    )
    op.create_index("uq_users_email_lower", "users", [sa.text("lower(email)")], unique=True)

    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), server_default=sa.text("'sql'"), nullable=False),
        sa.Column("status", sa.Text(), sa.Computed(STATUS, persisted=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("number <> '' AND length(number) <= 64", name=op.f("ck_orders_number")),
        sa.CheckConstraint("refunded_minor = 0 OR paid_at IS NOT NULL", name=op.f("ck_orders_refund_of_paid")),
        sa.CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name=op.f("ck_orders_refund_within_total")),
        sa.CheckConstraint("total_minor BETWEEN 0 AND 1000000000000000", name=op.f("ck_orders_total")),
        *(
            sa.CheckConstraint(f"{at} BETWEEN '1900-01-01' AND '9000-01-01'", name=op.f(f"ck_orders_{at}"))
            for at in ("placed_at", "paid_at", "shipped_at", "cancelled_at")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "currency"],
            ["tenants.id", "tenants.currency"],
            name=op.f("fk_orders_tenant_id_currency"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"], ["users.tenant_id", "users.id"], name=op.f("fk_orders_tenant_id_owner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_orders_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_orders_tenant_id_number")),
    )
    op.create_index("ix_orders_owner", "orders", ["tenant_id", "owner_id"])
    op.create_index(
        "ix_orders_paid", "orders", ["tenant_id", "paid_at"], postgresql_where=sa.text("paid_at IS NOT NULL")
    )
    op.create_index("ix_orders_recent", "orders", ["tenant_id", sa.text("placed_at DESC"), sa.text("id DESC")])

    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name=op.f("fk_notifications_tenant_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_notifications_tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("event_id", "user_id", name=op.f("uq_notifications_event_id_user_id")),
    )
    op.create_index("ix_notifications_inbox", "notifications", ["tenant_id", "user_id", sa.text("id DESC")])
    op.create_index("ix_notifications_order", "notifications", ["tenant_id", "order_id"])
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["tenant_id", "user_id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )

    op.create_table(
        "order_lines",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name=op.f("fk_order_lines_tenant_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", "position", name=op.f("pk_order_lines")),
    )
    _run("0001_order_events.sql")


def downgrade():
    _run("0001_order_events_down.sql")
    for table in TABLES:
        op.drop_table(table)


def _run(name):
    """Send a file of SQL unchanged, because psycopg would read % and SQLAlchemy :name in it as parameters."""
    op.get_bind().connection.driver_connection.execute((SQL / name).read_text())
