"""Web Push: notifications for users who have no page open."""
