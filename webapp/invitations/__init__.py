"""Invitations of new users by a link: made, sent, renewed, revoked and accepted."""
