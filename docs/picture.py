"""The README's picture of the terminal, from the journal of a real run: `make picture run=RUN seconds=20`.

Draws what the terminal showed so many seconds after the run was accepted; writes docs/demo.svg.
"""

import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from actors.stores.reader import Reader
from cluster.cli.frame import frame
from cluster.home.config import store_path
from dashboards.views.projection import RunView

PATH = Path(__file__).with_name("demo.svg")
WIDTH = 100


def draw(home: Path, run: str, seconds: float) -> None:
    """Replay the run up to that moment and save the picture."""
    reader = Reader(store_path(home))
    record = reader.run(run)
    view = RunView(reader.items(record.run), record)
    events = [event for event in reader.events(record.run) if event.run]
    moment = events[0].at + seconds
    for event in events:
        if event.at <= moment:
            view.apply(event)
    console = Console(record=True, width=WIDTH, force_terminal=True, color_system="truecolor")
    console.print("[bold]$[/] make demo", highlight=False)
    console.print(frame(view, WIDTH, None, moment))
    svg = console.export_svg(title="mnemosyne", theme=MONOKAI)
    # Without the fonts that rich would load from elsewhere: the reader's own monospace font is drawn instead.
    PATH.write_text(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    draw(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
