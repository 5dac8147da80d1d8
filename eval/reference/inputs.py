"""Inputs that the reference scripts share: random numbers and edge cases, never a text.

Scores are 32-bit floats, as a subject gives them; None is an abstention.
"""

import json
import sys

import numpy


def narrow(scores):
    """32-bit floats in an array of 64-bit ones; NaN for an abstention."""
    return numpy.array([numpy.nan if s is None else numpy.float32(s) for s in scores], dtype=numpy.float32).astype(float)


def written(scores):
    """The shortest decimal of each 32-bit score."""
    return [None if numpy.isnan(s) else float(str(numpy.float32(s))) for s in scores]


def some_missing(rng, scores, share):
    return [None if rng.random() < share else float(s) for s in scores]


def labelled_inputs(rng):
    """(name, labels, scores, threshold) of every kind that a metric could stumble over."""
    out = []
    for i, size in enumerate([2, 5, 17, 64, 150]):
        labels = rng.integers(0, 2, size)
        labels[0], labels[1] = 0, 1
        out.append((f"random {i}", labels, rng.random(size), 0.5))
        informed = numpy.clip(labels * 0.3 + rng.random(size) * 0.7, 0, 1)
        out.append((f"informed {i}", labels, informed, 0.6))
        out.append((f"tied {i}", labels, rng.integers(0, 5, size) / 4, 0.5))
        rare = (rng.random(size) < 0.05).astype(int)
        out.append((f"rare {i}", rare, rng.random(size) ** 3, 0.7))
        out.append((f"abstaining {i}", labels, some_missing(rng, informed, 0.3), 0.6))
    half = [0, 1] * 10
    out += [
        ("all positive", [1] * 8, rng.random(8), 0.5),
        ("all negative", [0] * 8, rng.random(8), 0.5),
        ("one positive", [1], [0.4], 0.5),
        ("one negative", [0], [0.9], 0.5),
        ("all scores equal", half, [0.5] * 20, 0.5),
        ("nothing flagged", half, [0.1] * 20, 0.5),
        ("perfect", [0] * 5 + [1] * 5, [0.1] * 5 + [0.9] * 5, 0.5),
        ("reversed", [1] * 5 + [0] * 5, [0.1] * 5 + [0.9] * 5, 0.5),
        ("ends of the scale", [0, 1, 0, 1], [0.0, 1.0, 1.0, 0.0], 0.5),
        ("all abstained", half, [None] * 20, 0.5),
        ("positives abstained", half, [None if label else 0.3 for label in half], 0.2),
        ("no cases", [], [], 0.5),
        ("some tied", rng.integers(0, 2, 90), rng.integers(0, 40, 90) / 40, 0.5),
    ]
    return [(name, numpy.asarray(labels, dtype=int), narrow(scores), threshold) for name, labels, scores, threshold in out]


def write(script, packages, **parts):
    versions = {p.__name__: p.__version__ for p in packages}
    json.dump({"made_by": f"eval/reference/{script}", "versions": versions, **parts}, sys.stdout, allow_nan=False,
              separators=(",", ":"))
    sys.stdout.write("\n")
