"""Writes the reference values that the Rust metrics are tested against.

    python3 -m pip install scikit-learn scipy numpy
    python3 eval/reference/metrics.py > tests/fixtures/metrics_reference.json

The inputs are random numbers and edge cases (ties, one class only, nothing flagged); no text is involved.
Scores are 32-bit floats, as the subject gives them. An undefined value is null here even where
scikit-learn would substitute 0.
"""

import json
import sys

import numpy
import scipy
import sklearn
from scipy import stats
from sklearn import metrics

BINS = 10


def rate(count, whole):
    return None if whole == 0 else count / whole


def wilson(k, n):
    interval = stats.binomtest(int(k), int(n)).proportion_ci(0.95, method="wilson")
    return {"k": int(k), "n": int(n), "low": interval.low, "high": interval.high}


def calibration_error(labels, scores):
    bins = numpy.minimum((scores * BINS).astype(int), BINS - 1)
    gaps = [abs(scores[bins == b].mean() - labels[bins == b].mean()) * (bins == b).mean() for b in set(bins)]
    return float(sum(gaps))


def reference(name, labels, scores, threshold):
    labels = numpy.asarray(labels, dtype=int)
    narrow = numpy.asarray(scores, dtype=numpy.float32)
    scores = narrow.astype(float)
    flagged = (narrow >= numpy.float32(threshold)).astype(int)
    both = len(set(labels)) == 2
    tn, fp, fn, tp = (int(v) for v in metrics.confusion_matrix(labels, flagged, labels=[0, 1]).ravel())
    known_f1 = 2 * tp + fp + fn > 0
    return {
        "name": name,
        "labels": labels.tolist(),
        "scores": [float(str(s)) for s in narrow],
        "threshold": threshold,
        "confusion": [tp, fp, tn, fn],
        "precision": metrics.precision_score(labels, flagged) if tp + fp else None,
        "recall": metrics.recall_score(labels, flagged) if tp + fn else None,
        "f1": metrics.f1_score(labels, flagged) if known_f1 else None,
        "false_positive_rate": rate(fp, fp + tn),
        "accuracy": metrics.accuracy_score(labels, flagged),
        "average_precision": metrics.average_precision_score(labels, scores) if labels.any() else None,
        "roc_auc": metrics.roc_auc_score(labels, scores) if both else None,
        "brier": float(numpy.mean((scores - labels) ** 2)) if not both else metrics.brier_score_loss(labels, scores),
        "calibration_error": calibration_error(labels, scores),
    }


def bca(rng, size):
    """BCa as SciPy has it, on given replicates and jackknife values."""
    sample = rng.gamma(2.0, size=size)
    point = float(sample.mean())
    replicates = numpy.array([rng.choice(sample, size).mean() for _ in range(400)])
    jackknife = numpy.array([numpy.delete(sample, i).mean() for i in range(size)])
    share = (numpy.sum(replicates < point) + numpy.sum(replicates <= point)) / (2 * len(replicates))
    z0 = stats.norm.ppf(share)
    d = jackknife.mean() - jackknife
    a = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    levels = [stats.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in stats.norm.ppf([0.025, 0.975])]
    low, high = numpy.quantile(replicates, levels)
    return {
        "point": point,
        "replicates": replicates.tolist(),
        "jackknife": jackknife.tolist(),
        "low": min(low, point),
        "high": max(high, point),
    }


def main():
    rng = numpy.random.default_rng(20_260)
    cases = []
    for i, size in enumerate([2, 5, 17, 64, 200, 500]):
        labels = rng.integers(0, 2, size)
        labels[0], labels[1] = 0, 1
        cases.append(reference(f"random {i}", labels, rng.random(size), 0.5))
        informed = numpy.clip(labels * 0.3 + rng.random(size) * 0.7, 0, 1)
        cases.append(reference(f"informed {i}", labels, informed, 0.6))
        cases.append(reference(f"tied {i}", labels, rng.integers(0, 5, size) / 4, 0.5))
        rare = (rng.random(size) < 0.05).astype(int)
        cases.append(reference(f"rare {i}", rare, rng.random(size) ** 3, 0.7))
    half = [0, 1] * 10
    cases += [
        reference("all positive", [1] * 8, rng.random(8), 0.5),
        reference("all negative", [0] * 8, rng.random(8), 0.5),
        reference("one case", [1], [0.4], 0.5),
        reference("all scores equal", half, [0.5] * 20, 0.5),
        reference("nothing flagged", half, [0.1] * 20, 0.5),
        reference("perfect", [0] * 5 + [1] * 5, [0.1] * 5 + [0.9] * 5, 0.5),
        reference("reversed", [1] * 5 + [0] * 5, [0.1] * 5 + [0.9] * 5, 0.5),
        reference("ends of the scale", [0, 1, 0, 1], [0.0, 1.0, 1.0, 0.0], 0.5),
    ]
    rates = [wilson(k, n) for n in [1, 2, 7, 44, 450, 9999] for k in sorted({0, 1, n // 3, n // 2, n - 1, n}) if k <= n]
    versions = {"numpy": numpy.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}
    out = {"made_by": "eval/reference/metrics.py", "versions": versions, "cases": cases, "wilson": rates,
           "bca": [bca(rng, size) for size in (8, 25, 60)]}
    json.dump(out, sys.stdout, allow_nan=False, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
