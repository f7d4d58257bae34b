"""What may stand in front of the thing."""

from doodles.canvas import PAINTS, Canvas, between, dark, pick, steps, vary

import numpy as np
from numpy.random import Generator


def _pole(canvas: Canvas, rng: Generator) -> None:
    x, width = between(rng, -0.8, 0.8), between(rng, 0.04, 0.1)
    color = vary(rng, pick(rng, [(92, 74, 60), (120, 122, 128), (168, 150, 126), (60, 62, 70)]))
    lean = between(rng, -0.15, 0.15)
    canvas.polygon([(x - width + lean, -1), (x + width + lean, -1), (x + width, 1), (x - width, 1)], color)


def _branch(canvas: Canvas, rng: Generator) -> None:
    start, end = between(rng, -1.0, 0.7), between(rng, -1.0, 0.7)
    canvas.stroke([(-1.1, start), (0, (start + end) / 2 - 0.1), (1.1, end)], (92, 72, 58), 0.1, 0.05)
    leaf = vary(rng, pick(rng, [(96, 132, 74), (140, 146, 80), (190, 124, 70), (76, 104, 84)]))
    for x in rng.uniform(-1, 1, 6).tolist():
        y = start + (end - start) * (x + 1) / 2
        canvas.ellipse(x, y + between(rng, -0.15, 0.1), 0.15, 0.09, leaf, shaded=True)


def _tall_grass(canvas: Canvas, rng: Generator) -> None:
    color = vary(rng, pick(rng, [(104, 138, 74), (150, 148, 84), (84, 112, 72), (196, 176, 116)]))
    top = between(rng, 0.1, 0.65)
    for x in np.linspace(-1, 1, 14).tolist():
        tip = (x + between(rng, -0.2, 0.2), top + between(rng, -0.15, 0.25))
        canvas.stroke([(x, 1.05), tip], color, 0.13, 0.02)


def _fence(canvas: Canvas, rng: Generator) -> None:
    color = vary(rng, pick(rng, [(150, 118, 88), (222, 214, 200), (108, 90, 76), (130, 134, 140)]))
    y = between(rng, 0.1, 0.6)
    for top in (y, y + 0.28):
        canvas.box(-1, top, 1, top + 0.09, color)
    for x in steps(between(rng, -1.2, -0.8), 1, 0.7):
        canvas.box(x, y - 0.12, x + 0.12, 1, dark(color, 0.12))


def _stone(canvas: Canvas, rng: Generator) -> None:
    stones = [(140, 134, 128), (112, 110, 116), (96, 120, 80), (168, 146, 120)]
    color = vary(rng, pick(rng, [*stones, *PAINTS]))
    width, height = between(rng, 0.35, 0.6), between(rng, 0.3, 0.6)
    x, y = pick(rng, [-1, 1]) * between(rng, 0.6, 1), between(rng, 0.6, 1)
    canvas.ellipse(x, y, width, height, color, shaded=True)


def _flakes(canvas: Canvas, rng: Generator) -> None:
    for x, y in rng.uniform(-1, 1, (14, 2)).tolist():
        canvas.ellipse(x, y, 0.05, 0.05, (255, 255, 255, 170))


COVERS = [_pole, _pole, _branch, _branch, _tall_grass, _tall_grass, _fence, _stone, _stone, _flakes]
