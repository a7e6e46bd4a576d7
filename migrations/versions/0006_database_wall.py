"""The database as the first wall: rights, pinned names, length checks, who wrote an event."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    """Filled in below this line."""


def downgrade():
    """Filled in below this line."""
