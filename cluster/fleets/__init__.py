"""A fleet: Ray, the processes on it, how they come up, and what stands beside them."""
