"""Birds, cats, deer, dogs, frogs and horses, one function a kind, with its parts after it."""

from collections.abc import Sequence

from doodles.canvas import BLACK, PAINTS, WHITE, Canvas, Color, between, dark, pale, pick, vary

import numpy as np
from numpy.random import Generator

COATS = [
    (150, 98, 58), (112, 72, 46), (184, 138, 88), (212, 180, 136), (70, 56, 50), (128, 122, 118),
    (228, 220, 206), (198, 128, 70), (92, 88, 92), (166, 150, 132),
]  # fmt: skip


def bird(canvas: Canvas, rng: Generator) -> None:
    feathers = [*COATS, (178, 66, 52), (72, 112, 168), (214, 170, 70), (238, 236, 230), (64, 64, 76)]
    body, wing = vary(rng, pick(rng, feathers)), vary(rng, pick(rng, feathers))
    beak = pick(rng, [(232, 160, 60), (220, 120, 60), (84, 76, 70), (228, 200, 90)])
    draw = pick(rng, [_bird_perched, _bird_perched, _bird_flying, _bird_flying, _bird_swimming, _bird_wading])
    draw(canvas, rng, body, wing, beak)


def _bird_head(canvas: Canvas, color: Color, beak: Color, length: float) -> None:
    canvas.polygon([(0.1, -0.13), (0.2 + length, 0.06), (0.1, 0.12)], beak)
    canvas.ellipse(0, 0, 0.22, 0.21, color, shaded=True)
    canvas.ellipse(0.08, -0.05, 0.06, 0.06, WHITE)
    canvas.ellipse(0.09, -0.05, 0.045, 0.045, BLACK)


def _bird_perched(canvas: Canvas, rng: Generator, body: Color, wing: Color, beak: Color) -> None:
    canvas.stroke([(-1.4, 0.72), (0, 0.66), (1.4, between(rng, 0.5, 0.8))], (104, 80, 62), 0.14, 0.08)
    canvas = canvas.at(0, 0, turn=between(rng, -0.35, 0.25))
    for x in (-0.02, 0.14):
        canvas.stroke([(x, 0.4), (x + 0.02, 0.7)], dark(beak, 0.2), 0.05)
    canvas.polygon([(-0.35, 0.1), (-0.95, 0.44), (-0.86, 0.6), (-0.2, 0.34)], dark(wing, 0.2))
    canvas.smooth([(-0.5, 0.22), (-0.2, -0.18), (0.2, -0.4), (0.46, -0.2), (0.44, 0.2), (0.1, 0.48)], body)
    canvas.ellipse(0.28, 0.12, 0.16, 0.24, pale(body, 0.4))
    canvas.smooth([(0.14, -0.14), (0.2, 0.1), (-0.1, 0.3), (-0.66, 0.36), (-0.25, 0.0)], wing)
    _bird_head(canvas.at(0.36, -0.44, 1.15), body, beak, between(rng, 0.12, 0.3))


def _bird_flying(canvas: Canvas, rng: Generator, body: Color, wing: Color, beak: Color) -> None:
    lift = pick(rng, [-1, -1, 1]) * between(rng, 0.5, 0.95)  # wings up or down
    canvas = canvas.at(0, -0.25 * lift, turn=between(rng, -0.4, 0.3))
    canvas.smooth([
        (0.3, -0.05), (0.34, lift * 0.8), (0.12, lift - 0.12),
        (-0.06, lift * 0.6), (-0.1, 0),
    ], dark(wing, 0.3))  # fmt: skip
    canvas.polygon([(-0.4, -0.06), (-0.98, -0.16), (-0.9, 0.02), (-0.98, 0.18), (-0.4, 0.1)], dark(wing, 0.1))
    canvas.smooth([(-0.6, 0.02), (0, -0.18), (0.5, -0.12), (0.6, 0.06), (0.1, 0.2)], body)
    _bird_head(canvas.at(0.6, -0.06, 0.9), body, beak, between(rng, 0.15, 0.35))
    canvas.smooth(
        [(0.3, 0.0), (0.04, lift * 0.7), (-0.4, lift - 0.05), (-0.62, lift * 0.9), (-0.3, 0.02)], wing
    )


