"""A fleet: Ray and its nodes, the processes on them, how they come up, and what stands beside them."""
