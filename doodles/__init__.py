"""The built-in images: ten kinds of things with the names of CIFAR-10's classes, drawn by this program.

An image is made in four steps: a scene (sky, sea, meadow, room, ...), a thing in it, perhaps something in
front of the thing, and at the end light and noise. All shapes are filled polygons, drawn three times as large
as the image and then averaged down, which makes their edges soft.

Positions are given in units of half an image: (-1, -1) is the upper left corner, (1, 1) the lower right one.
Things are drawn as if they looked to the right; mirroring and turning is the canvas's work.
"""

import contextlib
import hashlib
import math
import time
import uuid
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import PIL
from numpy.random import Generator
from PIL import Image, ImageDraw

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SIDE = 32  # height and width of an image in pixels
ZOOM = 3  # how many times larger it is drawn
SEED = 20_240
TRAIN_SIZE, TEST_SIZE = 10_000, 2_000

Color = tuple[int, ...]  # red, green, blue from 0 to 255, perhaps followed by opacity from 0 to 255
Points = Sequence[Sequence[float]]
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


# Colors and chance ------------------------------------------------------------

BLACK, WHITE = (34, 32, 38), (244, 242, 236)
COATS = [
    (150, 98, 58), (112, 72, 46), (184, 138, 88), (212, 180, 136), (70, 56, 50), (128, 122, 118),
    (228, 220, 206), (198, 128, 70), (92, 88, 92), (166, 150, 132),
]  # fmt: skip
PAINTS = [
    (178, 58, 52), (48, 88, 140), (226, 222, 214), (58, 62, 72), (214, 166, 66), (66, 122, 104),
    (120, 132, 142), (128, 48, 58), (108, 150, 184), (206, 112, 62), (92, 108, 70),
]  # fmt: skip
GLASS = [(150, 186, 204), (96, 122, 142), (62, 74, 90), (190, 210, 216)]
WATERS = [(62, 112, 150), (70, 134, 148), (104, 124, 138), (54, 84, 122), (120, 150, 150)]
LEAVES = [(76, 108, 74), (100, 124, 76), (128, 108, 66), (66, 92, 86), (168, 124, 72)]
HOUSES = [(186, 150, 122), (168, 172, 178), (196, 186, 164), (150, 108, 92), (124, 132, 144)]
WALLS = [(212, 200, 178), (168, 186, 190), (196, 168, 150), (150, 160, 140), (178, 170, 186)]
FLOORS = [(150, 110, 78), (186, 150, 112), (120, 112, 112), (150, 92, 84), (110, 126, 140)]
PAINTINGS = [(160, 196, 214), (110, 140, 100), (196, 150, 120)]


def _pick(rng: Generator, options: Sequence):
    return options[int(rng.random() * len(options))]


def _between(rng: Generator, low: float, high: float) -> float:
    """The same as `rng.uniform`, but faster for a single number."""
    return low + (high - low) * rng.random()


def _mix(first: Color, second: Color, share: float) -> Color:
    """The color that lies `share` of the way from the first to the second."""
    (red, green, blue), (other_red, other_green, other_blue) = first, second
    return (
        int(red + (other_red - red) * share),
        int(green + (other_green - green) * share),
        int(blue + (other_blue - blue) * share),
    )


def _dark(color: Color, share: float = 0.35) -> Color:
    return _mix(color, (24, 22, 40), share)


def _pale(color: Color, share: float = 0.35) -> Color:
    return _mix(color, (255, 250, 238), share)


def _vary(rng: Generator, color: Color, spread: float = 14) -> Color:
    """A color near the given one: above all lighter or darker, and a little of another hue."""
    lighter = rng.normal(0, spread)
    red, green, blue = (lighter + 0.4 * spread * rng.standard_normal(3)).tolist()
    return _limit(color[0] + red), _limit(color[1] + green), _limit(color[2] + blue)


def _limit(part: float) -> int:
    return int(min(255, max(0, part)))


def _steps(start: float, stop: float, step: float) -> list[float]:
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
        self.pen.polygon(points, _dark(color, 0.26))
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


# Scenes ------------------------------------------------------------


def _clouds(canvas: Canvas, rng: Generator, bottom: float) -> None:
    for _ in range(int(rng.integers(0, 4))):
        x, y, size = _between(rng, -1, 1), _between(rng, -1, bottom), _between(rng, 0.12, 0.32)
        for shift in (-0.9, 0, 0.8):
            canvas.ellipse(
                x + shift * size, y + 0.2 * abs(shift) * size, size, size * 0.5, (255, 255, 255, 120)
            )


def _hills(canvas: Canvas, rng: Generator, horizon: float, color: Color) -> None:
    heights = rng.uniform(0.0, 0.45, 5).tolist()
    ridge = [(x, horizon - height) for x, height in zip((-1.1, -0.5, 0, 0.5, 1.1), heights, strict=True)]
    canvas.polygon([*ridge, (1.1, horizon + 0.02), (-1.1, horizon + 0.02)], color)


def _tree(canvas: Canvas, rng: Generator, x: float, foot: float, size: float, color: Color) -> None:
    canvas.box(x - 0.05 * size, foot - 0.6 * size, x + 0.05 * size, foot, _dark((110, 80, 60), 0.2))
    if rng.random() < 0.4:
        for level in (0.4, 0.75):
            top, half = foot - size * (level + 0.7), 0.42 * size * (1.2 - level)
            canvas.polygon([(x, top), (x + half, top + 0.7 * size), (x - half, top + 0.7 * size)], color)
    else:
        canvas.ellipse(x, foot - 0.85 * size, 0.36 * size, 0.45 * size, color, shaded=True)


def _sky(canvas: Canvas, rng: Generator, horizon: float = 1.0) -> None:
    upper, lower = _pick(rng, [
        ((92, 146, 204), (176, 208, 228)), ((120, 170, 210), (214, 228, 232)),
        ((150, 160, 174), (206, 208, 208)), ((70, 120, 184), (150, 190, 222)),
        ((196, 206, 214), (228, 230, 226)), ((110, 130, 170), (236, 206, 184)),
        ((60, 74, 118), (150, 140, 170)),
    ])  # fmt: skip
    canvas.fade(-1, max(horizon, -0.6), _vary(rng, upper), _vary(rng, lower, 8))
    _clouds(canvas, rng, horizon)


def _open_sky(canvas: Canvas, rng: Generator) -> None:
    _sky(canvas, rng)
    if rng.random() < 0.4:
        _hills(canvas, rng, 1.0, _vary(rng, _pick(rng, [(96, 124, 104), (120, 130, 146), (150, 140, 116)])))


def _sunset(canvas: Canvas, rng: Generator) -> None:
    horizon = _between(rng, 0.2, 0.8)
    upper, middle = _pick(rng, [
        ((92, 84, 138), (238, 164, 118)), ((214, 122, 96), (250, 208, 140)), ((66, 74, 122), (222, 140, 136)),
    ])  # fmt: skip
    canvas.fade(-1, horizon, _vary(rng, upper), _vary(rng, middle))
    canvas.ellipse(_between(rng, -0.8, 0.8), horizon - _between(rng, 0, 0.6), 0.16, 0.16, (255, 236, 190))
    ground = _pick(rng, [(96, 84, 78), (84, 96, 72), (110, 104, 138), (150, 112, 88)])
    canvas.fade(horizon, 1, _vary(rng, ground), _dark(ground, 0.3))


def _sea(canvas: Canvas, rng: Generator) -> None:
    horizon = _between(rng, -0.3, 0.35)
    _sky(canvas, rng, horizon)
    if rng.random() < 0.35:
        _hills(canvas, rng, horizon, _vary(rng, (116, 134, 142)))
    water = _vary(rng, _pick(rng, WATERS))
    canvas.fade(horizon, 1, _pale(water, 0.25), _dark(water, 0.2))
    for _ in range(5):
        x, y = _between(rng, -1, 0.8), _between(rng, horizon + 0.05, 1)
        canvas.box(x, y, x + _between(rng, 0.2, 0.5), y + 0.04, (255, 255, 255, 80))


def _meadow(canvas: Canvas, rng: Generator) -> None:
    horizon = _between(rng, -0.6, 0.3)
    _sky(canvas, rng, horizon)
    grass = _vary(rng, _pick(rng, [(118, 152, 78), (146, 160, 84), (94, 132, 80), (180, 168, 100)]))
    if rng.random() < 0.5:
        _hills(canvas, rng, horizon, _mix(_dark(grass), (120, 140, 160), 0.4))
    for _ in range(int(rng.integers(0, 4))):
        _tree(canvas, rng, _between(rng, -1, 1), horizon + 0.1, _between(rng, 0.3, 0.7), _dark(grass, 0.4))
    canvas.fade(horizon, 1, _pale(grass, 0.15), _dark(grass, 0.15))
    for _ in range(6):
        x, y = _between(rng, -1, 1), _between(rng, horizon + 0.1, 1)
        canvas.stroke([(x, y), (x + 0.04, y - 0.14)], _dark(grass, 0.3), 0.06, 0.01)


def _forest(canvas: Canvas, rng: Generator) -> None:
    leaf = _vary(rng, _pick(rng, LEAVES))
    canvas.fade(-1, 0.5, _pale(leaf, 0.2), _dark(leaf, 0.3))
    for _ in range(6):
        spot = (*_mix(leaf, _pick(rng, [WHITE, BLACK]), 0.25), 150)
        x, y, size = _between(rng, -1, 1), _between(rng, -1, 0.2), _between(rng, 0.15, 0.35)
        canvas.ellipse(x, y, size, 0.8 * size, spot)
    bark = _vary(rng, _pick(rng, [(86, 66, 52), (122, 104, 88), (64, 58, 54)]))
    for _ in range(int(rng.integers(1, 5))):
        x, width = _between(rng, -1, 1), _between(rng, 0.05, 0.14)
        canvas.polygon(
            [(x - width, 0.6), (x - 0.6 * width, -1), (x + 0.6 * width, -1), (x + width, 0.6)], bark
        )
    floor = _mix(leaf, (140, 112, 76), _between(rng, 0.2, 0.8))
    canvas.fade(_between(rng, 0.2, 0.55), 1, _dark(floor, 0.1), _dark(floor, 0.3))


