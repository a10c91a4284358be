"""Pictures of figures as SVG: bars and lines, readable on white and on black."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final, NamedTuple

OURS, THEIRS, TEXT = "#d9480f", "#7a8794", "#7a7a7a"
COLORS = (OURS, "#1c7ed6", "#2b8a3e", "#ae3ec9", "#e8a800", "#868e96", "#0c8599", "#e64980")
FONT: Final = 'font-family="sans-serif" font-size="12"'
WIDTH, LEFT, RIGHT = 760, 190, 110


class Bar(NamedTuple):
    """One of a picture; `text` stands at its end."""

    label: str
    value: float
    text: str
    is_ours: bool = False


def bars(title: str, told: Sequence[Bar], *, is_log: bool) -> str:
    """Horizontal ones. A logarithmic scale begins a decade below the smallest; its title should say so."""
    most = max(bar.value for bar in told)
    least = min(bar.value for bar in told if bar.value > 0) / 10 if is_log else 0.0
    room = WIDTH - LEFT - RIGHT

    def length(value: float) -> float:
        if value <= 0 or most <= 0:
            return 0.0
        return room * (math.log(value / least) / math.log(most / least) if is_log else value / most)

    rows = []
    for n, bar in enumerate(told):
        y, long = 34 + 24 * n, max(length(bar.value), 1.0)
        color = OURS if bar.is_ours else THEIRS
        rows += [
            f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="18" fill="{color}"/>',
            f'<text x="{LEFT + long + 6:.1f}" y="{y + 13}">{escape(bar.text)}</text>',
        ]
    return _svg(title, 44 + 24 * len(told), rows)


Points = Sequence[tuple[float, float]]


def lines(title: str, told: Mapping[str, Points], across: str) -> str:
    """Both scales logarithmic; a mark at each point, the first line is ours."""
    height, bottom, top = 360, 300, 40
    places = [point for points in told.values() for point in points if min(point) > 0]
    xs, ys = ([math.log10(point[axis]) for point in places] for axis in (0, 1))
    low, high = math.floor(min(ys)), max(math.ceil(max(ys)), math.floor(min(ys)) + 1)

    def place(x: float, y: float) -> tuple[float, float]:
        wide = (math.log10(x) - min(xs)) / ((max(xs) - min(xs)) or 1)
        return 60 + (WIDTH - 260) * wide, bottom - (bottom - top) * (math.log10(y) - low) / (high - low)

    rows = [f'<text x="{(WIDTH - 140) / 2}" y="{height - 12}" text-anchor="middle">{escape(across)}</text>']
    for decade in range(low, high + 1):
        _, y = place(10 ** min(xs), 10**decade)
        rows.append(
            f'<line x1="60" x2="{WIDTH - 200}" y1="{y:.1f}" y2="{y:.1f}" stroke="{TEXT}" stroke-opacity="0.3"/>'
        )
        rows.append(f'<text x="54" y="{y + 4:.1f}" text-anchor="end">{10**decade:g}</text>')
    for x in sorted({point[0] for point in places}):
        rows.append(f'<text x="{place(x, 10**low)[0]:.1f}" y="{bottom + 18}" text-anchor="middle">{x:,.0f}</text>')
    for n, (name, points) in enumerate(told.items()):
        color, shown = COLORS[n % len(COLORS)], [place(x, y) for x, y in points if min(x, y) > 0]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in shown)
        rows.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        rows += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in shown]
        rows.append(f'<rect x="{WIDTH - 185}" y="{top + 20 * n - 9}" width="10" height="10" fill="{color}"/>')
        rows.append(f'<text x="{WIDTH - 170}" y="{top + 20 * n}">{escape(name)}</text>')
    return _svg(title, height, rows)


def _svg(title: str, height: int, rows: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {FONT} fill="{TEXT}">'
    name = f'<title>{escape(title)}</title><text x="8" y="20" font-weight="bold">{escape(title)}</text>'
    return "\n".join([head, name, *rows, "</svg>", ""])
