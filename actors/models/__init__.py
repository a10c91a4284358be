"""What answers: the model port and its adapters."""
