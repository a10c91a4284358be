"""The work graphs of the benchmarks, as {item: [dependencies]} with integer items.

W1 is a chain of 200, W2 fans out 1 -> 1,000 -> 1, W3 has 2,000 items in 10 layers with 3 random parents each, W4 has
500 that depend on nothing.
"""

import random

Edges = dict[int, list[int]]


def chain(items: int = 200) -> Edges:
    """W1: each item depends on the one before."""
    return {i: [i - 1] if i else [] for i in range(items)}


def fan(width: int = 1000) -> Edges:
    """W2: one item, `width` items, one item."""
    middle: Edges = {i: [0] for i in range(1, width + 1)}
    return {0: [], **middle, width + 1: list(range(1, width + 1))}


def layered(items: int = 2000, layers: int = 10, parents: int = 3, seed: int = 1) -> Edges:
    """W3: `layers` equal layers; every item of a layer has `parents` distinct random parents in the one before."""
    rng, per = random.Random(seed), items // layers
    return {
        layer * per + j: rng.sample(range((layer - 1) * per, layer * per), parents) if layer else []
        for layer in range(layers)
        for j in range(per)
    }


def loose(items: int = 500) -> Edges:
    """W4: nothing depends on anything."""
    return {i: [] for i in range(items)}


GRAPHS = ("W1", "W2", "W3")
"""What is carried out with items that do nothing."""

WORKLOADS = {"W1": chain, "W2": fan, "W3": layered, "W4": loose}
SIZES = {"W1": 200, "W2": 1000, "W3": 2000, "W4": 500}
"""What each is built of where nothing else is said."""
