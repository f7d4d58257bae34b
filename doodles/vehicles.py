"""Airplanes, automobiles, ships and trucks, one function a kind, with its parts after it."""

from collections.abc import Sequence

from doodles.canvas import BLACK, PAINTS, Canvas, Color, between, dark, pale, pick, steps, vary

from numpy.random import Generator

GLASS = [(150, 186, 204), (96, 122, 142), (62, 74, 90), (190, 210, 216)]


def airplane(canvas: Canvas, rng: Generator) -> None:
    metals = [(232, 234, 236), (206, 212, 220), (236, 226, 206), (150, 160, 172)]
    body = vary(rng, pick(rng, [*metals, *PAINTS]))
    trim = vary(rng, pick(rng, PAINTS))
    draw = pick(rng, [_airplane_beside, _airplane_beside, _airplane_above, _airplane_ahead, _biplane])
    draw(canvas, rng, body, trim)


def _airplane_beside(canvas: Canvas, rng: Generator, body: Color, trim: Color) -> None:
    canvas = canvas.at(0, 0, turn=between(rng, -0.45, 0.2))
    canvas.polygon([(0.1, -0.1), (-0.25, -0.42), (-0.4, -0.42), (-0.2, -0.08)], dark(body, 0.3))  # far wing
    canvas.polygon([(-0.55, -0.08), (-0.86, -0.52), (-1.0, -0.52), (-0.94, -0.04)], trim)  # tail fin
    canvas.smooth([
        (-1.0, -0.1), (-0.5, -0.17), (0.6, -0.17), (0.9, -0.06),
        (0.98, 0.04), (0.8, 0.12), (-0.4, 0.12),
    ], body)  # fmt: skip
    canvas.box(-0.8, 0.0, 0.75, 0.04, trim)
    canvas.polygon([(-0.7, -0.02), (-1.0, 0.1), (-1.1, 0.1), (-0.95, -0.06)], dark(body, 0.2))
    for x in steps(-0.5, 0.6, 0.16):
        canvas.box(x, -0.1, x + 0.08, -0.03, (60, 76, 96))
    canvas.polygon([(0.7, -0.12), (0.82, -0.09), (0.88, -0.03), (0.7, -0.03)], (60, 76, 96))
    canvas.polygon([(0.22, 0.04), (-0.05, 0.04), (-0.5, 0.46), (-0.34, 0.46)], dark(body, 0.16))
    canvas.ellipse(0.06, 0.22, 0.14, 0.07, dark(trim, 0.1), shaded=True)


def _airplane_above(canvas: Canvas, rng: Generator, body: Color, trim: Color) -> None:
    canvas = canvas.at(0, 0, turn=between(rng, -1.2, 0.6))
    sweep, span = between(rng, 0.1, 0.5), between(rng, 0.7, 0.95)
    for side in (-1, 1):
        canvas.polygon([
            (0.25, 0), (0.1 - sweep, side * span),
            (-0.06 - sweep, side * span), (-0.1, 0),
        ], dark(body, 0.1 + 0.07 * side))  # fmt: skip
        canvas.polygon([(-0.6, 0), (-0.88, side * 0.36), (-1.0, side * 0.36), (-0.86, 0)], trim)
        canvas.ellipse(0.12 - sweep * 0.4, side * 0.38, 0.14, 0.06, trim, shaded=True)
    canvas.smooth(
        [(-0.98, 0), (-0.6, -0.1), (0.6, -0.13), (0.92, -0.05), (0.92, 0.05), (0.6, 0.13), (-0.6, 0.1)], body
    )
    canvas.polygon([(0.72, -0.07), (0.82, -0.04), (0.82, 0.04), (0.72, 0.07)], (60, 76, 96))


def _airplane_ahead(canvas: Canvas, rng: Generator, body: Color, trim: Color) -> None:
    droop = between(rng, -0.25, 0.1)
    canvas = canvas.at(0, 0, turn=between(rng, -0.3, 0.3))
    canvas.polygon([(-0.05, -0.1), (0, -0.68), (0.05, -0.1)], trim)
    for side in (-1, 1):
        canvas.polygon(
            [(0, 0.02), (side * 1.0, droop), (side * 1.0, droop + 0.06), (0, 0.16)], dark(body, 0.16)
        )
        canvas.polygon([(0, -0.3), (side * 0.4, -0.4), (side * 0.4, -0.34), (0, -0.22)], dark(body, 0.22))
        canvas.ellipse(side * 0.44, 0.18 + droop * 0.3, 0.12, 0.12, trim, shaded=True)
        canvas.ellipse(side * 0.44, 0.18 + droop * 0.3, 0.06, 0.06, BLACK)
    canvas.ellipse(0, 0, 0.24, 0.26, body, shaded=True)
    canvas.polygon([(-0.14, -0.1), (-0.08, -0.18), (0.08, -0.18), (0.14, -0.1)], (60, 76, 96))


