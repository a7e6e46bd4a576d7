"""Indexes with which a search of orders is fast at ten million rows."""

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    """Filled in below this line."""


def downgrade():
    """Filled in below this line."""
