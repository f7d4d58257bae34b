"""Light and noise, which come last."""

from doodles.canvas import SIDE, between, pick

import numpy as np
from numpy.random import Generator

ACROSS = np.linspace(-1, 1, SIDE, dtype=np.float32)
TINTS = [(1, 1, 1), (1, 1, 1), (1.06, 1, 0.92), (0.94, 1, 1.06), (1.1, 0.96, 0.84), (0.86, 0.93, 1.08)]


def lit(pixels: np.ndarray, rng: Generator, light: float) -> np.ndarray:
    """Day or dusk, brighter on the side the light comes from, haze, and the noise of a camera."""
    tint = pick(rng, TINTS)
    gain = between(rng, 0.84, 1.16)
    slope = between(rng, 0, 0.28)
    field = gain * (1 + slope * (light * ACROSS[None, :] - 0.6 * ACROSS[:, None]))
    pixels = pixels * (field[:, :, None] * np.array(tint)).astype(np.float32)
    haze = max(0.0, between(rng, -0.3, 0.25))
    pixels += haze * (200 - pixels)
    pixels += between(rng, 1.5, 5) * rng.standard_normal(pixels.shape, dtype=np.float32)
    return pixels.clip(0, 255).astype(np.uint8)
