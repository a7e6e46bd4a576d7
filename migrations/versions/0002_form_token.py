"""A form places one order, however often it is sent: its token is unique per tenant."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("orders", sa.Column("form_token", sa.Uuid(), nullable=True))
    op.create_index(
        "uq_orders_form_token",
        "orders",
        ["tenant_id", "form_token"],
        unique=True,
        postgresql_where=sa.text("form_token IS NOT NULL"),
    )


def downgrade():
    op.drop_index("uq_orders_form_token", "orders")
    op.drop_column("orders", "form_token")
