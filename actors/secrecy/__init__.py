"""Keys: where they are found, and how they stay out of everything that is told."""
