"""An SVG in the making, and how all pictures look."""
from __future__ import annotations

import html
import math

# The programs: what they are called, and their colours on light and on dark pages. Shapes tell them apart too.
LOOKS = {
    "ours": ("AsyncIO", "#0969da", "#4493f8", "circle"),
    "ours-2": ("AsyncIO, two threads", "#0969da", "#4493f8", "ring"),
    "ours-local": ("AsyncIO, its server too", "#0969da", "#4493f8", "ring"),
    "asyncio": ("asyncio", "#9a6700", "#d29922", "square"),
    "uvloop": ("uvloop", "#bc4c00", "#f0883e", "triangle"),
    "rloop": ("rloop", "#bf3989", "#db61a2", "triangle"),
    "go": ("Go", "#1b7c83", "#39c5cf", "circle"),
    "tokio": ("tokio, one thread", "#cf222e", "#ff7b72", "diamond"),
    "tokio-mt": ("tokio, a thread for each core", "#cf222e", "#ff7b72", "ring"),
    "reqwest": ("reqwest on tokio", "#cf222e", "#ff7b72", "diamond"),
    "stock": ("stock Swift", "#8250df", "#ab7df8", "cross"),
    "nio": ("SwiftNIO", "#8250df", "#ab7df8", "cross"),
    "asynchttpclient": ("AsyncHTTPClient", "#8250df", "#ab7df8", "cross"),
    "aiohttp": ("aiohttp on uvloop", "#9a6700", "#d29922", "square"),
    "c": ("C on epoll", "#59636e", "#9198a1", "bar"),
}

STYLE = """
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; fill: #1f2328; font-size: 13px }
.title { font-size: 20px; font-weight: 700 }
.quiet { fill: #59636e; font-size: 12px }
.group { font-size: 12px; font-weight: 700; fill: #59636e; letter-spacing: .04em }
.middle { text-anchor: middle } .end { text-anchor: end }
.page { fill: #ffffff } .panel { fill: #f6f8fa } .better { fill: #0969da; fill-opacity: .07 }
.grid { stroke: #d1d9e0; stroke-width: 1 } .fine { stroke: #d1d9e0; stroke-width: 1; stroke-opacity: .45 }
.one { stroke: #0969da; stroke-width: 2 }
"""
DARK = """
text { fill: #f0f6fc } .quiet, .group { fill: #9198a1 }
.page { fill: #0d1117 } .panel { fill: #151b23 } .better { fill: #4493f8; fill-opacity: .1 }
.grid { stroke: #3d444d } .fine { stroke: #3d444d } .one { stroke: #4493f8 }
"""


class Picture:
    """Elements in the order in which they are painted."""

    def __init__(self, width: int, height: int, title: str, description: str, programs: list[str]):
        self.width, self.height, self.title, self.description = width, height, title, description
        self.programs = programs
        self.elements: list[str] = []
        self.box(0, 0, width, height, "page")

    def text(self, x: float, y: float, text: str, names: str = "") -> None:
        self.elements.append(f'<text x="{at(x)}" y="{at(y)}"{named(names)}>{html.escape(text)}</text>')

    def box(self, x: float, y: float, width: float, height: float, names: str, radius: int = 0) -> None:
        rounded = f' rx="{radius}"' if radius else ""
        self.elements.append(
            f'<rect x="{at(x)}" y="{at(y)}" width="{at(width)}" height="{at(height)}"{rounded}{named(names)}/>')

    def line(self, x: float, y: float, to_x: float, to_y: float, names: str) -> None:
        self.elements.append(
            f'<line x1="{at(x)}" y1="{at(y)}" x2="{at(to_x)}" y2="{at(to_y)}"{named(names)}/>')

    def path(self, points: list[tuple[float, float]], names: str) -> None:
        steps = " ".join(f"{'ML'[index > 0]}{at(x)} {at(y)}" for index, (x, y) in enumerate(points))
        self.elements.append(f'<path d="{steps}"{named(names)}/>')

    def mark(self, x: float, y: float, program: str, told: str = "", size: float = 5) -> None:
        """The program's mark, with what a pointer over it is told."""
        shape = LOOKS[program][3]
        title = f"<title>{html.escape(told)}</title>" if told else ""
        names, s = named(f"mark m-{program}"), size
        if shape in ("circle", "ring"):
            hollow = named(f"line hollow l-{program}") if shape == "ring" else names
            self.elements.append(f'<circle cx="{at(x)}" cy="{at(y)}" r="{at(s)}"{hollow}>{title}</circle>')
            return
        corners = {
            "square": [(-s, -s), (s, -s), (s, s), (-s, s)],
            "diamond": [(0, -1.35 * s), (1.35 * s, 0), (0, 1.35 * s), (-1.35 * s, 0)],
            "triangle": [(0, -1.2 * s), (1.2 * s, s), (-1.2 * s, s)],
            "bar": [(-.5 * s, -1.4 * s), (.5 * s, -1.4 * s), (.5 * s, 1.4 * s), (-.5 * s, 1.4 * s)],
            "cross": cross(s),
        }[shape]
        steps = "".join(f"{'ML'[index > 0]}{at(x + dx)} {at(y + dy)}" for index, (dx, dy) in enumerate(corners))
        self.elements.append(f'<path d="{steps}Z"{names}>{title}</path>')

    def legend(self, x: float, y: float, names: dict[str, str] | None = None) -> None:
        """The marks and what they stand for, in one line."""
        for program in self.programs:
            label = (names or {}).get(program, LOOKS[program][0])
            self.mark(x, y - 4.5, program)
            self.text(x + 12, y, label)
            x += 34 + 7.0 * len(label)

    def __str__(self) -> str:
        light = "".join(colours(program, LOOKS[program][1]) for program in self.programs)
        dark = "".join(colours(program, LOOKS[program][2]) for program in self.programs)
        style = (f"{STYLE}.mark {{ stroke: #ffffff; stroke-width: 1 }} .line {{ fill: none; stroke-width: 2 }} "
                 f".hollow {{ fill: #ffffff }} .whisker {{ stroke-width: 2; stroke-opacity: .35 }}\n{light}"
                 f"@media (prefers-color-scheme: dark) {{{DARK}.mark {{ stroke: #0d1117 }} .hollow {{ fill: #0d1117 }}\n{dark}}}\n")
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" role="img">',
            f"<title>{html.escape(self.title)}</title>", f"<desc>{html.escape(self.description)}</desc>",
            f"<style>{style}</style>", *self.elements, "</svg>"]) + "\n"


def colours(program: str, colour: str) -> str:
    return f".m-{program} {{ fill: {colour} }} .l-{program} {{ stroke: {colour} }}\n"


def cross(s: float) -> list[tuple[float, float]]:
    a, b = 1.25 * s, .45 * s
    corners = [(-b, -a), (b, -a), (b, -b), (a, -b), (a, b), (b, b), (b, a), (-b, a), (-b, b), (-a, b), (-a, -b), (-b, -b)]
    turn = math.sqrt(.5)
    return [((x - y) * turn, (x + y) * turn) for x, y in corners]


def named(names: str) -> str:
    return f' class="{names}"' if names else ""


def at(number: float) -> str:
    """A coordinate, to a tenth."""
    return f"{number:.1f}".removesuffix(".0")


def decades(least: float, most: float) -> list[int]:
    """The powers of ten from the one below the least to the one above the most."""
    return list(range(math.floor(math.log10(least) + 1e-9), math.ceil(math.log10(most) - 1e-9) + 1))
