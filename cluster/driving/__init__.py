"""The driver of a run: what it does with the run's state, its lines to the agents, and who drives."""
