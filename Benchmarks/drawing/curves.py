"""A picture for each curve: what one thing costs, over how many there are."""
from __future__ import annotations

import math

from .svg import LOOKS, Picture, decades

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 430, 76, 30, 104, 58


def draw(curve: dict) -> str:
    programs = [name for name in LOOKS if curve["programs"].get(name)]
    points = [point for name in programs for point in curve["programs"][name]]
    sizes, costs = [size for size, *_ in points], [cost for _, cost, *_ in points]
    across, up = decades(min(sizes), max(sizes)), decades(min(costs), max(costs))
    # Whole decades leave much of the height empty: what is least and greatest has some room, no more.
    least, most = math.log10(min(costs)) - 0.12, math.log10(max(costs)) + 0.12

    def x(size: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(size) - across[0]) / max(across[-1] - across[0], 1)

    def y(cost: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (most - math.log10(cost)) / (most - least)

    picture = Picture(WIDTH, HEIGHT, curve["title"], describe(curve, programs), programs)
    picture.text(24, 36, curve["title"], "title")
    picture.text(24, 58, curve["told"], "quiet")
    picture.legend(30, 86)
    picture.box(LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM, "panel")
    for power in across:
        picture.line(x(10**power), TOP, x(10**power), HEIGHT - BOTTOM, "grid")
        picture.text(x(10**power), HEIGHT - BOTTOM + 18, f"{10**power:,}", "middle quiet")
    for power in range(up[0], up[-1] + 1):
        for factor in (1, 2, 5):
            cost = factor * 10.0**power
            if least <= math.log10(cost) <= most:
                picture.line(LEFT, y(cost), WIDTH - RIGHT, y(cost), "grid" if factor == 1 else "fine")
                picture.text(LEFT - 8, y(cost) + 4, duration(cost), "end quiet")
    picture.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, curve["axis"], "middle quiet")
    for name in reversed(programs):
        line = [(x(size), y(cost)) for size, cost, *_ in curve["programs"][name]]
        picture.path(line, f"line l-{name}")
        for (place, height), (size, cost, *_) in zip(line, curve["programs"][name]):
            picture.mark(place, height, name, f"{LOOKS[name][0]}, {size:,}: {duration(cost)}", size=4)
    return str(picture)


def duration(nanoseconds: float) -> str:
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def describe(curve: dict, programs: list[str]) -> str:
    ends = [f"{LOOKS[name][0]} from {duration(curve['programs'][name][0][1])} at {curve['programs'][name][0][0]:,} "
            f"to {duration(curve['programs'][name][-1][1])} at {curve['programs'][name][-1][0]:,}" for name in programs]
    return f"{curve['told']} {'; '.join(ends)}."
