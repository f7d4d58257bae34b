"""What is drawn with: colors, chance, and a canvas for filled polygons."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

SIDE = 32  # height and width of an image in pixels
ZOOM = 3  # how many times larger it is drawn

Color = tuple[int, ...]  # red, green, blue from 0 to 255, perhaps followed by opacity from 0 to 255
Points = Sequence[Sequence[float]]


# Colors and chance ------------------------------------------------------------

BLACK, WHITE = (34, 32, 38), (244, 242, 236)
PAINTS = [
    (178, 58, 52), (48, 88, 140), (226, 222, 214), (58, 62, 72), (214, 166, 66), (66, 122, 104),
    (120, 132, 142), (128, 48, 58), (108, 150, 184), (206, 112, 62), (92, 108, 70),
]  # fmt: skip


def pick(rng: Generator, options: Sequence):
    return options[int(rng.random() * len(options))]


def between(rng: Generator, low: float, high: float) -> float:
    """The same as `rng.uniform`, but faster for a single number."""
    return low + (high - low) * rng.random()


def mix(first: Color, second: Color, share: float) -> Color:
    """The color that lies `share` of the way from the first to the second."""
    (red, green, blue), (other_red, other_green, other_blue) = first, second
    return (
        int(red + (other_red - red) * share),
        int(green + (other_green - green) * share),
        int(blue + (other_blue - blue) * share),
    )


def dark(color: Color, share: float = 0.35) -> Color:
    return mix(color, (24, 22, 40), share)


def pale(color: Color, share: float = 0.35) -> Color:
    return mix(color, (255, 250, 238), share)


def vary(rng: Generator, color: Color, spread: float = 14) -> Color:
    """A color near the given one: above all lighter or darker, and a little of another hue."""
    lighter = rng.normal(0, spread)
    red, green, blue = (lighter + 0.4 * spread * rng.standard_normal(3)).tolist()
    return _limit(color[0] + red), _limit(color[1] + green), _limit(color[2] + blue)


def _limit(part: float) -> int:
    return int(min(255, max(0, part)))


def steps(start: float, stop: float, step: float) -> list[float]:
    return np.arange(start, stop, step).tolist()


# The canvas ------------------------------------------------------------

CIRCLE = [(math.cos(angle), math.sin(angle)) for angle in np.linspace(0, 2 * math.pi, 16, endpoint=False)]


@cache
def _smoothing(corners: int) -> np.ndarray:
    """The matrix that turns a polygon's corners into a smooth closed curve through them (Catmull-Rom)."""
    matrix = np.zeros((4 * corners, corners))
    for corner in range(corners):
        for step in range(4):
            t = step / 4
            weights = [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2]
            for neighbor, weight in enumerate(weights, start=-1):
                matrix[4 * corner + step, (corner + neighbor) % corners] += weight / 2
    return matrix


class Canvas:
    """A place to draw shapes in its own units; `at` gives another, moved or turned, on the same paper.

    Points are few, so that plain Python is faster here than NumPy.
    """

    def __init__(self, paper: Image.Image, light: float, frame: tuple[float, ...] | None = None) -> None:
        self.paper, self.light = paper, light  # light from the left is -1, from the right 1
        self.pen = ImageDraw.Draw(paper, "RGBA")
        half = paper.width / 2
        # In pixels: where one unit to the right leads, where one unit down leads, and where (0, 0) is.
        self.frame = frame or (half, 0, 0, half, half, half)

    def at(
        self,
        x: float,
        y: float,
        scale: float = 1,
        turn: float = 0,
        mirror: bool = False,
        lean: float = 0,
        stretch: float = 1,
    ) -> "Canvas":
        """The canvas around (x, y): `scale` times as large, turned clockwise by `turn` in radians."""
        cos, sin = scale * math.cos(turn), scale * math.sin(turn)
        across = -stretch if mirror else stretch
        ends = [(across * cos, across * sin), (lean * cos - sin, lean * sin + cos)]
        origin_x, origin_y = self.frame[4:]
        (right_x, right_y), (down_x, down_y), moved = self._pixels([*ends, (x, y)])
        axes = (right_x - origin_x, right_y - origin_y, down_x - origin_x, down_y - origin_y)
        return Canvas(self.paper, self.light, (*axes, *moved))

    def _pixels(self, points: Points) -> Points:
        right_x, right_y, down_x, down_y, origin_x, origin_y = self.frame
        return [(right_x * x + down_x * y + origin_x, right_y * x + down_y * y + origin_y) for x, y in points]

    def polygon(self, points: Points, color: Color, shaded: bool = False) -> None:
        points = self._pixels(points)
        if not shaded:
            self.pen.polygon(points, color)
            return
        # The shape in shadow, and on it the same shape, smaller and nearer to the light.
        self.pen.polygon(points, dark(color, 0.26))
        xs, ys = zip(*points, strict=True)
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        shift_x = 0.07 * (left + right) + 0.04 * (right - left) * self.light
        shift_y = 0.07 * (top + bottom) - 0.04 * (bottom - top)
        self.pen.polygon([(0.86 * x + shift_x, 0.86 * y + shift_y) for x, y in points], color)

    def smooth(self, points: Points, color: Color, shaded: bool = True) -> None:
        """A soft outline through the points."""
        self.polygon((_smoothing(len(points)) @ np.array(points)).tolist(), color, shaded)

    def ellipse(
        self, x: float, y: float, width: float, height: float, color: Color, shaded: bool = False
    ) -> None:
        """`width` and `height` are the distances from the center to the edge."""
        self.polygon([(x + width * cos, y + height * sin) for cos, sin in CIRCLE], color, shaded)

    def box(self, left: float, top: float, right: float, bottom: float, color: Color) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], color)

    def stroke(self, points: Points, color: Color, width: float, end_width: float | None = None) -> None:
        """A line of a brush that goes from one width to another."""
        end_width = width if end_width is None else end_width
        one_side, other_side = [], []
        last = len(points) - 1
        for place, (x, y) in enumerate(points):
            (x_before, y_before), (x_after, y_after) = points[max(0, place - 1)], points[min(last, place + 1)]
            along_x, along_y = x_after - x_before, y_after - y_before
            half = (width + (end_width - width) * place / last) / 2 / (math.hypot(along_x, along_y) or 1)
            one_side.append((x - half * along_y, y + half * along_x))
            other_side.append((x + half * along_y, y - half * along_x))
        self.polygon(one_side + other_side[::-1], color)

    def fade(self, top: float, bottom: float, upper: Color, lower: Color) -> None:
        """A band over the whole width whose color goes from one to another."""
        side = self.paper.width
        first, last = (max(0, min(side, round((y + 1) * side / 2))) for y in (top, bottom))
        if first < last:
            two = Image.frombytes("RGB", (1, 2), bytes((*upper, *lower)))
            size = (side, last - first)
            self.paper.paste(two.resize(size, Image.Resampling.BILINEAR, box=(0, 0.5, 1, 1.5)), (0, first))