def _town(canvas: Canvas, rng: Generator) -> None:
    horizon = _between(rng, 0.0, 0.45)
    _sky(canvas, rng, horizon)
    left = -1.1
    while left < 1:
        right, top = left + _between(rng, 0.35, 0.8), _between(rng, -0.95, horizon - 0.2)
        wall = _vary(rng, _pick(rng, HOUSES))
        canvas.box(left, top, right, horizon + 0.05, wall)
        for x in _steps(left + 0.08, right - 0.1, 0.2):
            for y in _steps(top + 0.1, horizon - 0.1, 0.26):
                canvas.box(x, y, x + 0.1, y + 0.13, _dark(wall, 0.3))
        left = right
    _street(canvas, rng, horizon)


def _street(canvas: Canvas, rng: Generator, horizon: float) -> None:
    ground = _vary(rng, _pick(rng, [(112, 112, 118), (134, 130, 126), (92, 92, 102), (160, 148, 130)]), 8)
    canvas.fade(horizon, 1, _pale(ground, 0.2), _dark(ground, 0.1))
    canvas.box(-1, horizon, 1, horizon + 0.06, _pale(ground, 0.4))
    if rng.random() < 0.6:
        y, shift = _between(rng, horizon + 0.2, 0.95), _between(rng, -0.4, 0.4)
        for x in (-1, -0.2, 0.6):
            canvas.box(x + shift, y, x + shift + 0.4, y + 0.05, (240, 236, 220, 200))


def _road(canvas: Canvas, rng: Generator) -> None:
    horizon = _between(rng, -0.1, 0.45)
    _sky(canvas, rng, horizon)
    green = _vary(rng, _pick(rng, [(108, 136, 88), (150, 146, 96), (120, 128, 128)]))
    _hills(canvas, rng, horizon, green)
    for _ in range(int(rng.integers(0, 4))):
        _tree(canvas, rng, _between(rng, -1, 1), horizon + 0.05, _between(rng, 0.3, 0.7), _dark(green, 0.3))
    _street(canvas, rng, horizon)


def _room(canvas: Canvas, rng: Generator) -> None:
    wall = _vary(rng, _pick(rng, WALLS))
    floor = _vary(rng, _pick(rng, FLOORS))
    edge = _between(rng, 0.0, 0.6)
    canvas.fade(-1, edge, wall, _dark(wall, 0.15))
    if rng.random() < 0.5:
        x, y = _between(rng, -1.1, 0.4), _between(rng, -1, -0.5)
        canvas.box(x, y, x + 0.66, y + 0.6, _pale(wall, 0.6))
        canvas.box(x + 0.07, y + 0.07, x + 0.59, y + 0.53, _vary(rng, _pick(rng, PAINTINGS)))
    if rng.random() < 0.5:
        x, cloth = _between(rng, -1.3, 0.3), _vary(rng, _pick(rng, PAINTS))
        canvas.box(x, edge - 0.45, x + 1.1, edge + 0.12, _mix(cloth, wall, 0.4))
        canvas.box(x - 0.08, edge - 0.2, x + 1.18, edge + 0.16, _mix(cloth, wall, 0.25))
    canvas.fade(edge, 1, _dark(floor, 0.1), floor)
    if rng.random() < 0.4:
        canvas.ellipse(_between(rng, -0.3, 0.3), 0.8, 0.9, 0.25, (*_vary(rng, _pick(rng, PAINTS)), 140))


def _snow(canvas: Canvas, rng: Generator) -> None:
    horizon = _between(rng, -0.4, 0.4)
    canvas.fade(-1, horizon, _vary(rng, (150, 172, 196)), (222, 226, 230))
    if rng.random() < 0.6:
        _hills(canvas, rng, horizon, _vary(rng, (176, 188, 206)))
    for _ in range(int(rng.integers(0, 4))):
        fir = _vary(rng, (84, 110, 104))
        _tree(canvas, rng, _between(rng, -1, 1), horizon + 0.05, _between(rng, 0.3, 0.7), fir)
    canvas.fade(horizon, 1, (236, 238, 242), _vary(rng, (196, 208, 224), 8))


def _pond(canvas: Canvas, rng: Generator) -> None:
    water = _vary(rng, _pick(rng, [(82, 116, 108), (96, 128, 96), (74, 100, 120), (120, 124, 92)]))
    canvas.fade(-1, 1, _pale(water, 0.2), _dark(water, 0.25))
    for _ in range(int(rng.integers(1, 6))):
        x, y, size = _between(rng, -1, 1), _between(rng, -0.9, 0.9), _between(rng, 0.15, 0.35)
        canvas.ellipse(x, y, size, size * 0.4, _vary(rng, (112, 150, 84)), shaded=True)
    for _ in range(4):
        x, y = _between(rng, -1, 0.8), _between(rng, -1, 1)
        canvas.box(x, y, x + _between(rng, 0.2, 0.5), y + 0.04, (255, 255, 255, 70))


def _sand(canvas: Canvas, rng: Generator) -> None:
    horizon = _between(rng, -0.6, 0.3)
    _sky(canvas, rng, horizon)
    sand = _vary(rng, _pick(rng, [(208, 182, 140), (190, 158, 120), (172, 140, 112), (196, 190, 170)]))
    if rng.random() < 0.6:
        _hills(canvas, rng, horizon, _mix(sand, (140, 130, 150), 0.45))
    canvas.fade(horizon, 1, _pale(sand, 0.2), _dark(sand, 0.1))
    for _ in range(int(rng.integers(0, 6))):
        size = _between(rng, 0.05, 0.16)
        x, y = _between(rng, -1, 1), _between(rng, horizon + 0.1, 1)
        canvas.ellipse(x, y, size, size * 0.6, _dark(sand, 0.3), shaded=True)


SCENES = [_open_sky, _sunset, _sea, _meadow, _forest, _town, _road, _room, _snow, _pond, _sand]


# Things, one function a kind, with its parts before it --------------------------------------------------


def _airplane(canvas: Canvas, rng: Generator) -> None:
    metals = [(232, 234, 236), (206, 212, 220), (236, 226, 206), (150, 160, 172)]
    body = _vary(rng, _pick(rng, [*metals, *PAINTS]))
    trim = _vary(rng, _pick(rng, PAINTS))
    draw = _pick(rng, [_airplane_beside, _airplane_beside, _airplane_above, _airplane_ahead, _biplane])
    draw(canvas, rng, body, trim)


def _airplane_beside(canvas: Canvas, rng: Generator, body: Color, trim: Color) -> None:
    canvas = canvas.at(0, 0, turn=_between(rng, -0.45, 0.2))
    canvas.polygon([(0.1, -0.1), (-0.25, -0.42), (-0.4, -0.42), (-0.2, -0.08)], _dark(body, 0.3))  # far wing
    canvas.polygon([(-0.55, -0.08), (-0.86, -0.52), (-1.0, -0.52), (-0.94, -0.04)], trim)  # tail fin
    canvas.smooth([
        (-1.0, -0.1), (-0.5, -0.17), (0.6, -0.17), (0.9, -0.06),
        (0.98, 0.04), (0.8, 0.12), (-0.4, 0.12),
    ], body)  # fmt: skip
    canvas.box(-0.8, 0.0, 0.75, 0.04, trim)
    canvas.polygon([(-0.7, -0.02), (-1.0, 0.1), (-1.1, 0.1), (-0.95, -0.06)], _dark(body, 0.2))
    for x in _steps(-0.5, 0.6, 0.16):
        canvas.box(x, -0.1, x + 0.08, -0.03, (60, 76, 96))
    canvas.polygon([(0.7, -0.12), (0.82, -0.09), (0.88, -0.03), (0.7, -0.03)], (60, 76, 96))
    canvas.polygon([(0.22, 0.04), (-0.05, 0.04), (-0.5, 0.46), (-0.34, 0.46)], _dark(body, 0.16))
    canvas.ellipse(0.06, 0.22, 0.14, 0.07, _dark(trim, 0.1), shaded=True)


def _airplane_above(canvas: Canvas, rng: Generator, body: Color, trim: Color) -> None:
    canvas = canvas.at(0, 0, turn=_between(rng, -1.2, 0.6))
    sweep, span = _between(rng, 0.1, 0.5), _between(rng, 0.7, 0.95)
    for side in (-1, 1):
        canvas.polygon([
            (0.25, 0), (0.1 - sweep, side * span),
            (-0.06 - sweep, side * span), (-0.1, 0),
        ], _dark(body, 0.1 + 0.07 * side))  # fmt: skip
        canvas.polygon([(-0.6, 0), (-0.88, side * 0.36), (-1.0, side * 0.36), (-0.86, 0)], trim)
        canvas.ellipse(0.12 - sweep * 0.4, side * 0.38, 0.14, 0.06, trim, shaded=True)
    canvas.smooth(
        [(-0.98, 0), (-0.6, -0.1), (0.6, -0.13), (0.92, -0.05), (0.92, 0.05), (0.6, 0.13), (-0.6, 0.1)], body
    )
    canvas.polygon([(0.72, -0.07), (0.82, -0.04), (0.82, 0.04), (0.72, 0.07)], (60, 76, 96))


def _airplane_ahead(canvas: Canvas, rng: Generator, body: Color, trim: Color) -> None:
    droop = _between(rng, -0.25, 0.1)
    canvas = canvas.at(0, 0, turn=_between(rng, -0.3, 0.3))
    canvas.polygon([(-0.05, -0.1), (0, -0.68), (0.05, -0.1)], trim)
    for side in (-1, 1):
        canvas.polygon(
            [(0, 0.02), (side * 1.0, droop), (side * 1.0, droop + 0.06), (0, 0.16)], _dark(body, 0.16)
        )
        canvas.polygon([(0, -0.3), (side * 0.4, -0.4), (side * 0.4, -0.34), (0, -0.22)], _dark(body, 0.22))
        canvas.ellipse(side * 0.44, 0.18 + droop * 0.3, 0.12, 0.12, trim, shaded=True)
        canvas.ellipse(side * 0.44, 0.18 + droop * 0.3, 0.06, 0.06, BLACK)
    canvas.ellipse(0, 0, 0.24, 0.26, body, shaded=True)
    canvas.polygon([(-0.14, -0.1), (-0.08, -0.18), (0.08, -0.18), (0.14, -0.1)], (60, 76, 96))


