"""Mails: plain text, sent outside of requests."""
