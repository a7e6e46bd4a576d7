"""The pictures of docs/, taken from a demo of its own: `python -m tools.pictures`, or `make pictures`."""
