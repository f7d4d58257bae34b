"""The ten kinds of things, and where they usually are."""

from collections.abc import Callable

from doodles.animals import bird, cat, deer, dog, frog, horse
from doodles.canvas import Canvas
from doodles.scenes import forest, meadow, open_sky, pond, road, room, sand, sea, snow, sunset, town
from doodles.vehicles import airplane, automobile, ship, truck

from numpy.random import Generator

Draw = Callable[[Canvas, Generator], None]

# The usual scenes of a kind come up in three images of five (one that is named twice, twice as often), any
# scene in the others: the background hints at the kind, but does not give it away.
KINDS: dict[str, tuple[Draw, list[Draw]]] = {
    "airplane": (airplane, [open_sky, open_sky, open_sky, sunset, road, sea, snow]),
    "automobile": (automobile, [road, road, town, town, sand, meadow, snow]),
    "bird": (bird, [open_sky, open_sky, sea, pond, forest, meadow, sunset]),
    "cat": (cat, [room, room, room, meadow, town, snow]),
    "deer": (deer, [forest, forest, meadow, meadow, snow, sunset]),
    "dog": (dog, [room, room, meadow, meadow, town, sand, snow]),
    "frog": (frog, [pond, pond, pond, meadow, forest, sand]),
    "horse": (horse, [meadow, meadow, meadow, sand, sand, forest, sunset]),
    "ship": (ship, [sea, sea, sea, sea, sunset, pond]),
    "truck": (truck, [road, road, town, town, sand, snow, sunset]),
}