def _biplane(canvas: Canvas, rng: Generator, body: Color, trim: Color) -> None:
    canvas = canvas.at(0, 0, turn=_between(rng, -0.4, 0.2))
    canvas.smooth([(-0.8, -0.1), (-0.2, -0.2), (0.5, -0.22), (0.68, 0), (0.5, 0.18), (-0.1, 0.14)], trim)
    canvas.polygon([(-0.6, -0.06), (-0.74, -0.42), (-0.94, -0.4), (-0.9, 0.02)], body)
    canvas.box(-0.98, -0.06, -0.6, 0.02, _dark(body, 0.2))
    for x in (0.05, 0.36):
        canvas.stroke([(x, -0.46), (x - 0.04, 0.14)], (90, 70, 56), 0.06)
    canvas.ellipse(-0.1, -0.22, 0.08, 0.1, BLACK)
    canvas.smooth([(-0.2, -0.5), (0.3, -0.56), (0.6, -0.5), (0.3, -0.43)], body)
    canvas.smooth([(-0.25, 0.12), (0.3, 0.06), (0.55, 0.12), (0.3, 0.2)], body)
    canvas.stroke([(0.2, 0.14), (0.26, 0.36)], BLACK, 0.06)
    canvas.ellipse(0.27, 0.4, 0.11, 0.11, BLACK)
    canvas.ellipse(0.76, -0.02, 0.05, 0.42, (210, 205, 200, 190))


def _wheels(canvas: Canvas, centers: Sequence[float], y: float, size: float) -> None:
    for x in centers:
        canvas.ellipse(x, y, size, size, BLACK)
        canvas.ellipse(x, y, 0.5 * size, 0.5 * size, (176, 178, 184))


def _automobile(canvas: Canvas, rng: Generator) -> None:
    paint, glass = _vary(rng, _pick(rng, PAINTS)), _pick(rng, GLASS)
    draw = _pick(rng, [_automobile_beside, _automobile_beside, _automobile_ahead])
    draw(canvas, rng, paint, glass)


def _automobile_beside(canvas: Canvas, rng: Generator, paint: Color, glass: Color) -> None:
    canvas.ellipse(0, 0.58, 0.98, 0.12, (20, 20, 30, 110))
    # The roof's corners and the heights of bonnet and boot: a saloon, a small car, a sports car, a van.
    front, back, top, nose, boot = _pick(rng, [
        (0.3, -0.42, -0.42, 0.02, 0.0), (0.35, -0.8, -0.46, 0.0, -0.06), (0.1, -0.4, -0.3, 0.1, 0.04),
        (0.5, -0.86, -0.6, -0.08, -0.1), (0.12, -0.3, -0.52, 0.06, 0.06),
    ])  # fmt: skip
    canvas.polygon([(front + 0.3, nose), (front, top), (back, top), (back - 0.18, boot)], paint)
    canvas.polygon([
        (front + 0.2, nose), (front - 0.03, top + 0.08),
        (back + 0.03, top + 0.08), (back - 0.08, boot),
    ], glass)  # fmt: skip
    pillar = (front + back) / 2
    canvas.box(pillar - 0.04, top, pillar + 0.04, 0.1, paint)
    canvas.smooth([
        (-0.96, 0.1), (-0.88, boot - 0.02), (0, 0.0), (0.6, nose),
        (0.93, nose + 0.12), (0.98, 0.4), (0, 0.46), (-0.94, 0.4),
    ], paint)  # fmt: skip
    canvas.box(-0.9, 0.34, 0.92, 0.42, _dark(paint, 0.4))
    canvas.ellipse(0.88, 0.2, 0.08, 0.07, (250, 236, 190))
    canvas.ellipse(-0.9, 0.18, 0.06, 0.07, (200, 60, 50))
    _wheels(canvas, (-0.55, 0.56), 0.42, _between(rng, 0.18, 0.24))


def _automobile_ahead(canvas: Canvas, rng: Generator, paint: Color, glass: Color) -> None:
    width, roof = _between(rng, 0.62, 0.8), _between(rng, -0.62, -0.42)
    lamp = _pick(rng, [(252, 240, 200), (252, 240, 200), (196, 56, 48)])
    canvas.ellipse(0, 0.66, width * 1.1, 0.1, (20, 20, 30, 110))
    for side in (-1, 1):
        canvas.box(side * width * 0.72 - 0.12, 0.3, side * width * 0.72 + 0.12, 0.7, BLACK)
        canvas.ellipse(side * (width + 0.02), -0.06, 0.09, 0.06, paint)
    canvas.smooth(
        [(-0.66 * width, roof), (0.66 * width, roof), (0.86 * width, 0.02), (-0.86 * width, 0.02)], paint
    )
    canvas.polygon([
        (-0.58 * width, roof + 0.06), (0.58 * width, roof + 0.06),
        (0.76 * width, 0), (-0.76 * width, 0),
    ], glass)  # fmt: skip
    canvas.polygon([
        (-0.2 * width, roof + 0.06), (0.1 * width, roof + 0.06),
        (-0.2 * width, 0), (-0.56 * width, 0),
    ], _pale(glass))  # fmt: skip
    canvas.smooth([
        (-width, 0.1), (-0.7 * width, -0.04), (0.7 * width, -0.04),
        (width, 0.1), (width, 0.5), (-width, 0.5),
    ], paint)  # fmt: skip
    canvas.box(-0.4 * width, 0.16, 0.4 * width, 0.3, _dark(paint, 0.55))
    canvas.box(-0.2, 0.38, 0.2, 0.48, (236, 232, 214))
    for side in (-1, 1):
        canvas.ellipse(side * 0.7 * width, 0.2, 0.13, 0.1, lamp)


def _bird(canvas: Canvas, rng: Generator) -> None:
    feathers = [*COATS, (178, 66, 52), (72, 112, 168), (214, 170, 70), (238, 236, 230), (64, 64, 76)]
    body, wing = _vary(rng, _pick(rng, feathers)), _vary(rng, _pick(rng, feathers))
    beak = _pick(rng, [(232, 160, 60), (220, 120, 60), (84, 76, 70), (228, 200, 90)])
    draw = _pick(
        rng, [_bird_perched, _bird_perched, _bird_flying, _bird_flying, _bird_swimming, _bird_wading]
    )
    draw(canvas, rng, body, wing, beak)


def _bird_head(canvas: Canvas, color: Color, beak: Color, length: float) -> None:
    canvas.polygon([(0.1, -0.13), (0.2 + length, 0.06), (0.1, 0.12)], beak)
    canvas.ellipse(0, 0, 0.22, 0.21, color, shaded=True)
    canvas.ellipse(0.08, -0.05, 0.06, 0.06, WHITE)
    canvas.ellipse(0.09, -0.05, 0.045, 0.045, BLACK)


def _bird_perched(canvas: Canvas, rng: Generator, body: Color, wing: Color, beak: Color) -> None:
    canvas.stroke([(-1.4, 0.72), (0, 0.66), (1.4, _between(rng, 0.5, 0.8))], (104, 80, 62), 0.14, 0.08)
    canvas = canvas.at(0, 0, turn=_between(rng, -0.35, 0.25))
    for x in (-0.02, 0.14):
        canvas.stroke([(x, 0.4), (x + 0.02, 0.7)], _dark(beak, 0.2), 0.05)
    canvas.polygon([(-0.35, 0.1), (-0.95, 0.44), (-0.86, 0.6), (-0.2, 0.34)], _dark(wing, 0.2))
    canvas.smooth([(-0.5, 0.22), (-0.2, -0.18), (0.2, -0.4), (0.46, -0.2), (0.44, 0.2), (0.1, 0.48)], body)
    canvas.ellipse(0.28, 0.12, 0.16, 0.24, _pale(body, 0.4))
    canvas.smooth([(0.14, -0.14), (0.2, 0.1), (-0.1, 0.3), (-0.66, 0.36), (-0.25, 0.0)], wing)
    _bird_head(canvas.at(0.36, -0.44, 1.15), body, beak, _between(rng, 0.12, 0.3))


def _bird_flying(canvas: Canvas, rng: Generator, body: Color, wing: Color, beak: Color) -> None:
    lift = _pick(rng, [-1, -1, 1]) * _between(rng, 0.5, 0.95)  # wings up or down
    canvas = canvas.at(0, -0.25 * lift, turn=_between(rng, -0.4, 0.3))
    canvas.smooth([
        (0.3, -0.05), (0.34, lift * 0.8), (0.12, lift - 0.12),
        (-0.06, lift * 0.6), (-0.1, 0),
    ], _dark(wing, 0.3))  # fmt: skip
    canvas.polygon(
        [(-0.4, -0.06), (-0.98, -0.16), (-0.9, 0.02), (-0.98, 0.18), (-0.4, 0.1)], _dark(wing, 0.1)
    )
    canvas.smooth([(-0.6, 0.02), (0, -0.18), (0.5, -0.12), (0.6, 0.06), (0.1, 0.2)], body)
    _bird_head(canvas.at(0.6, -0.06, 0.9), body, beak, _between(rng, 0.15, 0.35))
    canvas.smooth(
        [(0.3, 0.0), (0.04, lift * 0.7), (-0.4, lift - 0.05), (-0.62, lift * 0.9), (-0.3, 0.02)], wing
    )


def _bird_swimming(canvas: Canvas, rng: Generator, body: Color, wing: Color, beak: Color) -> None:
    neck = _between(rng, 0.25, 0.7)
    canvas.ellipse(0, 0.42, 0.95, 0.13, (255, 255, 255, 90))
    canvas.polygon([(-0.5, 0.1), (-0.95, -0.12), (-0.7, 0.36)], _dark(wing, 0.2))
    canvas.smooth([(-0.8, 0.16), (-0.3, -0.06), (0.3, 0.02), (0.62, 0.1), (0.56, 0.4), (-0.5, 0.44)], body)
    canvas.stroke([(0.36, 0.26), (0.56, 0.1 - 0.4 * neck), (0.44, 0.1 - neck)], body, 0.34, 0.22)
    _bird_head(canvas.at(0.48, 0.06 - neck, 1.05), body, beak, _between(rng, 0.2, 0.3))
    canvas.smooth([(0.2, 0.1), (0.1, 0.3), (-0.4, 0.32), (-0.84, 0.06), (-0.3, 0.02)], wing)