def _bird_swimming(canvas: Canvas, rng: Generator, body: Color, wing: Color, beak: Color) -> None:
    neck = between(rng, 0.25, 0.7)
    canvas.ellipse(0, 0.42, 0.95, 0.13, (255, 255, 255, 90))
    canvas.polygon([(-0.5, 0.1), (-0.95, -0.12), (-0.7, 0.36)], dark(wing, 0.2))
    canvas.smooth([(-0.8, 0.16), (-0.3, -0.06), (0.3, 0.02), (0.62, 0.1), (0.56, 0.4), (-0.5, 0.44)], body)
    canvas.stroke([(0.36, 0.26), (0.56, 0.1 - 0.4 * neck), (0.44, 0.1 - neck)], body, 0.34, 0.22)
    _bird_head(canvas.at(0.48, 0.06 - neck, 1.05), body, beak, between(rng, 0.2, 0.3))
    canvas.smooth([(0.2, 0.1), (0.1, 0.3), (-0.4, 0.32), (-0.84, 0.06), (-0.3, 0.02)], wing)


def _bird_wading(canvas: Canvas, rng: Generator, body: Color, wing: Color, beak: Color) -> None:
    for x, step in ((-0.12, between(rng, -0.2, 0.1)), (0.08, between(rng, -0.1, 0.25))):
        canvas.stroke([(x, 0.25), (x + 0.06, 0.6), (x + step, 0.95)], dark(beak, 0.15), 0.06)
    canvas.smooth([(-0.75, 0.3), (-0.4, -0.02), (0.1, -0.14), (0.38, 0.06), (0.2, 0.34), (-0.3, 0.4)], body)
    canvas.stroke([(0.22, 0.12), (0.46, -0.16), (0.26, -0.4), (0.36, -0.68)], body, 0.24, 0.12)
    _bird_head(canvas.at(0.38, -0.72, 0.75), body, beak, between(rng, 0.35, 0.6))
    canvas.smooth([(0.18, 0.0), (0.04, 0.24), (-0.5, 0.36), (-0.86, 0.38), (-0.3, 0.02)], wing)


def _legs(
    canvas: Canvas, rng: Generator, xs: Sequence[float], top: float, foot: float, width: float, color: Color
) -> None:
    """A pair of legs with a joint, each with a step of its own."""
    for x in xs:
        step = between(rng, -0.16, 0.16)
        knee = (top + foot) / 2
        canvas.stroke([(x, top), (x + 0.6 * step + 0.03, knee), (x + step, foot)], color, width, 0.55 * width)


def cat(canvas: Canvas, rng: Generator) -> None:
    coat = vary(rng, pick(rng, COATS))
    draw = pick(rng, [_cat_portrait, _cat_sitting, _cat_sitting, _cat_walking, _cat_lying])
    draw(canvas, rng, coat, pick(rng, [dark(coat, 0.3), pale(coat, 0.6), coat]))


