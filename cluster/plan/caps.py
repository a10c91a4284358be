"""How large a plan may be. Checked before anything is started or written."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Caps:
    """Limits that keep one plan from using up the machine that reads it."""

    items: int = 10_000
    edges: int = 100_000
    """Dependencies of all items together."""
    plan_bytes: int = 4 * MIB
    input_bytes: int = 16 * MIB
    """Of one input file."""
    inputs_bytes: int = 64 * MIB
    """Of all inputs together; a file that several items read counts once."""
    workspace_files: int = 1000
    """Files and folders that the workspace begins with."""
    workspace_bytes: int = 16 * MIB
    """Of all these files together."""
    depth: int = 32
    """Lists and mappings inside each other."""
    nodes: int = 1_000_000
    """Keys and values, aliases written out."""
    text_chars: int = 8 * MIB
    """Of all keys and values, aliases written out."""