def _bird_wading(canvas: Canvas, rng: Generator, body: Color, wing: Color, beak: Color) -> None:
    for x, step in ((-0.12, _between(rng, -0.2, 0.1)), (0.08, _between(rng, -0.1, 0.25))):
        canvas.stroke([(x, 0.25), (x + 0.06, 0.6), (x + step, 0.95)], _dark(beak, 0.15), 0.06)
    canvas.smooth([(-0.75, 0.3), (-0.4, -0.02), (0.1, -0.14), (0.38, 0.06), (0.2, 0.34), (-0.3, 0.4)], body)
    canvas.stroke([(0.22, 0.12), (0.46, -0.16), (0.26, -0.4), (0.36, -0.68)], body, 0.24, 0.12)
    _bird_head(canvas.at(0.38, -0.72, 0.75), body, beak, _between(rng, 0.35, 0.6))
    canvas.smooth([(0.18, 0.0), (0.04, 0.24), (-0.5, 0.36), (-0.86, 0.38), (-0.3, 0.02)], wing)


def _legs(
    canvas: Canvas, rng: Generator, xs: Sequence[float], top: float, foot: float, width: float, color: Color
) -> None:
    """A pair of legs with a joint, each with a step of its own."""
    for x in xs:
        step = _between(rng, -0.16, 0.16)
        knee = (top + foot) / 2
        canvas.stroke([(x, top), (x + 0.6 * step + 0.03, knee), (x + step, foot)], color, width, 0.55 * width)


def _cat(canvas: Canvas, rng: Generator) -> None:
    coat = _vary(rng, _pick(rng, COATS))
    draw = _pick(rng, [_cat_portrait, _cat_sitting, _cat_sitting, _cat_walking, _cat_lying])
    draw(canvas, rng, coat, _pick(rng, [_dark(coat, 0.3), _pale(coat, 0.6), coat]))


