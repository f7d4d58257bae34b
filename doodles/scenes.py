"""Where a thing is: the backgrounds, which fill the whole image."""

from doodles.canvas import BLACK, PAINTS, WHITE, Canvas, Color, between, dark, mix, pale, pick, steps, vary

from numpy.random import Generator

WATERS = [(62, 112, 150), (70, 134, 148), (104, 124, 138), (54, 84, 122), (120, 150, 150)]
LEAVES = [(76, 108, 74), (100, 124, 76), (128, 108, 66), (66, 92, 86), (168, 124, 72)]
HOUSES = [(186, 150, 122), (168, 172, 178), (196, 186, 164), (150, 108, 92), (124, 132, 144)]
WALLS = [(212, 200, 178), (168, 186, 190), (196, 168, 150), (150, 160, 140), (178, 170, 186)]
FLOORS = [(150, 110, 78), (186, 150, 112), (120, 112, 112), (150, 92, 84), (110, 126, 140)]
PAINTINGS = [(160, 196, 214), (110, 140, 100), (196, 150, 120)]


def _clouds(canvas: Canvas, rng: Generator, bottom: float) -> None:
    for _ in range(int(rng.integers(0, 4))):
        x, y, size = between(rng, -1, 1), between(rng, -1, bottom), between(rng, 0.12, 0.32)
        for shift in (-0.9, 0, 0.8):
            canvas.ellipse(
                x + shift * size, y + 0.2 * abs(shift) * size, size, size * 0.5, (255, 255, 255, 120)
            )


def _hills(canvas: Canvas, rng: Generator, horizon: float, color: Color) -> None:
    heights = rng.uniform(0.0, 0.45, 5).tolist()
    ridge = [(x, horizon - height) for x, height in zip((-1.1, -0.5, 0, 0.5, 1.1), heights, strict=True)]
    canvas.polygon([*ridge, (1.1, horizon + 0.02), (-1.1, horizon + 0.02)], color)


def _tree(canvas: Canvas, rng: Generator, x: float, foot: float, size: float, color: Color) -> None:
    canvas.box(x - 0.05 * size, foot - 0.6 * size, x + 0.05 * size, foot, dark((110, 80, 60), 0.2))
    if rng.random() < 0.4:
        for level in (0.4, 0.75):
            top, half = foot - size * (level + 0.7), 0.42 * size * (1.2 - level)
            canvas.polygon([(x, top), (x + half, top + 0.7 * size), (x - half, top + 0.7 * size)], color)
    else:
        canvas.ellipse(x, foot - 0.85 * size, 0.36 * size, 0.45 * size, color, shaded=True)


def _sky(canvas: Canvas, rng: Generator, horizon: float = 1.0) -> None:
    upper, lower = pick(rng, [
        ((92, 146, 204), (176, 208, 228)), ((120, 170, 210), (214, 228, 232)),
        ((150, 160, 174), (206, 208, 208)), ((70, 120, 184), (150, 190, 222)),
        ((196, 206, 214), (228, 230, 226)), ((110, 130, 170), (236, 206, 184)),
        ((60, 74, 118), (150, 140, 170)),
    ])  # fmt: skip
    canvas.fade(-1, max(horizon, -0.6), vary(rng, upper), vary(rng, lower, 8))
    _clouds(canvas, rng, horizon)


def open_sky(canvas: Canvas, rng: Generator) -> None:
    _sky(canvas, rng)
    if rng.random() < 0.4:
        _hills(canvas, rng, 1.0, vary(rng, pick(rng, [(96, 124, 104), (120, 130, 146), (150, 140, 116)])))


def sunset(canvas: Canvas, rng: Generator) -> None:
    horizon = between(rng, 0.2, 0.8)
    upper, middle = pick(rng, [
        ((92, 84, 138), (238, 164, 118)), ((214, 122, 96), (250, 208, 140)), ((66, 74, 122), (222, 140, 136)),
    ])  # fmt: skip
    canvas.fade(-1, horizon, vary(rng, upper), vary(rng, middle))
    canvas.ellipse(between(rng, -0.8, 0.8), horizon - between(rng, 0, 0.6), 0.16, 0.16, (255, 236, 190))
    ground = pick(rng, [(96, 84, 78), (84, 96, 72), (110, 104, 138), (150, 112, 88)])
    canvas.fade(horizon, 1, vary(rng, ground), dark(ground, 0.3))


