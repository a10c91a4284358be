"""Text for a terminal: nothing that a model, an item or an error says can move the cursor or change a colour."""

import io
import re

from rich.cells import cell_len, set_cell_size
from rich.console import Console

UNSAFE = re.compile(
    # Control characters but tab and newline; 0x9b alone begins a command too.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    # Invisible ones and those that turn the order of a line.
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    # Halves of surrogate pairs; no stream takes them.
    "\ud800-\udfff]"
)


def safe(text: str) -> str:
    """The text with every dangerous character spelt out, as in \\x1b. Lines and tabs stay."""
    return text if text.isprintable() else UNSAFE.sub(_spelt, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The same on one line."""
    return text if text.isprintable() else safe(" ".join(text.split()))


def _spelt(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


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
