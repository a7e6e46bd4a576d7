"""A user can be disabled, and sessions from before an instant do not count."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    """Filled in below this line."""


def downgrade():
    """Filled in below this line."""