def sea(canvas: Canvas, rng: Generator) -> None:
    horizon = between(rng, -0.3, 0.35)
    _sky(canvas, rng, horizon)
    if rng.random() < 0.35:
        _hills(canvas, rng, horizon, vary(rng, (116, 134, 142)))
    water = vary(rng, pick(rng, WATERS))
    canvas.fade(horizon, 1, pale(water, 0.25), dark(water, 0.2))
    for _ in range(5):
        x, y = between(rng, -1, 0.8), between(rng, horizon + 0.05, 1)
        canvas.box(x, y, x + between(rng, 0.2, 0.5), y + 0.04, (255, 255, 255, 80))


def meadow(canvas: Canvas, rng: Generator) -> None:
    horizon = between(rng, -0.6, 0.3)
    _sky(canvas, rng, horizon)
    grass = vary(rng, pick(rng, [(118, 152, 78), (146, 160, 84), (94, 132, 80), (180, 168, 100)]))
    if rng.random() < 0.5:
        _hills(canvas, rng, horizon, mix(dark(grass), (120, 140, 160), 0.4))
    for _ in range(int(rng.integers(0, 4))):
        _tree(canvas, rng, between(rng, -1, 1), horizon + 0.1, between(rng, 0.3, 0.7), dark(grass, 0.4))
    canvas.fade(horizon, 1, pale(grass, 0.15), dark(grass, 0.15))
    for _ in range(6):
        x, y = between(rng, -1, 1), between(rng, horizon + 0.1, 1)
        canvas.stroke([(x, y), (x + 0.04, y - 0.14)], dark(grass, 0.3), 0.06, 0.01)


def forest(canvas: Canvas, rng: Generator) -> None:
    leaf = vary(rng, pick(rng, LEAVES))
    canvas.fade(-1, 0.5, pale(leaf, 0.2), dark(leaf, 0.3))
    for _ in range(6):
        spot = (*mix(leaf, pick(rng, [WHITE, BLACK]), 0.25), 150)
        x, y, size = between(rng, -1, 1), between(rng, -1, 0.2), between(rng, 0.15, 0.35)
        canvas.ellipse(x, y, size, 0.8 * size, spot)
    bark = vary(rng, pick(rng, [(86, 66, 52), (122, 104, 88), (64, 58, 54)]))
    for _ in range(int(rng.integers(1, 5))):
        x, width = between(rng, -1, 1), between(rng, 0.05, 0.14)
        canvas.polygon(
            [(x - width, 0.6), (x - 0.6 * width, -1), (x + 0.6 * width, -1), (x + width, 0.6)], bark
        )
    floor = mix(leaf, (140, 112, 76), between(rng, 0.2, 0.8))
    canvas.fade(between(rng, 0.2, 0.55), 1, dark(floor, 0.1), dark(floor, 0.3))


def town(canvas: Canvas, rng: Generator) -> None:
    horizon = between(rng, 0.0, 0.45)
    _sky(canvas, rng, horizon)
    left = -1.1
    while left < 1:
        right, top = left + between(rng, 0.35, 0.8), between(rng, -0.95, horizon - 0.2)
        wall = vary(rng, pick(rng, HOUSES))
        canvas.box(left, top, right, horizon + 0.05, wall)
        for x in steps(left + 0.08, right - 0.1, 0.2):
            for y in steps(top + 0.1, horizon - 0.1, 0.26):
                canvas.box(x, y, x + 0.1, y + 0.13, dark(wall, 0.3))
        left = right
    _street(canvas, rng, horizon)


def _street(canvas: Canvas, rng: Generator, horizon: float) -> None:
    ground = vary(rng, pick(rng, [(112, 112, 118), (134, 130, 126), (92, 92, 102), (160, 148, 130)]), 8)
    canvas.fade(horizon, 1, pale(ground, 0.2), dark(ground, 0.1))
    canvas.box(-1, horizon, 1, horizon + 0.06, pale(ground, 0.4))
    if rng.random() < 0.6:
        y, shift = between(rng, horizon + 0.2, 0.95), between(rng, -0.4, 0.4)
        for x in (-1, -0.2, 0.6):
            canvas.box(x + shift, y, x + shift + 0.4, y + 0.05, (240, 236, 220, 200))


