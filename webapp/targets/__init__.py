"""Sales targets, working days and holidays, as managers set them."""
