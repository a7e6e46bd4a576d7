"""Invitations of new users by a link."""