def _biplane(canvas: Canvas, rng: Generator, body: Color, trim: Color) -> None:
    canvas = canvas.at(0, 0, turn=between(rng, -0.4, 0.2))
    canvas.smooth([(-0.8, -0.1), (-0.2, -0.2), (0.5, -0.22), (0.68, 0), (0.5, 0.18), (-0.1, 0.14)], trim)
    canvas.polygon([(-0.6, -0.06), (-0.74, -0.42), (-0.94, -0.4), (-0.9, 0.02)], body)
    canvas.box(-0.98, -0.06, -0.6, 0.02, dark(body, 0.2))
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


def automobile(canvas: Canvas, rng: Generator) -> None:
    paint, glass = vary(rng, pick(rng, PAINTS)), pick(rng, GLASS)
    draw = pick(rng, [_automobile_beside, _automobile_beside, _automobile_ahead])
    draw(canvas, rng, paint, glass)


def _automobile_beside(canvas: Canvas, rng: Generator, paint: Color, glass: Color) -> None:
    canvas.ellipse(0, 0.58, 0.98, 0.12, (20, 20, 30, 110))
    # The roof's corners and the heights of bonnet and boot: a saloon, a small car, a sports car, a van.
    front, back, top, nose, boot = pick(rng, [
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
    canvas.box(-0.9, 0.34, 0.92, 0.42, dark(paint, 0.4))
    canvas.ellipse(0.88, 0.2, 0.08, 0.07, (250, 236, 190))
    canvas.ellipse(-0.9, 0.18, 0.06, 0.07, (200, 60, 50))
    _wheels(canvas, (-0.55, 0.56), 0.42, between(rng, 0.18, 0.24))


def _automobile_ahead(canvas: Canvas, rng: Generator, paint: Color, glass: Color) -> None:
    width, roof = between(rng, 0.62, 0.8), between(rng, -0.62, -0.42)
    lamp = pick(rng, [(252, 240, 200), (252, 240, 200), (196, 56, 48)])
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
    ], pale(glass))  # fmt: skip
    canvas.smooth([
        (-width, 0.1), (-0.7 * width, -0.04), (0.7 * width, -0.04),
        (width, 0.1), (width, 0.5), (-width, 0.5),
    ], paint)  # fmt: skip
    canvas.box(-0.4 * width, 0.16, 0.4 * width, 0.3, dark(paint, 0.55))
    canvas.box(-0.2, 0.38, 0.2, 0.48, (236, 232, 214))
    for side in (-1, 1):
        canvas.ellipse(side * 0.7 * width, 0.2, 0.13, 0.1, lamp)


def ship(canvas: Canvas, rng: Generator) -> None:
    hull = vary(rng, pick(rng, [*PAINTS, (58, 62, 72), (48, 88, 140), (128, 48, 58)]))
    draw = pick(rng, [_sailing_ship, _sailing_ship, _cargo_ship, _liner, _fishing_ship, _ship_ahead])
    draw(canvas, rng, hull, vary(rng, pick(rng, PAINTS)))
    foam = [
        (-1.3, 0.6), (-0.6, 0.52), (0.1, 0.58), (0.8, 0.5), (1.3, 0.6), (0.9, 0.7), (0, 0.68), (-0.9, 0.72),
    ]  # fmt: skip
    canvas.smooth(foam, (226, 236, 240, 150), shaded=False)


def _hull(canvas: Canvas, color: Color, deck: float) -> None:
    canvas.polygon([(-0.95, deck), (1.02, deck - 0.1), (0.76, 0.6), (-0.84, 0.6)], color)
    canvas.polygon([(-0.9, 0.48), (0.84, 0.46), (0.76, 0.62), (-0.84, 0.62)], dark(color, 0.35))
    canvas.stroke([(-0.95, deck), (1.02, deck - 0.1)], pale(color, 0.6), 0.06)


