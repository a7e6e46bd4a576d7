"""Panels: one render of each, shared by all viewers."""
