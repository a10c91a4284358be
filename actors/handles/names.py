"""What the processes of a fleet are called, beside its agents."""

STORE, MONITOR, GOVERNOR, PAGE = "store", "monitor", "governor", "page"

DRIVER = "driver-"
"""What the names of drivers begin with."""


def model_actor(model: str) -> str:
    """The name of the process of a shared model."""
    return f"model-{model}"
