"""Panels: one render of each for all viewers."""
