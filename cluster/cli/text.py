"""Text for a terminal: nothing that a model, an item or an error says can move the cursor or change a colour."""

import io

from rich.cells import cell_len, set_cell_size
from rich.console import Console

from dashboards.plain import one_line, safe

__all__ = ["cut", "dollars", "fit", "forgive", "number", "one_line", "safe", "seconds"]


def fit(text: str, width: int) -> str:
    """The text in exactly this many terminal cells."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…" if width else ""


def cut(text: str, width: int) -> str:
    """The text in at most this many terminal cells."""
    return text if cell_len(text) <= width else fit(text, width)


def seconds(value: float) -> str:
    """As in 4.2 s, 2 min 05 s, 1 h 02 min."""
    if value < 59.95:
        return f"{max(value, 0):.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def number(value: int) -> str:
    """In at most five characters."""
    if value < 100_000:
        return str(value)
    return f"{value / 1000:.0f}k" if value < 9_999_500 else f"{value / 1_000_000:.0f}M"


def dollars(value: float | None) -> str:
    """As in $0.0042; says so when it is not known."""
    if value is None:
        return "cost unknown"
    if 0 < value < 0.0001:
        return "<$0.0001"
    return f"${value:.4f}" if 0 < value < 0.01 else f"${value:.2f}"


def forgive(console: Console) -> None:
    """From now on a stream that lacks a character gets a question mark for it."""
    if isinstance(console.file, io.TextIOWrapper):
        console.file.reconfigure(errors="replace")
