"""A run, its items and the fleet as a person sees them: pure folds over the journal."""
