"""Results as files, and which of them stand for the items of another plan."""
