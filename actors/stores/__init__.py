"""Where facts are kept: the store's port and its implementations."""