def road(canvas: Canvas, rng: Generator) -> None:
    horizon = between(rng, -0.1, 0.45)
    _sky(canvas, rng, horizon)
    green = vary(rng, pick(rng, [(108, 136, 88), (150, 146, 96), (120, 128, 128)]))
    _hills(canvas, rng, horizon, green)
    for _ in range(int(rng.integers(0, 4))):
        _tree(canvas, rng, between(rng, -1, 1), horizon + 0.05, between(rng, 0.3, 0.7), dark(green, 0.3))
    _street(canvas, rng, horizon)


def room(canvas: Canvas, rng: Generator) -> None:
    wall = vary(rng, pick(rng, WALLS))
    floor = vary(rng, pick(rng, FLOORS))
    edge = between(rng, 0.0, 0.6)
    canvas.fade(-1, edge, wall, dark(wall, 0.15))
    if rng.random() < 0.5:
        x, y = between(rng, -1.1, 0.4), between(rng, -1, -0.5)
        canvas.box(x, y, x + 0.66, y + 0.6, pale(wall, 0.6))
        canvas.box(x + 0.07, y + 0.07, x + 0.59, y + 0.53, vary(rng, pick(rng, PAINTINGS)))
    if rng.random() < 0.5:
        x, cloth = between(rng, -1.3, 0.3), vary(rng, pick(rng, PAINTS))
        canvas.box(x, edge - 0.45, x + 1.1, edge + 0.12, mix(cloth, wall, 0.4))
        canvas.box(x - 0.08, edge - 0.2, x + 1.18, edge + 0.16, mix(cloth, wall, 0.25))
    canvas.fade(edge, 1, dark(floor, 0.1), floor)
    if rng.random() < 0.4:
        canvas.ellipse(between(rng, -0.3, 0.3), 0.8, 0.9, 0.25, (*vary(rng, pick(rng, PAINTS)), 140))


def snow(canvas: Canvas, rng: Generator) -> None:
    horizon = between(rng, -0.4, 0.4)
    canvas.fade(-1, horizon, vary(rng, (150, 172, 196)), (222, 226, 230))
    if rng.random() < 0.6:
        _hills(canvas, rng, horizon, vary(rng, (176, 188, 206)))
    for _ in range(int(rng.integers(0, 4))):
        fir = vary(rng, (84, 110, 104))
        _tree(canvas, rng, between(rng, -1, 1), horizon + 0.05, between(rng, 0.3, 0.7), fir)
    canvas.fade(horizon, 1, (236, 238, 242), vary(rng, (196, 208, 224), 8))


def pond(canvas: Canvas, rng: Generator) -> None:
    water = vary(rng, pick(rng, [(82, 116, 108), (96, 128, 96), (74, 100, 120), (120, 124, 92)]))
    canvas.fade(-1, 1, pale(water, 0.2), dark(water, 0.25))
    for _ in range(int(rng.integers(1, 6))):
        x, y, size = between(rng, -1, 1), between(rng, -0.9, 0.9), between(rng, 0.15, 0.35)
        canvas.ellipse(x, y, size, size * 0.4, vary(rng, (112, 150, 84)), shaded=True)
    for _ in range(4):
        x, y = between(rng, -1, 0.8), between(rng, -1, 1)
        canvas.box(x, y, x + between(rng, 0.2, 0.5), y + 0.04, (255, 255, 255, 70))


def sand(canvas: Canvas, rng: Generator) -> None:
    horizon = between(rng, -0.6, 0.3)
    _sky(canvas, rng, horizon)
    color = vary(rng, pick(rng, [(208, 182, 140), (190, 158, 120), (172, 140, 112), (196, 190, 170)]))
    if rng.random() < 0.6:
        _hills(canvas, rng, horizon, mix(color, (140, 130, 150), 0.45))
    canvas.fade(horizon, 1, pale(color, 0.2), dark(color, 0.1))
    for _ in range(int(rng.integers(0, 6))):
        size = between(rng, 0.05, 0.16)
        x, y = between(rng, -1, 1), between(rng, horizon + 0.1, 1)
        canvas.ellipse(x, y, size, size * 0.6, dark(color, 0.3), shaded=True)


SCENES = [open_sky, sunset, sea, meadow, forest, town, road, room, snow, pond, sand]
