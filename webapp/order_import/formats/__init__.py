"""Formats of exports: one small module per shop or service, recognised by the header."""