def _cat_head(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    iris = pick(rng, [(176, 186, 84), (214, 172, 70), (130, 174, 170), (120, 160, 90)])
    for side in (-1, 1):
        canvas.polygon([(side * 0.1, -0.28), (side * 0.42, -0.84), (side * 0.54, -0.1)], dark(coat, 0.18))
        canvas.polygon([(side * 0.24, -0.34), (side * 0.4, -0.66), (side * 0.46, -0.2)], (208, 150, 142))
    canvas.smooth([(-0.3, -0.4), (0.3, -0.4), (0.58, 0.06), (0.3, 0.44), (-0.3, 0.44), (-0.58, 0.06)], coat)
    for x in (-0.14, 0, 0.14):
        canvas.stroke([(x, -0.44), (x * 0.8, -0.2)], marks, 0.08, 0.03)
    canvas.ellipse(0, 0.26, 0.24, 0.17, pale(coat, 0.55))
    for side in (-1, 1):
        canvas.ellipse(side * 0.25, -0.02, 0.15, 0.12, iris)
        canvas.ellipse(side * 0.25, -0.02, 0.055, 0.115, BLACK)
        canvas.stroke([(side * 0.2, 0.24), (side * 0.75, 0.2)], (250, 248, 240, 150), 0.035)
    canvas.polygon([(-0.09, 0.14), (0.09, 0.14), (0, 0.25)], (196, 112, 108))


def _cat_tail(canvas: Canvas, rng: Generator, x: float, y: float, coat: Color) -> None:
    curl = between(rng, -0.25, 0.35)
    canvas = canvas.at(x, y)
    path = [(0, 0), (-0.3, -0.02), (-0.42, -0.3), (-0.36 - 0.5 * curl, -0.62), (-0.3 + curl, -0.8)]
    canvas.stroke(path, dark(coat, 0.14), 0.15, 0.1)


def _cat_portrait(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    canvas.smooth([(-0.4, 0.2), (0.4, 0.2), (0.75, 1.4), (-0.75, 1.4)], dark(coat, 0.12))
    _cat_head(canvas.at(0, 0.02, between(rng, 1.1, 1.4), between(rng, -0.25, 0.25)), rng, coat, marks)


def _cat_sitting(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    canvas.ellipse(0, 0.86, 0.66, 0.1, (20, 20, 30, 80))
    _cat_tail(canvas.at(-0.15, 0.78, between(rng, 0.8, 1.1)), rng, 0, 0, coat)
    canvas.smooth(
        [(0, -0.4), (0.3, 0.1), (0.44, 0.7), (0.2, 0.88), (-0.28, 0.88), (-0.5, 0.6), (-0.3, 0.1)], coat
    )
    canvas.ellipse(0.06, 0.14, 0.16, 0.26, pale(coat, 0.45))
    for x in (-0.04, 0.2):
        canvas.stroke([(x, 0.3), (x + 0.02, 0.88)], pale(coat, 0.12), 0.15, 0.13)
    for y in (0.3, 0.46):
        canvas.stroke([(-0.4, y + 0.1), (-0.2, y)], marks, 0.07, 0.03)
    _cat_head(canvas.at(0.04, -0.36, between(rng, 0.7, 0.85), between(rng, -0.3, 0.3)), rng, coat, marks)


def _cat_walking(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    canvas.ellipse(0, 0.74, 0.85, 0.1, (20, 20, 30, 80))
    _cat_tail(canvas, rng, -0.5, 0.02, coat)
    _legs(canvas, rng, (-0.46, 0.36), 0.2, 0.74, 0.17, dark(coat, 0.35))
    canvas.smooth([
        (-0.66, 0.1), (-0.4, -0.14), (0.2, -0.08), (0.52, -0.14),
        (0.56, 0.2), (0.1, 0.34), (-0.5, 0.36),
    ], coat)  # fmt: skip
    for x in (-0.4, -0.16, 0.08):
        canvas.stroke([(x, -0.1), (x + 0.04, 0.16)], marks, 0.08, 0.03)
    _legs(canvas, rng, (-0.52, 0.44), 0.16, 0.76, 0.19, dark(coat, 0.08))
    _cat_head(canvas.at(0.58, -0.26, between(rng, 0.58, 0.68), between(rng, -0.25, 0.25)), rng, coat, marks)


def _cat_lying(canvas: Canvas, rng: Generator, coat: Color, marks: Color) -> None:
    canvas.ellipse(0, 0.52, 0.98, 0.12, (20, 20, 30, 80))
    canvas.stroke([(-0.7, 0.36), (-0.95, 0.5), (-0.6, 0.62), (-0.1, 0.58)], dark(coat, 0.2), 0.15, 0.1)
    canvas.smooth([(-0.85, 0.3), (-0.6, -0.14), (0, -0.16), (0.5, 0.0), (0.6, 0.46), (-0.4, 0.54)], coat)
    for x in (-0.5, -0.25, 0):
        canvas.stroke([(x, -0.12), (x + 0.02, 0.14)], marks, 0.08, 0.03)
    canvas.smooth([(0.3, 0.36), (0.8, 0.4), (0.94, 0.5), (0.3, 0.56)], pale(coat, 0.15))
    _cat_head(canvas.at(0.5, -0.02, between(rng, 0.65, 0.8), between(rng, -0.35, 0.35)), rng, coat, marks)


def deer(canvas: Canvas, rng: Generator) -> None:
    coats = [(166, 112, 66), (142, 100, 70), (188, 140, 92), (128, 110, 96), (108, 80, 60), (200, 166, 124)]
    coat = vary(rng, pick(rng, coats))
    horn = pick(rng, [(96, 74, 58), (206, 184, 148), (150, 118, 84)])
    antlers = between(rng, 0.6, 1.1) if rng.random() < 0.8 else 0.0  # a doe has none
    draw = pick(rng, [_deer_standing, _deer_standing, _deer_standing, _deer_portrait, _deer_resting])
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
    canvas.smooth([(-0.1, -0.08), (-0.34, -0.34), (-0.6, -0.3), (-0.42, -0.08)], dark(coat, 0.2))
    canvas.smooth(
        [(-0.24, -0.1), (0.12, -0.24), (0.55, 0.1), (0.8, 0.3), (0.72, 0.46), (0.3, 0.36), (-0.1, 0.28)], coat
    )
    canvas.ellipse(0.64, 0.38, 0.16, 0.09, pale(coat, 0.5))
    canvas.ellipse(0.78, 0.28, 0.09, 0.08, BLACK)
    canvas.ellipse(0.2, 0.0, 0.08, 0.08, BLACK)


def _deer_standing(canvas: Canvas, rng: Generator, coat: Color, horn: Color, antlers: float) -> None:
    canvas.ellipse(-0.05, 0.93, 0.7, 0.08, (20, 20, 30, 80))
    _legs(canvas, rng, (-0.38, 0.22), 0.3, 0.92, 0.12, dark(coat, 0.4))
    canvas.ellipse(-0.62, 0.08, 0.09, 0.13, WHITE)
    grazing = rng.random() < 0.25
    x, y = (0.66, 0.42) if grazing else (between(rng, 0.36, 0.5), between(rng, -0.48, -0.38))
    canvas.stroke([(0.2, 0.12), ((x + 0.2) / 2 + 0.06, (y + 0.12) / 2), (x, y)], dark(coat, 0.1), 0.36, 0.2)
    canvas.smooth(
        [(-0.66, 0.12), (-0.4, -0.1), (0.1, -0.08), (0.4, -0.04), (0.36, 0.28), (0, 0.34), (-0.5, 0.36)], coat
    )
    canvas.ellipse(0.0, 0.3, 0.3, 0.07, pale(coat, 0.4))
    if rng.random() < 0.35:
        for spot in (-0.45, -0.28, -0.1, 0.08):
            canvas.ellipse(spot, 0.02 + 0.08 * (spot < -0.2), 0.05, 0.04, pale(coat, 0.7))
    _legs(canvas, rng, (-0.5, 0.3), 0.26, 0.95, 0.14, dark(coat, 0.1))
    _deer_head(canvas.at(x, y, 0.52, 0.5 if grazing else between(rng, -0.2, 0.2)), coat, horn, antlers)


def _deer_portrait(canvas: Canvas, rng: Generator, coat: Color, horn: Color, antlers: float) -> None:
    canvas.smooth([(-0.22, 0.2), (0.22, 0.2), (0.5, 1.5), (-0.5, 1.5)], dark(coat, 0.14))
    canvas = canvas.at(0, 0.2, 1, between(rng, -0.2, 0.2))
    _antlers(canvas.at(0, -0.28, 0.85 * antlers), float(antlers > 0), horn)
    for side in (-1, 1):
        canvas.smooth([
            (side * 0.2, -0.2), (side * 0.5, -0.4),
            (side * 0.82, -0.32), (side * 0.5, -0.1),
        ], dark(coat, 0.1))  # fmt: skip
        canvas.ellipse(side * 0.5, -0.26, 0.16, 0.06, (212, 176, 150))
    canvas.smooth([(-0.28, -0.32), (0.28, -0.32), (0.3, 0.06), (0.15, 0.5), (-0.15, 0.5), (-0.3, 0.06)], coat)
    canvas.ellipse(0, 0.44, 0.15, 0.13, pale(coat, 0.5))
    canvas.ellipse(0, 0.38, 0.1, 0.08, BLACK)
    for side in (-1, 1):
        canvas.ellipse(side * 0.22, -0.04, 0.075, 0.085, BLACK)


def _deer_resting(canvas: Canvas, rng: Generator, coat: Color, horn: Color, antlers: float) -> None:
    canvas.ellipse(-0.05, 0.66, 0.9, 0.1, (20, 20, 30, 80))
    canvas.stroke([(0.2, 0.3), (0.36, 0.0), (0.4, -0.26)], dark(coat, 0.1), 0.36, 0.22)
    canvas.smooth(
        [(-0.8, 0.4), (-0.5, 0.06), (0.1, 0.06), (0.42, 0.2), (0.4, 0.58), (-0.2, 0.66), (-0.7, 0.62)], coat
    )
    canvas.stroke([(0.2, 0.56), (0.66, 0.5), (0.5, 0.66)], dark(coat, 0.2), 0.14, 0.1)
    canvas.stroke([(-0.5, 0.5), (-0.2, 0.64), (-0.5, 0.68)], dark(coat, 0.25), 0.14, 0.1)
    _deer_head(canvas.at(0.42, -0.34, 0.56, between(rng, -0.2, 0.2)), coat, horn, antlers)


def dog(canvas: Canvas, rng: Generator) -> None:
    coat = vary(rng, pick(rng, COATS))
    patch = pick(rng, [dark(coat, 0.45), dark(coat, 0.25), vary(rng, pick(rng, COATS))])
    draw = pick(rng, [_dog_portrait, _dog_sitting, _dog_standing, _dog_standing])
    draw(canvas, rng, coat, patch)


def _dog_head(canvas: Canvas, rng: Generator, coat: Color, patch: Color) -> None:
    """Seen from the side."""
    canvas.smooth([
        (-0.3, -0.2), (0.05, -0.38), (0.3, -0.12), (0.8, -0.02),
        (0.84, 0.2), (0.4, 0.34), (-0.1, 0.34),
    ], coat)  # fmt: skip
    if rng.random() < 0.5:
        canvas.smooth([(0.5, 0.24), (0.66, 0.22), (0.66, 0.46), (0.56, 0.5)], (206, 112, 116), shaded=False)
    canvas.stroke([(0.78, 0.2), (0.4, 0.24)], dark(coat, 0.5), 0.05)
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
    canvas.ellipse(0, 0.24, 0.28, 0.25, pale(coat, 0.5), shaded=True)
    canvas.ellipse(0, 0.12, 0.15, 0.11, BLACK)
    canvas.stroke([(-0.16, 0.4), (0, 0.34), (0.16, 0.4)], dark(coat, 0.6), 0.05)
    hanging = rng.random() < 0.8
    for side in (-1, 1):
        canvas.ellipse(side * 0.24, -0.12, 0.085, 0.095, BLACK)
        if hanging:
            ear = [(0.26, -0.48), (0.58, -0.36), (0.76, 0.2), (0.58, 0.4), (0.46, 0.0)]
            canvas.smooth([(side * x, y) for x, y in ear], patch)
        else:
            canvas.polygon([(side * 0.14, -0.44), (side * 0.44, -0.8), (side * 0.5, -0.2)], patch)


def _dog_portrait(canvas: Canvas, rng: Generator, coat: Color, patch: Color) -> None:
    canvas.smooth([(-0.4, 0.2), (0.4, 0.2), (0.75, 1.4), (-0.75, 1.4)], dark(coat, 0.12))
    if rng.random() < 0.6:
        _dog_face(canvas.at(0, -0.06, between(rng, 1.05, 1.35), between(rng, -0.25, 0.25)), rng, coat, patch)
    else:
        _dog_head(canvas.at(-0.1, -0.1, between(rng, 1.05, 1.3), between(rng, -0.25, 0.2)), rng, coat, patch)


def _dog_sitting(canvas: Canvas, rng: Generator, coat: Color, patch: Color) -> None:
    canvas.ellipse(0, 0.86, 0.66, 0.1, (20, 20, 30, 80))
    canvas.stroke([(-0.4, 0.78), (-0.7, 0.7), (-0.86, between(rng, 0.2, 0.6))], patch, 0.15, 0.07)
    canvas.smooth(
        [(0, -0.36), (0.3, 0.0), (0.42, 0.6), (0.24, 0.88), (-0.36, 0.88), (-0.56, 0.6), (-0.34, 0.1)], coat
    )
    canvas.ellipse(0.1, 0.16, 0.18, 0.28, pale(coat, 0.4))
    for x in (0.0, 0.26):
        canvas.stroke([(x, 0.2), (x + 0.02, 0.88)], pale(coat, 0.1), 0.19, 0.16)
    canvas.stroke([(-0.2, 0.0), (0.26, 0.0)], pick(rng, PAINTS), 0.09)
    if rng.random() < 0.6:
        _dog_face(canvas.at(0.06, -0.4, between(rng, 0.75, 0.9), between(rng, -0.3, 0.3)), rng, coat, patch)
    else:
        _dog_head(canvas.at(0.04, -0.36, between(rng, 0.8, 0.95), between(rng, -0.25, 0.2)), rng, coat, patch)


def _dog_standing(canvas: Canvas, rng: Generator, coat: Color, patch: Color) -> None:
    canvas.ellipse(-0.05, 0.78, 0.8, 0.1, (20, 20, 30, 80))
    canvas.stroke([(-0.6, 0.0), (-0.84, -0.14), (-0.94, between(rng, -0.5, 0.2))], coat, 0.14, 0.06)
    _legs(canvas, rng, (-0.44, 0.24), 0.2, 0.76, 0.17, dark(coat, 0.35))
    canvas.stroke([(0.22, 0.06), (0.48, -0.34)], dark(coat, 0.08), 0.42, 0.32)
    canvas.smooth([
        (-0.68, 0.1), (-0.46, -0.14), (0.1, -0.1), (0.44, -0.1),
        (0.46, 0.26), (0.1, 0.3), (-0.5, 0.32),
    ], coat)  # fmt: skip
    if rng.random() < 0.5:
        canvas.ellipse(between(rng, -0.4, 0.1), 0.04, 0.24, 0.14, patch)
    _legs(canvas, rng, (-0.52, 0.34), 0.16, 0.8, 0.2, dark(coat, 0.06))
    canvas.stroke([(0.26, -0.22), (0.52, -0.08)], pick(rng, PAINTS), 0.08)
    size, turn = between(rng, 0.58, 0.7), between(rng, -0.3, 0.25)
    head = _dog_face if rng.random() < 0.3 else _dog_head
    head(canvas.at(0.5, -0.36, size, turn), rng, coat, patch)


def frog(canvas: Canvas, rng: Generator) -> None:
    skin = vary(rng, pick(rng, [
        (104, 150, 70), (84, 128, 74), (140, 158, 74), (122, 104, 66), (150, 118, 78), (92, 112, 88),
        (188, 112, 60), (70, 110, 150), (118, 128, 112), (160, 176, 100),
    ]))  # fmt: skip
    draw = pick(rng, [_frog_ahead, _frog_ahead, _frog_beside, _frog_beside, _frog_above])
    draw(canvas, rng, skin, pick(rng, [dark(skin, 0.35), pale(skin, 0.35)]))


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
        ], dark(skin, 0.16))  # fmt: skip
    canvas.smooth([(-0.5, 0.0), (0.5, 0.0), (0.58, 0.5), (0.3, 0.66), (-0.3, 0.66), (-0.58, 0.5)], skin)
    canvas.ellipse(0, 0.42, 0.36, 0.22, pale(skin, 0.5))
    for side in (-1, 1):
        canvas.stroke([(side * 0.4, 0.26), (side * 0.42, 0.68)], skin, 0.15, 0.1)
        canvas.stroke([(side * 0.26, 0.7), (side * 0.58, 0.7)], dark(skin, 0.1), 0.1)
        canvas.ellipse(side * 0.55, -0.02 + 0.3, 0.06, 0.06, spots)
    canvas.smooth(
        [(-0.66, -0.06), (-0.3, -0.36), (0.3, -0.36), (0.66, -0.06), (0.4, 0.22), (-0.4, 0.22)], skin
    )
    canvas.stroke([(-0.56, -0.02), (-0.3, 0.09), (0.3, 0.09), (0.56, -0.02)], dark(skin, 0.6), 0.06)
    for side in (-1, 1):
        _frog_eye(canvas, side * 0.4, -0.4, between(rng, 0.2, 0.25), skin)


def _frog_beside(canvas: Canvas, rng: Generator, skin: Color, spots: Color) -> None:
    canvas.ellipse(0, 0.6, 0.9, 0.1, (20, 20, 30, 80))
    canvas.smooth([
        (-0.84, 0.46), (-0.4, -0.08), (0.3, -0.42), (0.82, -0.18),
        (0.76, 0.12), (0.4, 0.44), (-0.4, 0.56),
    ], skin)  # fmt: skip
    canvas.smooth([(0.8, -0.02), (0.66, 0.22), (0.2, 0.46), (0.3, 0.12)], pale(skin, 0.5))
    canvas.stroke([(0.84, -0.06), (0.34, 0.06)], dark(skin, 0.6), 0.06, 0.04)
    for x, y in ((-0.3, 0.0), (-0.08, -0.1), (-0.5, 0.2), (0.12, -0.18)):
        canvas.ellipse(x, y, 0.08, 0.06, spots)
    canvas.stroke([(0.34, 0.22), (0.5, 0.42), (0.4, 0.6), (0.64, 0.62)], dark(skin, 0.12), 0.15, 0.08)
    canvas.smooth([(-0.9, 0.4), (-0.66, 0.06), (-0.24, 0.2), (-0.16, 0.42), (-0.5, 0.6)], dark(skin, 0.06))
    canvas.stroke([(-0.74, 0.58), (-0.4, 0.56), (0.06, 0.62)], dark(skin, 0.2), 0.14, 0.09)
    _frog_eye(canvas, 0.42, -0.4, between(rng, 0.19, 0.25), skin)


def _frog_above(canvas: Canvas, rng: Generator, skin: Color, spots: Color) -> None:
    canvas = canvas.at(0, 0, turn=between(rng, -2.5, 0.8))
    for side in (-1, 1):
        leg = canvas.at(0, 0, mirror=False) if side > 0 else canvas.at(0, 0, turn=np.pi, mirror=True)
        leg.stroke([(-0.3, 0.2), (-0.1, 0.7), (-0.66, 0.62), (-0.84, 0.86)], dark(skin, 0.14), 0.28, 0.09)
        leg.stroke([(0.3, 0.26), (0.5, 0.56), (0.8, 0.6)], dark(skin, 0.14), 0.15, 0.08)
    canvas.smooth([
        (-0.62, 0), (-0.4, -0.3), (0.1, -0.4), (0.5, -0.32),
        (0.78, 0), (0.5, 0.32), (0.1, 0.4), (-0.4, 0.3),
    ], skin)  # fmt: skip
    canvas.stroke([(-0.5, 0), (0.4, 0)], spots, 0.05)
    for x, y in ((-0.2, 0.18), (0.06, -0.2), (-0.34, -0.14), (0.16, 0.2)):
        canvas.ellipse(x, y, 0.08, 0.06, spots)
    for side in (-1, 1):
        _frog_eye(canvas, 0.48, side * 0.27, 0.16, skin)


def horse(canvas: Canvas, rng: Generator) -> None:
    coat = vary(rng, pick(rng, [*COATS[:7], (176, 104, 60), (140, 84, 52)]))
    mane = vary(rng, pick(rng, [(48, 38, 36), (48, 38, 36), (226, 206, 168), (110, 74, 50)]), 8)
    draw = pick(rng, [_horse_standing, _horse_standing, _horse_standing, _horse_portrait])
    draw(canvas, rng, coat, mane)


def _horse_head(canvas: Canvas, rng: Generator, coat: Color, mane: Color) -> None:
    canvas.polygon([(-0.16, -0.12), (-0.1, -0.52), (0.1, -0.2)], dark(coat, 0.15))
    canvas.smooth([
        (-0.24, -0.12), (0.14, -0.28), (0.6, 0.16), (0.94, 0.46),
        (0.84, 0.7), (0.6, 0.64), (0.3, 0.38), (-0.1, 0.36),
    ], coat)  # fmt: skip
    canvas.smooth([(0.7, 0.34), (0.94, 0.48), (0.84, 0.7), (0.64, 0.62)], dark(coat, 0.35))
    canvas.ellipse(0.84, 0.5, 0.05, 0.04, BLACK)
    if rng.random() < 0.4:
        canvas.stroke([(0.24, -0.12), (0.74, 0.3)], WHITE, 0.1, 0.08)
    canvas.ellipse(0.22, 0.02, 0.075, 0.075, BLACK)
    canvas.smooth([(-0.24, -0.3), (0.04, -0.3), (0.2, -0.06), (0.0, -0.1)], mane, shaded=False)


def _horse_standing(canvas: Canvas, rng: Generator, coat: Color, mane: Color) -> None:
    canvas.ellipse(-0.05, 0.9, 0.75, 0.09, (20, 20, 30, 80))
    sway = between(rng, -0.12, 0.1)
    canvas.stroke(
        [(-0.56, -0.06), (-0.76, 0.06), (-0.8 + sway, 0.34), (-0.76 + 2 * sway, 0.62)], mane, 0.12, 0.14
    )
    _legs(canvas, rng, (-0.42, 0.24), 0.24, 0.9, 0.15, dark(coat, 0.4))
    grazing = rng.random() < 0.25
    x, y = (0.68, 0.36) if grazing else (between(rng, 0.42, 0.54), between(rng, -0.58, -0.46))
    canvas.stroke(
        [(0.16, 0.12), ((x + 0.2) / 2 + 0.04, (y + 0.04) / 2), (x, y)], dark(coat, 0.05), 0.52, 0.28
    )
    canvas.smooth([
        (-0.68, 0.08), (-0.46, -0.18), (-0.05, -0.08), (0.36, -0.14),
        (0.46, 0.16), (0.1, 0.32), (-0.5, 0.34),
    ], coat)  # fmt: skip
    canvas.stroke(
        [(0.08, -0.12), ((x + 0.0) / 2 + 0.02, (y - 0.16) / 2), (x - 0.08, y - 0.1)], mane, 0.1, 0.18
    )
    if rng.random() < 0.25:
        canvas.smooth([(-0.3, -0.18), (0.06, -0.16), (0.08, 0.12), (-0.22, 0.12)], pick(rng, PAINTS))
    _legs(canvas, rng, (-0.52, 0.32), 0.2, 0.92, 0.18, dark(coat, 0.06))
    _horse_head(canvas.at(x, y, 0.6, 0.35 if grazing else between(rng, -0.25, 0.2)), rng, coat, mane)


def _horse_portrait(canvas: Canvas, rng: Generator, coat: Color, mane: Color) -> None:
    canvas.smooth(
        [(-0.5, -0.5), (0.0, -0.4), (0.3, 0.2), (0.4, 1.4), (-1.0, 1.4), (-0.8, 0.3)], dark(coat, 0.08)
    )
    canvas.smooth([(-0.24, -0.66), (-0.4, 0.0), (-0.62, 0.8), (-1.0, 1.2), (-0.86, 0.2), (-0.56, -0.4)], mane)
    _horse_head(canvas.at(-0.16, -0.36, between(rng, 1.0, 1.2), between(rng, -0.2, 0.2)), rng, coat, mane)
    if rng.random() < 0.4:
        canvas.stroke([(-0.2, 0.05), (0.3, -0.2), (0.42, 0.32)], (96, 60, 44), 0.06)
