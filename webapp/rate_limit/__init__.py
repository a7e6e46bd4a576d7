"""Rate limits of any kind of request, counted in Redis or, while it is away, in the process."""