def _sailing_ship(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    sail = vary(rng, pick(rng, [(244, 240, 228), (236, 224, 200), (222, 226, 232), trim]), 8)
    mast = between(rng, -0.1, 0.2)
    if rng.random() < 0.65:
        canvas.stroke([(mast, 0.4), (mast, -0.98)], (96, 76, 60), 0.07)
        canvas.smooth([(mast - 0.06, -0.9), (mast - 0.06, 0.22), (-0.8, 0.2), (-0.4, -0.3)], sail)
        canvas.polygon([(mast + 0.06, -0.84), (0.86, 0.2), (mast + 0.06, 0.16)], dark(sail, 0.12))
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
    _hull(canvas, hull, between(rng, 0.24, 0.36))


def _cargo_ship(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    deck = between(rng, 0.1, 0.24)
    for x in (-0.4, -0.16, 0.08, 0.32, 0.56):
        for level in range(int(rng.integers(1, 4))):
            box = vary(rng, pick(rng, PAINTS))
            canvas.box(x, deck - 0.18 - 0.18 * level, x + 0.22, deck - 0.18 * level, box)
    canvas.box(-0.88, -0.4, -0.48, deck + 0.05, (232, 230, 222))
    canvas.box(-0.84, -0.3, -0.48, -0.2, (70, 88, 104))
    canvas.box(-0.76, -0.66, -0.6, -0.4, trim)
    _hull(canvas, hull, deck)


def _liner(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    deck, funnels = between(rng, 0.14, 0.26), pick(rng, [(0.0,), (-0.3, 0.2), (-0.45, -0.05, 0.35)])
    for x in funnels:
        canvas.polygon([(x - 0.12, -0.2), (x - 0.16, -0.68), (x + 0.06, -0.68), (x + 0.1, -0.2)], trim)
        canvas.box(x - 0.17, -0.68, x + 0.07, -0.58, BLACK)
        if rng.random() < 0.5:
            canvas.ellipse(x - 0.3, -0.86, 0.26, 0.11, (225, 225, 225, 130))
    white = (240, 238, 230)
    canvas.polygon([(-0.62, -0.26), (0.5, -0.26), (0.58, -0.04), (-0.66, -0.04)], white)
    canvas.polygon([(-0.8, -0.06), (0.7, -0.06), (0.78, deck + 0.05), (-0.84, deck + 0.05)], dark(white, 0.1))
    for y in (-0.18, 0.02):
        for x in steps(-0.56, 0.5, 0.19):
            canvas.box(x, y, x + 0.1, y + 0.08, (70, 88, 104))
    _hull(canvas, hull, deck)


def _fishing_ship(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    cabin = between(rng, -0.5, 0.1)
    canvas.stroke([(cabin - 0.12, 0.1), (cabin - 0.12, -0.9)], (96, 76, 60), 0.06)
    canvas.stroke([(cabin - 0.12, -0.7), (0.9, 0.1)], (96, 76, 60), 0.04)
    canvas.box(cabin - 0.3, -0.28, cabin + 0.36, 0.32, (236, 232, 220))
    canvas.box(cabin - 0.38, -0.36, cabin + 0.44, -0.26, trim)
    for x in (cabin - 0.2, cabin + 0.1):
        canvas.box(x, -0.16, x + 0.18, 0.02, (70, 88, 104))
    canvas.smooth([(-0.96, 0.12), (0, 0.26), (0.7, 0.12), (1.02, -0.06), (0.8, 0.6), (-0.8, 0.6)], hull)
    canvas.stroke([(-0.92, 0.16), (0, 0.28), (0.98, 0.0)], pale(hull, 0.6), 0.06)


def _ship_ahead(canvas: Canvas, rng: Generator, hull: Color, trim: Color) -> None:
    canvas.stroke([(0, -0.4), (0, -0.98)], (110, 110, 116), 0.06)
    canvas.box(-0.3, -0.6, 0.3, 0.1, (238, 236, 228))
    canvas.box(-0.5, -0.42, 0.5, -0.16, (226, 224, 216))
    canvas.box(-0.44, -0.36, 0.44, -0.24, (70, 88, 104))
    canvas.box(-0.12, -0.78, 0.12, -0.58, trim)
    canvas.smooth([(-0.64, -0.02), (0, 0.08), (0.64, -0.02), (0.42, 0.62), (-0.42, 0.62)], hull)
    canvas.polygon([(0, 0.0), (0.06, 0.62), (-0.06, 0.62)], pale(hull, 0.3))


def truck(canvas: Canvas, rng: Generator) -> None:
    paint, load, glass = vary(rng, pick(rng, PAINTS)), vary(rng, pick(rng, PAINTS)), pick(rng, GLASS)
    draw = pick(rng, [_truck_beside, _truck_beside, _truck_beside, _truck_ahead])
    draw(canvas, rng, paint, load, glass)


def _truck_beside(canvas: Canvas, rng: Generator, paint: Color, load: Color, glass: Color) -> None:
    canvas.ellipse(0, 0.64, 1.0, 0.1, (20, 20, 30, 110))
    canvas.box(-0.95, 0.3, 0.9, 0.46, (66, 64, 70))
    cargo = pick(rng, [_cargo_box, _cargo_box, _cargo_box, _cargo_tank, _cargo_gravel, _cargo_open])
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
    canvas.box(0.46, 0.1, 0.56, 0.15, dark(paint, 0.5))
    canvas.ellipse(0.96, 0.26, 0.06, 0.07, (252, 238, 190))
    rear = pick(rng, [(-0.62,), (-0.7, -0.36), (-0.76, -0.44, 0.1)])
    _wheels(canvas, (*rear, 0.68), 0.48, between(rng, 0.16, 0.21))


def _cargo_box(canvas: Canvas, rng: Generator, load: Color) -> None:
    top = between(rng, -0.72, -0.5)
    canvas.box(-0.98, top, 0.36, 0.34, load)
    canvas.box(-0.98, top, 0.36, top + 0.08, pale(load, 0.4))
    canvas.box(-0.98, 0.24, 0.36, 0.34, dark(load, 0.3))
    if rng.random() < 0.5:
        canvas.box(-0.8, -0.3, 0.16, -0.06, vary(rng, pick(rng, PAINTS)))


def _cargo_tank(canvas: Canvas, rng: Generator, load: Color) -> None:
    canvas.smooth(
        [(-0.98, -0.3), (-0.3, -0.42), (0.34, -0.3), (0.38, 0.16), (-0.3, 0.34), (-1.0, 0.16)], load
    )
    for x in (-0.7, -0.3, 0.1):
        canvas.box(x, -0.38, x + 0.05, 0.3, dark(load, 0.3))


def _cargo_gravel(canvas: Canvas, rng: Generator, load: Color) -> None:
    canvas.smooth([(-0.9, -0.2), (-0.3, between(rng, -0.7, -0.4)), (0.3, -0.2)], vary(rng, (156, 130, 100)))
    canvas.polygon([(-1.02, -0.22), (0.38, -0.28), (0.3, 0.34), (-0.88, 0.34)], load)
    for x in (-0.7, -0.35, 0):
        canvas.box(x, -0.2, x + 0.06, 0.34, dark(load, 0.25))


def _cargo_open(canvas: Canvas, rng: Generator, load: Color) -> None:
    for x in (-0.8, -0.5, -0.2):
        canvas.ellipse(x, -0.12, 0.17, 0.17, vary(rng, (150, 108, 70)), shaded=True)
    canvas.box(-0.98, 0.0, 0.38, 0.36, load)
    canvas.box(-0.98, 0.12, 0.38, 0.17, dark(load, 0.3))


def _truck_ahead(canvas: Canvas, rng: Generator, paint: Color, load: Color, glass: Color) -> None:
    width, top = between(rng, 0.5, 0.62), between(rng, -0.9, -0.65)
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
        [(-0.4 * width, -0.42), (0, -0.42), (-0.4 * width, -0.02), (-0.8 * width, -0.02)], pale(glass)
    )
    for y in (0.12, 0.22, 0.32):
        canvas.box(-0.5 * width, y, 0.5 * width, y + 0.05, dark(paint, 0.5))
    canvas.box(-width - 0.04, 0.54, width + 0.04, 0.7, (112, 112, 118))
    for side in (-1, 1):
        canvas.ellipse(side * 0.76 * width, 0.4, 0.1, 0.09, (252, 240, 200))