def _cat_head(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    iris = _pick(rng, [(176, 186, 84), (214, 172, 70), (130, 174, 170), (120, 160, 90)])
    for side in (-1, 1):
        canvas.polygon([(side * 0.1, -0.28), (side * 0.42, -0.84), (side * 0.54, -0.1)], _dark(coat, 0.18))
        canvas.polygon([(side * 0.24, -0.34), (side * 0.4, -0.66), (side * 0.46, -0.2)], (208, 150, 142))
    canvas.smooth([(-0.3, -0.4), (0.3, -0.4), (0.58, 0.06), (0.3, 0.44), (-0.3, 0.44), (-0.58, 0.06)], coat)
    for x in (-0.14, 0, 0.14):
        canvas.stroke([(x, -0.44), (x * 0.8, -0.2)], marks, 0.08, 0.03)
    canvas.ellipse(0, 0.26, 0.24, 0.17, _pale(coat, 0.55))
    for side in (-1, 1):
        canvas.ellipse(side * 0.25, -0.02, 0.15, 0.12, iris)
        canvas.ellipse(side * 0.25, -0.02, 0.055, 0.115, BLACK)
        canvas.stroke([(side * 0.2, 0.24), (side * 0.75, 0.2)], (250, 248, 240, 150), 0.035)
    canvas.polygon([(-0.09, 0.14), (0.09, 0.14), (0, 0.25)], (196, 112, 108))


def _cat_tail(canvas: Canvas, rng: Generator, x: float, y: float, coat: Color) -> None:
    curl = _between(rng, -0.25, 0.35)
    canvas = canvas.at(x, y)
    path = [(0, 0), (-0.3, -0.02), (-0.42, -0.3), (-0.36 - 0.5 * curl, -0.62), (-0.3 + curl, -0.8)]
    canvas.stroke(path, _dark(coat, 0.14), 0.15, 0.1)


def _cat_portrait(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    canvas.smooth([(-0.4, 0.2), (0.4, 0.2), (0.75, 1.4), (-0.75, 1.4)], _dark(coat, 0.12))
    _cat_head(canvas.at(0, 0.02, _between(rng, 1.1, 1.4), _between(rng, -0.25, 0.25)), rng, coat, marks)


def _cat_sitting(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    canvas.ellipse(0, 0.86, 0.66, 0.1, (20, 20, 30, 80))
    _cat_tail(canvas.at(-0.15, 0.78, _between(rng, 0.8, 1.1)), rng, 0, 0, coat)
    canvas.smooth(
        [(0, -0.4), (0.3, 0.1), (0.44, 0.7), (0.2, 0.88), (-0.28, 0.88), (-0.5, 0.6), (-0.3, 0.1)], coat
    )
    canvas.ellipse(0.06, 0.14, 0.16, 0.26, _pale(coat, 0.45))
    for x in (-0.04, 0.2):
        canvas.stroke([(x, 0.3), (x + 0.02, 0.88)], _pale(coat, 0.12), 0.15, 0.13)
    for y in (0.3, 0.46):
        canvas.stroke([(-0.4, y + 0.1), (-0.2, y)], marks, 0.07, 0.03)
    _cat_head(canvas.at(0.04, -0.36, _between(rng, 0.7, 0.85), _between(rng, -0.3, 0.3)), rng, coat, marks)


def _cat_walking(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    canvas.ellipse(0, 0.74, 0.85, 0.1, (20, 20, 30, 80))
    _cat_tail(canvas, rng, -0.5, 0.02, coat)
    _legs(canvas, rng, (-0.46, 0.36), 0.2, 0.74, 0.17, _dark(coat, 0.35))
    canvas.smooth([
        (-0.66, 0.1), (-0.4, -0.14), (0.2, -0.08), (0.52, -0.14),
        (0.56, 0.2), (0.1, 0.34), (-0.5, 0.36),
    ], coat)  # fmt: skip
    for x in (-0.4, -0.16, 0.08):
        canvas.stroke([(x, -0.1), (x + 0.04, 0.16)], marks, 0.08, 0.03)
    _legs(canvas, rng, (-0.52, 0.44), 0.16, 0.76, 0.19, _dark(coat, 0.08))
    _cat_head(canvas.at(0.58, -0.26, _between(rng, 0.58, 0.68), _between(rng, -0.25, 0.25)), rng, coat, marks)


def _cat_lying(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    canvas.ellipse(0, 0.52, 0.98, 0.12, (20, 20, 30, 80))
    canvas.stroke([(-0.7, 0.36), (-0.95, 0.5), (-0.6, 0.62), (-0.1, 0.58)], _dark(coat, 0.2), 0.15, 0.1)
    canvas.smooth([(-0.85, 0.3), (-0.6, -0.14), (0, -0.16), (0.5, 0.0), (0.6, 0.46), (-0.4, 0.54)], coat)
    for x in (-0.5, -0.25, 0):
        canvas.stroke([(x, -0.12), (x + 0.02, 0.14)], marks, 0.08, 0.03)
    canvas.smooth([(0.3, 0.36), (0.8, 0.4), (0.94, 0.5), (0.3, 0.56)], _pale(coat, 0.15))
    _cat_head(canvas.at(0.5, -0.02, _between(rng, 0.65, 0.8), _between(rng, -0.35, 0.35)), rng, coat, marks)


def _deer(canvas: Canvas, rng: Generator) -> None:
    coats = [(166, 112, 66), (142, 100, 70), (188, 140, 92), (128, 110, 96), (108, 80, 60), (200, 166, 124)]
    coat = _vary(rng, _pick(rng, coats))
    horn = _pick(rng, [(96, 74, 58), (206, 184, 148), (150, 118, 84)])
    antlers = _between(rng, 0.6, 1.1) if rng.random() < 0.8 else 0.0  # a doe has none
    draw = _pick(rng, [_deer_standing, _deer_standing, _deer_standing, _deer_portrait, _deer_resting])
    draw(canvas, rng, coat, horn, antlers)


def _antlers(canvas: Canvas, size: float, horn: Color) -> None:
    if size == 0:
        return
    for side in (-1, 1):
        antler = canvas.at(0, 0, size, mirror=side < 0)
        antler.stroke([(0.08, 0), (0.34, -0.3), (0.46, -0.66), (0.3, -1.02)], horn, 0.12, 0.06)
        antler.stroke([(0.36, -0.34), (0.12, -0.62)], horn, 0.09, 0.05)
        antler.stroke([(0.42, -0.56), (0.74, -0.84)], horn, 0.09, 0.05)


def _deer_head(canvas: Canvas, coat: Color, horn: Color, antlers: float) -> None:
    _antlers(canvas.at(-0.02, -0.16, 1.1 * antlers, -0.1), float(antlers > 0), horn)
    canvas.smooth([(-0.1, -0.08), (-0.34, -0.34), (-0.6, -0.3), (-0.42, -0.08)], _dark(coat, 0.2))
    canvas.smooth(
        [(-0.24, -0.1), (0.12, -0.24), (0.55, 0.1), (0.8, 0.3), (0.72, 0.46), (0.3, 0.36), (-0.1, 0.28)], coat
    )
    canvas.ellipse(0.64, 0.38, 0.16, 0.09, _pale(coat, 0.5))
    canvas.ellipse(0.78, 0.28, 0.09, 0.08, BLACK)
    canvas.ellipse(0.2, 0.0, 0.08, 0.08, BLACK)


def _deer_standing(canvas: Canvas, rng: Generator, coat: Color, horn: Color, antlers: float) -> None:
    canvas.ellipse(-0.05, 0.93, 0.7, 0.08, (20, 20, 30, 80))
    _legs(canvas, rng, (-0.38, 0.22), 0.3, 0.92, 0.12, _dark(coat, 0.4))
    canvas.ellipse(-0.62, 0.08, 0.09, 0.13, WHITE)
    grazing = rng.random() < 0.25
    x, y = (0.66, 0.42) if grazing else (_between(rng, 0.36, 0.5), _between(rng, -0.48, -0.38))
    canvas.stroke([(0.2, 0.12), ((x + 0.2) / 2 + 0.06, (y + 0.12) / 2), (x, y)], _dark(coat, 0.1), 0.36, 0.2)
    canvas.smooth(
        [(-0.66, 0.12), (-0.4, -0.1), (0.1, -0.08), (0.4, -0.04), (0.36, 0.28), (0, 0.34), (-0.5, 0.36)], coat
    )
    canvas.ellipse(0.0, 0.3, 0.3, 0.07, _pale(coat, 0.4))
    if rng.random() < 0.35:
        for spot in (-0.45, -0.28, -0.1, 0.08):
            canvas.ellipse(spot, 0.02 + 0.08 * (spot < -0.2), 0.05, 0.04, _pale(coat, 0.7))
    _legs(canvas, rng, (-0.5, 0.3), 0.26, 0.95, 0.14, _dark(coat, 0.1))
    _deer_head(canvas.at(x, y, 0.52, 0.5 if grazing else _between(rng, -0.2, 0.2)), coat, horn, antlers)


def _deer_portrait(canvas: Canvas, rng: Generator, coat: Color, horn: Color, antlers: float) -> None:
    canvas.smooth([(-0.22, 0.2), (0.22, 0.2), (0.5, 1.5), (-0.5, 1.5)], _dark(coat, 0.14))
    canvas = canvas.at(0, 0.2, 1, _between(rng, -0.2, 0.2))
    _antlers(canvas.at(0, -0.28, 0.85 * antlers), float(antlers > 0), horn)
    for side in (-1, 1):
        canvas.smooth([
            (side * 0.2, -0.2), (side * 0.5, -0.4),
            (side * 0.82, -0.32), (side * 0.5, -0.1),
        ], _dark(coat, 0.1))  # fmt: skip
        canvas.ellipse(side * 0.5, -0.26, 0.16, 0.06, (212, 176, 150))
    canvas.smooth([(-0.28, -0.32), (0.28, -0.32), (0.3, 0.06), (0.15, 0.5), (-0.15, 0.5), (-0.3, 0.06)], coat)
    canvas.ellipse(0, 0.44, 0.15, 0.13, _pale(coat, 0.5))
    canvas.ellipse(0, 0.38, 0.1, 0.08, BLACK)
    for side in (-1, 1):
        canvas.ellipse(side * 0.22, -0.04, 0.075, 0.085, BLACK)


def _deer_resting(canvas: Canvas, rng: Generator, coat: Color, horn: Color, antlers: float) -> None:
    canvas.ellipse(-0.05, 0.66, 0.9, 0.1, (20, 20, 30, 80))
    canvas.stroke([(0.2, 0.3), (0.36, 0.0), (0.4, -0.26)], _dark(coat, 0.1), 0.36, 0.22)
    canvas.smooth(
        [(-0.8, 0.4), (-0.5, 0.06), (0.1, 0.06), (0.42, 0.2), (0.4, 0.58), (-0.2, 0.66), (-0.7, 0.62)], coat
    )
    canvas.stroke([(0.2, 0.56), (0.66, 0.5), (0.5, 0.66)], _dark(coat, 0.2), 0.14, 0.1)
    canvas.stroke([(-0.5, 0.5), (-0.2, 0.64), (-0.5, 0.68)], _dark(coat, 0.25), 0.14, 0.1)
    _deer_head(canvas.at(0.42, -0.34, 0.56, _between(rng, -0.2, 0.2)), coat, horn, antlers)


def _dog(canvas: Canvas, rng: Generator) -> None:
    coat = _vary(rng, _pick(rng, COATS))
    patch = _pick(rng, [_dark(coat, 0.45), _dark(coat, 0.25), _vary(rng, _pick(rng, COATS))])
    draw = _pick(rng, [_dog_portrait, _dog_sitting, _dog_standing, _dog_standing])
    draw(canvas, rng, coat, patch)


def _dog_head(canvas: Canvas, rng: Generator, coat: Color, patch: Color) -> None:
    """Seen from the side."""
    canvas.smooth([
        (-0.3, -0.2), (0.05, -0.38), (0.3, -0.12), (0.8, -0.02),
        (0.84, 0.2), (0.4, 0.34), (-0.1, 0.34),
    ], coat)  # fmt: skip
    if rng.random() < 0.5:
        canvas.smooth([(0.5, 0.24), (0.66, 0.22), (0.66, 0.46), (0.56, 0.5)], (206, 112, 116), shaded=False)
    canvas.stroke([(0.78, 0.2), (0.4, 0.24)], _dark(coat, 0.5), 0.05)
    canvas.ellipse(0.82, -0.02, 0.11, 0.09, BLACK)
    canvas.ellipse(0.18, -0.12, 0.07, 0.07, BLACK)
    if rng.random() < 0.75:
        canvas.smooth([(-0.08, -0.28), (-0.3, -0.22), (-0.42, 0.2), (-0.28, 0.46), (-0.06, 0.2)], patch)
    else:
        canvas.polygon([(-0.26, -0.18), (-0.2, -0.66), (0.06, -0.3)], patch)


def _dog_face(canvas: Canvas, rng: Generator, coat: Color, patch: Color) -> None:
    """Seen from the front."""
    canvas.smooth([(-0.34, -0.46), (0.34, -0.46), (0.52, 0.0), (0.3, 0.5), (-0.3, 0.5), (-0.52, 0.0)], coat)
    if rng.random() < 0.5:
        canvas.ellipse(0.24, -0.1, 0.2, 0.24, patch)
    if rng.random() < 0.5:
        canvas.smooth([(-0.1, 0.4), (0.1, 0.4), (0.12, 0.7), (-0.08, 0.72)], (206, 112, 116), shaded=False)
    canvas.ellipse(0, 0.24, 0.28, 0.25, _pale(coat, 0.5), shaded=True)
    canvas.ellipse(0, 0.12, 0.15, 0.11, BLACK)
    canvas.stroke([(-0.16, 0.4), (0, 0.34), (0.16, 0.4)], _dark(coat, 0.6), 0.05)
    hanging = rng.random() < 0.8
    for side in (-1, 1):
        canvas.ellipse(side * 0.24, -0.12, 0.085, 0.095, BLACK)
        if hanging:
            ear = [(0.26, -0.48), (0.58, -0.36), (0.76, 0.2), (0.58, 0.4), (0.46, 0.0)]
            canvas.smooth([(side * x, y) for x, y in ear], patch)
        else:
            canvas.polygon([(side * 0.14, -0.44), (side * 0.44, -0.8), (side * 0.5, -0.2)], patch)


def _dog_portrait(canvas: Canvas, rng: Generator, coat: Color, patch: Color) -> None:
    canvas.smooth([(-0.4, 0.2), (0.4, 0.2), (0.75, 1.4), (-0.75, 1.4)], _dark(coat, 0.12))
    if rng.random() < 0.6:
        _dog_face(
            canvas.at(0, -0.06, _between(rng, 1.05, 1.35), _between(rng, -0.25, 0.25)), rng, coat, patch
        )
    else:
        _dog_head(
            canvas.at(-0.1, -0.1, _between(rng, 1.05, 1.3), _between(rng, -0.25, 0.2)), rng, coat, patch
        )


def _dog_sitting(canvas: Canvas, rng: Generator, coat: Color, patch: Color) -> None:
    canvas.ellipse(0, 0.86, 0.66, 0.1, (20, 20, 30, 80))
    canvas.stroke([(-0.4, 0.78), (-0.7, 0.7), (-0.86, _between(rng, 0.2, 0.6))], patch, 0.15, 0.07)
    canvas.smooth(
        [(0, -0.36), (0.3, 0.0), (0.42, 0.6), (0.24, 0.88), (-0.36, 0.88), (-0.56, 0.6), (-0.34, 0.1)], coat
    )
    canvas.ellipse(0.1, 0.16, 0.18, 0.28, _pale(coat, 0.4))
    for x in (0.0, 0.26):
        canvas.stroke([(x, 0.2), (x + 0.02, 0.88)], _pale(coat, 0.1), 0.19, 0.16)
    canvas.stroke([(-0.2, 0.0), (0.26, 0.0)], _pick(rng, PAINTS), 0.09)
    if rng.random() < 0.6:
        _dog_face(canvas.at(0.06, -0.4, _between(rng, 0.75, 0.9), _between(rng, -0.3, 0.3)), rng, coat, patch)
    else:
        _dog_head(
            canvas.at(0.04, -0.36, _between(rng, 0.8, 0.95), _between(rng, -0.25, 0.2)), rng, coat, patch
        )


def _dog_standing(canvas: Canvas, rng: Generator, coat: Color, patch: Color) -> None:
    canvas.ellipse(-0.05, 0.78, 0.8, 0.1, (20, 20, 30, 80))
    canvas.stroke([(-0.6, 0.0), (-0.84, -0.14), (-0.94, _between(rng, -0.5, 0.2))], coat, 0.14, 0.06)
    _legs(canvas, rng, (-0.44, 0.24), 0.2, 0.76, 0.17, _dark(coat, 0.35))
    canvas.stroke([(0.22, 0.06), (0.48, -0.34)], _dark(coat, 0.08), 0.42, 0.32)
    canvas.smooth([
        (-0.68, 0.1), (-0.46, -0.14), (0.1, -0.1), (0.44, -0.1),
        (0.46, 0.26), (0.1, 0.3), (-0.5, 0.32),
    ], coat)  # fmt: skip
    if rng.random() < 0.5:
        canvas.ellipse(_between(rng, -0.4, 0.1), 0.04, 0.24, 0.14, patch)
    _legs(canvas, rng, (-0.52, 0.34), 0.16, 0.8, 0.2, _dark(coat, 0.06))
    canvas.stroke([(0.26, -0.22), (0.52, -0.08)], _pick(rng, PAINTS), 0.08)
    size, turn = _between(rng, 0.58, 0.7), _between(rng, -0.3, 0.25)
    head = _dog_face if rng.random() < 0.3 else _dog_head
    head(canvas.at(0.5, -0.36, size, turn), rng, coat, patch)


def _frog(canvas: Canvas, rng: Generator) -> None:
    skin = _vary(rng, _pick(rng, [
        (104, 150, 70), (84, 128, 74), (140, 158, 74), (122, 104, 66), (150, 118, 78), (92, 112, 88),
        (188, 112, 60), (70, 110, 150), (118, 128, 112), (160, 176, 100),
    ]))  # fmt: skip
    draw = _pick(rng, [_frog_ahead, _frog_ahead, _frog_beside, _frog_beside, _frog_above])
    draw(canvas, rng, skin, _pick(rng, [_dark(skin, 0.35), _pale(skin, 0.35)]))


def _frog_eye(canvas: Canvas, x: float, y: float, size: float, skin: Color) -> None:
    canvas.ellipse(x, y, size, size, skin, shaded=True)
    canvas.ellipse(x, y, 0.68 * size, 0.62 * size, (226, 196, 92))
    canvas.ellipse(x, y, 0.48 * size, 0.26 * size, BLACK)


def _frog_ahead(canvas: Canvas, rng: Generator, skin: Color, spots: Color) -> None:
    canvas.ellipse(0, 0.66, 0.9, 0.1, (20, 20, 30, 80))
    for side in (-1, 1):
        canvas.smooth([
            (side * 0.4, 0.1), (side * 0.84, 0.16),
            (side * 0.94, 0.6), (side * 0.5, 0.66),
        ], _dark(skin, 0.16))  # fmt: skip
    canvas.smooth([(-0.5, 0.0), (0.5, 0.0), (0.58, 0.5), (0.3, 0.66), (-0.3, 0.66), (-0.58, 0.5)], skin)
    canvas.ellipse(0, 0.42, 0.36, 0.22, _pale(skin, 0.5))
    for side in (-1, 1):
        canvas.stroke([(side * 0.4, 0.26), (side * 0.42, 0.68)], skin, 0.15, 0.1)
        canvas.stroke([(side * 0.26, 0.7), (side * 0.58, 0.7)], _dark(skin, 0.1), 0.1)
        canvas.ellipse(side * 0.55, -0.02 + 0.3, 0.06, 0.06, spots)
    canvas.smooth(
        [(-0.66, -0.06), (-0.3, -0.36), (0.3, -0.36), (0.66, -0.06), (0.4, 0.22), (-0.4, 0.22)], skin
    )
    canvas.stroke([(-0.56, -0.02), (-0.3, 0.09), (0.3, 0.09), (0.56, -0.02)], _dark(skin, 0.6), 0.06)
    for side in (-1, 1):
        _frog_eye(canvas, side * 0.4, -0.4, _between(rng, 0.2, 0.25), skin)


def _frog_beside(canvas: Canvas, rng: Generator, skin: Color, spots: Color) -> None:
    canvas.ellipse(0, 0.6, 0.9, 0.1, (20, 20, 30, 80))
    canvas.smooth([
        (-0.84, 0.46), (-0.4, -0.08), (0.3, -0.42), (0.82, -0.18),
        (0.76, 0.12), (0.4, 0.44), (-0.4, 0.56),
    ], skin)  # fmt: skip
    canvas.smooth([(0.8, -0.02), (0.66, 0.22), (0.2, 0.46), (0.3, 0.12)], _pale(skin, 0.5))
    canvas.stroke([(0.84, -0.06), (0.34, 0.06)], _dark(skin, 0.6), 0.06, 0.04)
    for x, y in ((-0.3, 0.0), (-0.08, -0.1), (-0.5, 0.2), (0.12, -0.18)):
        canvas.ellipse(x, y, 0.08, 0.06, spots)
    canvas.stroke([(0.34, 0.22), (0.5, 0.42), (0.4, 0.6), (0.64, 0.62)], _dark(skin, 0.12), 0.15, 0.08)
    canvas.smooth([(-0.9, 0.4), (-0.66, 0.06), (-0.24, 0.2), (-0.16, 0.42), (-0.5, 0.6)], _dark(skin, 0.06))
    canvas.stroke([(-0.74, 0.58), (-0.4, 0.56), (0.06, 0.62)], _dark(skin, 0.2), 0.14, 0.09)
    _frog_eye(canvas, 0.42, -0.4, _between(rng, 0.19, 0.25), skin)


def _frog_above(canvas: Canvas, rng: Generator, skin: Color, spots: Color) -> None:
    canvas = canvas.at(0, 0, turn=_between(rng, -2.5, 0.8))
    for side in (-1, 1):
        leg = canvas.at(0, 0, mirror=False) if side > 0 else canvas.at(0, 0, turn=np.pi, mirror=True)
        leg.stroke([(-0.3, 0.2), (-0.1, 0.7), (-0.66, 0.62), (-0.84, 0.86)], _dark(skin, 0.14), 0.28, 0.09)
        leg.stroke([(0.3, 0.26), (0.5, 0.56), (0.8, 0.6)], _dark(skin, 0.14), 0.15, 0.08)
    canvas.smooth([
        (-0.62, 0), (-0.4, -0.3), (0.1, -0.4), (0.5, -0.32),
        (0.78, 0), (0.5, 0.32), (0.1, 0.4), (-0.4, 0.3),
    ], skin)  # fmt: skip
    canvas.stroke([(-0.5, 0), (0.4, 0)], spots, 0.05)
    for x, y in ((-0.2, 0.18), (0.06, -0.2), (-0.34, -0.14), (0.16, 0.2)):
        canvas.ellipse(x, y, 0.08, 0.06, spots)
    for side in (-1, 1):
        _frog_eye(canvas, 0.48, side * 0.27, 0.16, skin)


def _horse(canvas: Canvas, rng: Generator) -> None:
    coat = _vary(rng, _pick(rng, [*COATS[:7], (176, 104, 60), (140, 84, 52)]))
    mane = _vary(rng, _pick(rng, [(48, 38, 36), (48, 38, 36), (226, 206, 168), (110, 74, 50)]), 8)
    draw = _pick(rng, [_horse_standing, _horse_standing, _horse_standing, _horse_portrait])
    draw(canvas, rng, coat, mane)


def _horse_head(canvas: Canvas, rng: Generator, coat: Color, mane: Color) -> None:
    canvas.polygon([(-0.16, -0.12), (-0.1, -0.52), (0.1, -0.2)], _dark(coat, 0.15))
    canvas.smooth([
        (-0.24, -0.12), (0.14, -0.28), (0.6, 0.16), (0.94, 0.46),
        (0.84, 0.7), (0.6, 0.64), (0.3, 0.38), (-0.1, 0.36),
    ], coat)  # fmt: skip
    canvas.smooth([(0.7, 0.34), (0.94, 0.48), (0.84, 0.7), (0.64, 0.62)], _dark(coat, 0.35))
    canvas.ellipse(0.84, 0.5, 0.05, 0.04, BLACK)
    if rng.random() < 0.4:
        canvas.stroke([(0.24, -0.12), (0.74, 0.3)], WHITE, 0.1, 0.08)
    canvas.ellipse(0.22, 0.02, 0.075, 0.075, BLACK)
    canvas.smooth([(-0.24, -0.3), (0.04, -0.3), (0.2, -0.06), (0.0, -0.1)], mane, shaded=False)


def _horse_standing(canvas: Canvas, rng: Generator, coat: Color, mane: Color) -> None:
    canvas.ellipse(-0.05, 0.9, 0.75, 0.09, (20, 20, 30, 80))
    sway = _between(rng, -0.12, 0.1)
    canvas.stroke(
        [(-0.56, -0.06), (-0.76, 0.06), (-0.8 + sway, 0.34), (-0.76 + 2 * sway, 0.62)], mane, 0.12, 0.14
    )
    _legs(canvas, rng, (-0.42, 0.24), 0.24, 0.9, 0.15, _dark(coat, 0.4))
    grazing = rng.random() < 0.25
    x, y = (0.68, 0.36) if grazing else (_between(rng, 0.42, 0.54), _between(rng, -0.58, -0.46))
    canvas.stroke(
        [(0.16, 0.12), ((x + 0.2) / 2 + 0.04, (y + 0.04) / 2), (x, y)], _dark(coat, 0.05), 0.52, 0.28
    )
    canvas.smooth([
        (-0.68, 0.08), (-0.46, -0.18), (-0.05, -0.08), (0.36, -0.14),
        (0.46, 0.16), (0.1, 0.32), (-0.5, 0.34),
    ], coat)  # fmt: skip
    canvas.stroke(
        [(0.08, -0.12), ((x + 0.0) / 2 + 0.02, (y - 0.16) / 2), (x - 0.08, y - 0.1)], mane, 0.1, 0.18
    )
    if rng.random() < 0.25:
        canvas.smooth([(-0.3, -0.18), (0.06, -0.16), (0.08, 0.12), (-0.22, 0.12)], _pick(rng, PAINTS))
    _legs(canvas, rng, (-0.52, 0.32), 0.2, 0.92, 0.18, _dark(coat, 0.06))
    _horse_head(canvas.at(x, y, 0.6, 0.35 if grazing else _between(rng, -0.25, 0.2)), rng, coat, mane)


def _horse_portrait(canvas: Canvas, rng: Generator, coat: Color, mane: Color) -> None:
    canvas.smooth(
        [(-0.5, -0.5), (0.0, -0.4), (0.3, 0.2), (0.4, 1.4), (-1.0, 1.4), (-0.8, 0.3)], _dark(coat, 0.08)
    )
    canvas.smooth([(-0.24, -0.66), (-0.4, 0.0), (-0.62, 0.8), (-1.0, 1.2), (-0.86, 0.2), (-0.56, -0.4)], mane)
    _horse_head(canvas.at(-0.16, -0.36, _between(rng, 1.0, 1.2), _between(rng, -0.2, 0.2)), rng, coat, mane)
    if rng.random() < 0.4:
        canvas.stroke([(-0.2, 0.05), (0.3, -0.2), (0.42, 0.32)], (96, 60, 44), 0.06)


def _ship(canvas: Canvas, rng: Generator) -> None:
    hull = _vary(rng, _pick(rng, [*PAINTS, (58, 62, 72), (48, 88, 140), (128, 48, 58)]))
    draw = _pick(rng, [_sailing_ship, _sailing_ship, _cargo_ship, _liner, _fishing_ship, _ship_ahead])
    draw(canvas, rng, hull, _vary(rng, _pick(rng, PAINTS)))
    foam = [
        (-1.3, 0.6),
        (-0.6, 0.52),
        (0.1, 0.58),
        (0.8, 0.5),
        (1.3, 0.6),
        (0.9, 0.7),
        (0, 0.68),
        (-0.9, 0.72),
    ]
    canvas.smooth(foam, (226, 236, 240, 150), shaded=False)


def _hull(canvas: Canvas, color: Color, deck: float) -> None:
    canvas.polygon([(-0.95, deck), (1.02, deck - 0.1), (0.76, 0.6), (-0.84, 0.6)], color)
    canvas.polygon([(-0.9, 0.48), (0.84, 0.46), (0.76, 0.62), (-0.84, 0.62)], _dark(color, 0.35))
    canvas.stroke([(-0.95, deck), (1.02, deck - 0.1)], _pale(color, 0.6), 0.06)


def _sailing_ship(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    sail = _vary(rng, _pick(rng, [(244, 240, 228), (236, 224, 200), (222, 226, 232), trim]), 8)
    mast = _between(rng, -0.1, 0.2)
    if rng.random() < 0.65:
        canvas.stroke([(mast, 0.4), (mast, -0.98)], (96, 76, 60), 0.07)
        canvas.smooth([(mast - 0.06, -0.9), (mast - 0.06, 0.22), (-0.8, 0.2), (-0.4, -0.3)], sail)
        canvas.polygon([(mast + 0.06, -0.84), (0.86, 0.2), (mast + 0.06, 0.16)], _dark(sail, 0.12))
    else:
        for x in (-0.42, 0.34):
            canvas.stroke([(x, 0.4), (x, -0.98)], (96, 76, 60), 0.07)
            canvas.polygon([(x, -0.98), (x - 0.26, -0.92), (x, -0.84)], trim)
            for top, half in ((-0.8, 0.24), (-0.34, 0.34)):
                left, right, foot = x - half, x + half, top + 0.42
                canvas.polygon(
                    [(left, top), (right, top), (right + 0.07, foot), (left + 0.07, foot)], sail, True
                )
        canvas.stroke([(0.7, 0.25), (1.1, -0.02)], (96, 76, 60), 0.06)
    _hull(canvas, hull, _between(rng, 0.24, 0.36))


def _cargo_ship(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    deck = _between(rng, 0.1, 0.24)
    for x in (-0.4, -0.16, 0.08, 0.32, 0.56):
        for level in range(int(rng.integers(1, 4))):
            box = _vary(rng, _pick(rng, PAINTS))
            canvas.box(x, deck - 0.18 - 0.18 * level, x + 0.22, deck - 0.18 * level, box)
    canvas.box(-0.88, -0.4, -0.48, deck + 0.05, (232, 230, 222))
    canvas.box(-0.84, -0.3, -0.48, -0.2, (70, 88, 104))
    canvas.box(-0.76, -0.66, -0.6, -0.4, trim)
    _hull(canvas, hull, deck)


def _liner(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    deck, funnels = _between(rng, 0.14, 0.26), _pick(rng, [(0.0,), (-0.3, 0.2), (-0.45, -0.05, 0.35)])
    for x in funnels:
        canvas.polygon([(x - 0.12, -0.2), (x - 0.16, -0.68), (x + 0.06, -0.68), (x + 0.1, -0.2)], trim)
        canvas.box(x - 0.17, -0.68, x + 0.07, -0.58, BLACK)
        if rng.random() < 0.5:
            canvas.ellipse(x - 0.3, -0.86, 0.26, 0.11, (225, 225, 225, 130))
    white = (240, 238, 230)
    canvas.polygon([(-0.62, -0.26), (0.5, -0.26), (0.58, -0.04), (-0.66, -0.04)], white)
    canvas.polygon(
        [(-0.8, -0.06), (0.7, -0.06), (0.78, deck + 0.05), (-0.84, deck + 0.05)], _dark(white, 0.1)
    )
    for y in (-0.18, 0.02):
        for x in _steps(-0.56, 0.5, 0.19):
            canvas.box(x, y, x + 0.1, y + 0.08, (70, 88, 104))
    _hull(canvas, hull, deck)


def _fishing_ship(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    cabin = _between(rng, -0.5, 0.1)
    canvas.stroke([(cabin - 0.12, 0.1), (cabin - 0.12, -0.9)], (96, 76, 60), 0.06)
    canvas.stroke([(cabin - 0.12, -0.7), (0.9, 0.1)], (96, 76, 60), 0.04)
    canvas.box(cabin - 0.3, -0.28, cabin + 0.36, 0.32, (236, 232, 220))
    canvas.box(cabin - 0.38, -0.36, cabin + 0.44, -0.26, trim)
    for x in (cabin - 0.2, cabin + 0.1):
        canvas.box(x, -0.16, x + 0.18, 0.02, (70, 88, 104))
    canvas.smooth([(-0.96, 0.12), (0, 0.26), (0.7, 0.12), (1.02, -0.06), (0.8, 0.6), (-0.8, 0.6)], hull)
    canvas.stroke([(-0.92, 0.16), (0, 0.28), (0.98, 0.0)], _pale(hull, 0.6), 0.06)


def _ship_ahead(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    canvas.stroke([(0, -0.4), (0, -0.98)], (110, 110, 116), 0.06)
    canvas.box(-0.3, -0.6, 0.3, 0.1, (238, 236, 228))
    canvas.box(-0.5, -0.42, 0.5, -0.16, (226, 224, 216))
    canvas.box(-0.44, -0.36, 0.44, -0.24, (70, 88, 104))
    canvas.box(-0.12, -0.78, 0.12, -0.58, trim)
    canvas.smooth([(-0.64, -0.02), (0, 0.08), (0.64, -0.02), (0.42, 0.62), (-0.42, 0.62)], hull)
    canvas.polygon([(0, 0.0), (0.06, 0.62), (-0.06, 0.62)], _pale(hull, 0.3))


def _truck(canvas: Canvas, rng: Generator) -> None:
    paint, load, glass = _vary(rng, _pick(rng, PAINTS)), _vary(rng, _pick(rng, PAINTS)), _pick(rng, GLASS)
    draw = _pick(rng, [_truck_beside, _truck_beside, _truck_beside, _truck_ahead])
    draw(canvas, rng, paint, load, glass)


def _truck_beside(canvas: Canvas, rng: Generator, paint: Color, load: Color, glass: Color) -> None:
    canvas.ellipse(0, 0.64, 1.0, 0.1, (20, 20, 30, 110))
    canvas.box(-0.95, 0.3, 0.9, 0.46, (66, 64, 70))
    cargo = _pick(rng, [_cargo_box, _cargo_box, _cargo_box, _cargo_tank, _cargo_gravel, _cargo_open])
    cargo(canvas, rng, load)
    bonnet = rng.random() < 0.4
    if bonnet:
        canvas.polygon(
            [(0.4, -0.36), (0.7, -0.36), (0.78, 0.02), (1.02, 0.06), (1.04, 0.46), (0.4, 0.46)], paint
        )
        canvas.polygon([(0.5, -0.26), (0.66, -0.26), (0.73, 0.02), (0.5, 0.02)], glass)
    else:
        canvas.polygon([(0.42, -0.42), (0.86, -0.42), (0.98, 0.02), (1.0, 0.48), (0.42, 0.48)], paint)
        canvas.polygon([(0.56, -0.32), (0.8, -0.32), (0.9, 0.0), (0.56, 0.0)], glass)
    canvas.box(0.46, 0.1, 0.56, 0.15, _dark(paint, 0.5))
    canvas.ellipse(0.96, 0.26, 0.06, 0.07, (252, 238, 190))
    rear = _pick(rng, [(-0.62,), (-0.7, -0.36), (-0.76, -0.44, 0.1)])
    _wheels(canvas, (*rear, 0.68), 0.48, _between(rng, 0.16, 0.21))


def _cargo_box(canvas: Canvas, rng: Generator, load: Color) -> None:
    top = _between(rng, -0.72, -0.5)
    canvas.box(-0.98, top, 0.36, 0.34, load)
    canvas.box(-0.98, top, 0.36, top + 0.08, _pale(load, 0.4))
    canvas.box(-0.98, 0.24, 0.36, 0.34, _dark(load, 0.3))
    if rng.random() < 0.5:
        canvas.box(-0.8, -0.3, 0.16, -0.06, _vary(rng, _pick(rng, PAINTS)))


def _cargo_tank(canvas: Canvas, rng: Generator, load: Color) -> None:
    canvas.smooth(
        [(-0.98, -0.3), (-0.3, -0.42), (0.34, -0.3), (0.38, 0.16), (-0.3, 0.34), (-1.0, 0.16)], load
    )
    for x in (-0.7, -0.3, 0.1):
        canvas.box(x, -0.38, x + 0.05, 0.3, _dark(load, 0.3))


def _cargo_gravel(canvas: Canvas, rng: Generator, load: Color) -> None:
    canvas.smooth([(-0.9, -0.2), (-0.3, _between(rng, -0.7, -0.4)), (0.3, -0.2)], _vary(rng, (156, 130, 100)))
    canvas.polygon([(-1.02, -0.22), (0.38, -0.28), (0.3, 0.34), (-0.88, 0.34)], load)
    for x in (-0.7, -0.35, 0):
        canvas.box(x, -0.2, x + 0.06, 0.34, _dark(load, 0.25))


def _cargo_open(canvas: Canvas, rng: Generator, load: Color) -> None:
    for x in (-0.8, -0.5, -0.2):
        canvas.ellipse(x, -0.12, 0.17, 0.17, _vary(rng, (150, 108, 70)), shaded=True)
    canvas.box(-0.98, 0.0, 0.38, 0.36, load)
    canvas.box(-0.98, 0.12, 0.38, 0.17, _dark(load, 0.3))


def _truck_ahead(canvas: Canvas, rng: Generator, paint: Color, load: Color, glass: Color) -> None:
    width, top = _between(rng, 0.5, 0.62), _between(rng, -0.9, -0.65)
    canvas.ellipse(0, 0.82, width * 1.25, 0.1, (20, 20, 30, 110))
    for side in (-1, 1):
        canvas.box(side * width * 0.76 - 0.12, 0.4, side * width * 0.76 + 0.12, 0.86, BLACK)
        canvas.box(side * (width + 0.14) - 0.05, -0.36, side * (width + 0.14) + 0.05, -0.08, BLACK)
    canvas.box(-width - 0.06, top, width + 0.06, 0.2, load)
    canvas.box(-width, -0.52, width, 0.66, paint)
    canvas.polygon(
        [(-0.86 * width, -0.42), (0.86 * width, -0.42), (0.92 * width, -0.02), (-0.92 * width, -0.02)], glass
    )
    canvas.polygon(
        [(-0.4 * width, -0.42), (0, -0.42), (-0.4 * width, -0.02), (-0.8 * width, -0.02)], _pale(glass)
    )
    for y in (0.12, 0.22, 0.32):
        canvas.box(-0.5 * width, y, 0.5 * width, y + 0.05, _dark(paint, 0.5))
    canvas.box(-width - 0.04, 0.54, width + 0.04, 0.7, (112, 112, 118))
    for side in (-1, 1):
        canvas.ellipse(side * 0.76 * width, 0.4, 0.1, 0.09, (252, 240, 200))


# The usual scenes of a kind come up in three images of five (one that is named twice, twice as often), any
# scene in the others: the background hints at the kind, but does not give it away.
KINDS: list[tuple[Callable[[Canvas, Generator], None], list]] = [
    (_airplane, [_open_sky, _open_sky, _open_sky, _sunset, _road, _sea, _snow]),
    (_automobile, [_road, _road, _town, _town, _sand, _meadow, _snow]),
    (_bird, [_open_sky, _open_sky, _sea, _pond, _forest, _meadow, _sunset]),
    (_cat, [_room, _room, _room, _meadow, _town, _snow]),
    (_deer, [_forest, _forest, _meadow, _meadow, _snow, _sunset]),
    (_dog, [_room, _room, _meadow, _meadow, _town, _sand, _snow]),
    (_frog, [_pond, _pond, _pond, _meadow, _forest, _sand]),
    (_horse, [_meadow, _meadow, _meadow, _sand, _sand, _forest, _sunset]),
    (_ship, [_sea, _sea, _sea, _sea, _sunset, _pond]),
    (_truck, [_road, _road, _town, _town, _sand, _snow, _sunset]),
]


# In front of the thing ------------------------------------------------------------


def _pole(canvas: Canvas, rng: Generator) -> None:
    x, width = _between(rng, -0.8, 0.8), _between(rng, 0.04, 0.1)
    color = _vary(rng, _pick(rng, [(92, 74, 60), (120, 122, 128), (168, 150, 126), (60, 62, 70)]))
    lean = _between(rng, -0.15, 0.15)
    canvas.polygon([(x - width + lean, -1), (x + width + lean, -1), (x + width, 1), (x - width, 1)], color)


def _branch(canvas: Canvas, rng: Generator) -> None:
    start, end = _between(rng, -1.0, 0.7), _between(rng, -1.0, 0.7)
    canvas.stroke([(-1.1, start), (0, (start + end) / 2 - 0.1), (1.1, end)], (92, 72, 58), 0.1, 0.05)
    leaf = _vary(rng, _pick(rng, [(96, 132, 74), (140, 146, 80), (190, 124, 70), (76, 104, 84)]))
    for x in rng.uniform(-1, 1, 6).tolist():
        y = start + (end - start) * (x + 1) / 2
        canvas.ellipse(x, y + _between(rng, -0.15, 0.1), 0.15, 0.09, leaf, shaded=True)


def _tall_grass(canvas: Canvas, rng: Generator) -> None:
    color = _vary(rng, _pick(rng, [(104, 138, 74), (150, 148, 84), (84, 112, 72), (196, 176, 116)]))
    top = _between(rng, 0.1, 0.65)
    for x in np.linspace(-1, 1, 14).tolist():
        tip = (x + _between(rng, -0.2, 0.2), top + _between(rng, -0.15, 0.25))
        canvas.stroke([(x, 1.05), tip], color, 0.13, 0.02)


def _fence(canvas: Canvas, rng: Generator) -> None:
    color = _vary(rng, _pick(rng, [(150, 118, 88), (222, 214, 200), (108, 90, 76), (130, 134, 140)]))
    y = _between(rng, 0.1, 0.6)
    for top in (y, y + 0.28):
        canvas.box(-1, top, 1, top + 0.09, color)
    for x in _steps(_between(rng, -1.2, -0.8), 1, 0.7):
        canvas.box(x, y - 0.12, x + 0.12, 1, _dark(color, 0.12))


def _stone(canvas: Canvas, rng: Generator) -> None:
    stones = [(140, 134, 128), (112, 110, 116), (96, 120, 80), (168, 146, 120)]
    color = _vary(rng, _pick(rng, [*stones, *PAINTS]))
    width, height = _between(rng, 0.35, 0.6), _between(rng, 0.3, 0.6)
    x, y = _pick(rng, [-1, 1]) * _between(rng, 0.6, 1), _between(rng, 0.6, 1)
    canvas.ellipse(x, y, width, height, color, shaded=True)


def _flakes(canvas: Canvas, rng: Generator) -> None:
    for x, y in rng.uniform(-1, 1, (14, 2)).tolist():
        canvas.ellipse(x, y, 0.05, 0.05, (255, 255, 255, 170))


COVERS = [_pole, _pole, _branch, _branch, _tall_grass, _tall_grass, _fence, _stone, _stone, _flakes]


# Light and noise ------------------------------------------------------------

ACROSS = np.linspace(-1, 1, SIDE, dtype=np.float32)
TINTS = [(1, 1, 1), (1, 1, 1), (1.06, 1, 0.92), (0.94, 1, 1.06), (1.1, 0.96, 0.84), (0.86, 0.93, 1.08)]


def _lit(pixels: np.ndarray, rng: Generator, light: float) -> np.ndarray:
    """Day or dusk, brighter on the side the light comes from, haze, and the noise of a camera."""
    tint = _pick(rng, TINTS)
    gain = _between(rng, 0.84, 1.16)
    slope = _between(rng, 0, 0.28)
    field = gain * (1 + slope * (light * ACROSS[None, :] - 0.6 * ACROSS[:, None]))
    pixels = pixels * (field[:, :, None] * np.array(tint)).astype(np.float32)
    haze = max(0.0, _between(rng, -0.3, 0.25))
    pixels += haze * (200 - pixels)
    pixels += _between(rng, 1.5, 5) * rng.standard_normal(pixels.shape, dtype=np.float32)
    return pixels.clip(0, 255).astype(np.uint8)


# Images ------------------------------------------------------------


def draw_doodle(kind: int, rng: Generator) -> np.ndarray:
    """Draw one image of the kind `CLASS_NAMES[kind]`: shape (32, 32, 3), uint8 from 0 to 255.

    It takes all its chances from `rng`. Raises `ValueError` when `kind` is not 0 to 9.
    """
    if kind not in range(len(CLASS_NAMES)):
        raise ValueError(f"kind is a number from 0 to {len(CLASS_NAMES) - 1}, not {kind!r}.")
    draw_thing, usual_scenes = KINDS[kind]
    canvas = Canvas(Image.new("RGB", (SIDE * ZOOM, SIDE * ZOOM)), light=_between(rng, -1, 1))
    draw_scene = _pick(rng, usual_scenes if rng.random() < 0.6 else SCENES)
    draw_scene(canvas, rng)
    place = canvas.at(
        x=rng.normal(0, 0.15),
        y=rng.normal(0.02, 0.1),
        scale=_between(rng, 0.72, 1.08),
        turn=rng.normal(0, 0.07),
        mirror=rng.random() < 0.5,
        lean=rng.normal(0, 0.12),
        stretch=_between(rng, 0.85, 1.1),
    )
    draw_thing(place, rng)
    if rng.random() < 0.3:
        _pick(rng, COVERS)(canvas, rng)
    return _lit(np.asarray(canvas.paper.reduce(ZOOM), dtype=np.float32), rng, canvas.light)


def draw_doodles(count: int, seed: int | np.random.SeedSequence) -> tuple[np.ndarray, np.ndarray]:
    """Draw `count` images, as many of each kind as of any other (or one more), in a shuffled order.

    Returns the images, shape (count, 32, 32, 3), uint8 from 0 to 255, and their kinds, shape (count,),
    int64 from 0 to 9. The same seed gives the same images. Raises `ValueError` when `count` is negative.
    """
    if count < 0:
        raise ValueError(f"count is 0 or more, not {count}.")
    rng = np.random.default_rng(seed)
    kinds = rng.permutation(np.arange(count, dtype=np.int64) % len(CLASS_NAMES))
    images = np.empty((count, SIDE, SIDE, 3), dtype=np.uint8)
    for image, kind in zip(images, kinds, strict=True):
        image[:] = draw_doodle(int(kind), rng)
    return images, kinds


# The cache ------------------------------------------------------------

NAMES = ("x_train", "y_train", "x_test", "y_test")


def load_doodles(cache_dir: Path | None = None) -> Arrays:
    """The built-in images: 10,000 to train on and 2,000 to test with, always the same.

    Returns x_train (10000, 32, 32, 3) uint8, y_train (10000,) int64, x_test (2000, 32, 32, 3) uint8 and
    y_test (2000,) int64; images hold 0 to 255, labels 0 to 9. With a `cache_dir` they are drawn once and
    then read from a file of 37 MB in it. A damaged file is drawn again; where nothing can be written, nothing
    is. Raises no error of its own.
    """
    cache_file = None if cache_dir is None else Path(cache_dir) / f"doodles-{_fingerprint()}.npz"
    arrays = None if cache_file is None else _read_cache(cache_file)
    if arrays is None:
        train_seed, test_seed = np.random.SeedSequence(SEED).spawn(2)
        arrays = (*draw_doodles(TRAIN_SIZE, train_seed), *draw_doodles(TEST_SIZE, test_seed))
        if cache_file is not None:
            with contextlib.suppress(OSError):  # a cache only saves time: without it all works as well
                _write_cache(cache_file, arrays)
    return arrays


def _fingerprint() -> str:
    """Changes with whatever the images depend on, so that an old file is never taken for a new one."""
    versions = f"{PIL.__version__} {np.__version__}"
    return hashlib.sha256(Path(__file__).read_bytes() + versions.encode()).hexdigest()[:12]


def _read_cache(cache_file: Path) -> Arrays | None:
    """The arrays in the file, or None when it is not there or not whole."""
    try:
        with np.load(cache_file, allow_pickle=False) as archive:
            arrays = tuple(archive[name] for name in NAMES)
    except Exception:  # a damaged archive can raise nearly anything
        return None
    image = (SIDE, SIDE, 3)
    shapes = [(TRAIN_SIZE, *image), (TRAIN_SIZE,), (TEST_SIZE, *image), (TEST_SIZE,)]
    types = [np.uint8, np.int64, np.uint8, np.int64]
    whole = [array.shape for array in arrays] == shapes and [array.dtype for array in arrays] == types
    return arrays if whole else None


def _write_cache(cache_file: Path, arrays: Arrays) -> None:
    """Write beside the file and move into place at the end, so that the file is whole or not there at all."""
    cache_file.parent.mkdir(parents=True, exist_ok=True)
    for leftover in cache_file.parent.glob("doodles-*.tmp"):
        if time.time() - leftover.stat().st_mtime > 3600:  # its process was killed long ago
            leftover.unlink(missing_ok=True)
    unfinished = cache_file.with_name(f"doodles-{uuid.uuid4().hex}.tmp")
    try:
        with unfinished.open("xb") as stream:
            np.savez(stream, **dict(zip(NAMES, arrays, strict=True)))
        unfinished.replace(cache_file)
    finally:
        unfinished.unlink(missing_ok=True)  # only there if something went wrong


VERSION = 1


def draw_dataset() -> Arrays:
    """Return x_train, y_train, x_test, y_test of the built-in images."""
    train_seed, test_seed = np.random.SeedSequence(SEED).spawn(2)
    return (*draw_doodles(TRAIN_SIZE, train_seed), *draw_doodles(TEST_SIZE, test_seed))
