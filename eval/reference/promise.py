"""Writes the reference values that `countervail calibrate` is tested against.

    python3 -m pip install -r eval/reference/requirements.txt
    python3 eval/reference/promise.py > tests/fixtures/promise_reference.json

Random numbers and edge cases (ties, separable labels, all true, none true); no text is involved. Clopper-Pearson limits
are SciPy's, isotonic fits scikit-learn's; lines minimise the log loss with Platt's targets by SciPy's BFGS and root
finder, and are checked by the size of the gradient.
"""

import json

import numpy
import scipy
import sklearn
from scipy import optimize, special, stats
from sklearn.isotonic import IsotonicRegression


def limit(k, n, delta):
    low = 0.0 if k == 0 else float(stats.beta.ppf(delta, k, n - k + 1))
    return {"k": k, "n": n, "delta": delta, "low": low, "p_value_at_0.8": float(stats.binom.sf(k - 1, n, 0.8))}


def targets(y):
    positives, negatives = int(y.sum()), int((1 - y).sum())
    return numpy.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def line(x, y, free_offset):
    t = targets(y)

    def parts(theta):
        z = theta[0] * x + (theta[1] if free_offset else 0.0)
        p = special.expit(z)
        loss = numpy.sum(numpy.logaddexp(0.0, z) - t * z)
        design = numpy.stack([x, numpy.ones_like(x)], axis=1)[:, : len(theta)]
        return loss, design.T @ (p - t), (design * (p * (1 - p))[:, None]).T @ design

    start = numpy.full(2 if free_offset else 1, 0.1)
    near = optimize.minimize(lambda th: parts(th)[0], start, jac=lambda th: parts(th)[1], method="BFGS")
    found = optimize.root(lambda th: parts(th)[1], near.x, jac=lambda th: parts(th)[2], tol=1e-14)
    assert numpy.abs(parts(found.x)[1]).max() < 1e-8, found
    slope, offset = float(found.x[0]), float(found.x[1]) if free_offset else 0.0
    return [slope, offset] if slope > 0 else None


def isotonic(x, y):
    fit = IsotonicRegression(increasing=True).fit(x, y)
    return [float(v) for v in fit.predict(x)]


def drawn(rng, n, slope, offset, spread):
    x = numpy.round(rng.normal(0, spread, n), 4)
    y = (rng.random(n) < special.expit(slope * x + offset)).astype(int)
    return x, y


def main():
    rng = numpy.random.default_rng(7)
    limits = [limit(k, n, d) for n in (1, 13, 14, 59, 100, 731) for k in sorted({0, 1, n // 2, n - 1, n}) for d in (0.05, 0.01)]
    limits += [limit(int(rng.integers(0, n + 1)), int(n), 0.1) for n in rng.integers(1, 5000, 20)]
    settings = [(200, 1, 0, 2), (2000, 0.4, -2, 3), (500, 3, 1, 1), (300, 2, -6, 4), (1000, 0.05, 0.5, 5), (400, -1, 0, 2)]
    cases = [drawn(rng, *s) for s in settings]
    x = numpy.arange(-50, 50) / 10
    cases.append((x, (x >= 0).astype(int)))
    cases.append((numpy.round(rng.normal(0, 2, 400)), (rng.random(400) < 0.3).astype(int)))
    fits = [
        {"x": x.tolist(), "y": y.tolist(), "platt": line(x, y, True), "temperature": line(x, y, False), "isotonic": isotonic(x, y)}
        for x, y in cases
    ]
    print(json.dumps({
        "made_by": "eval/reference/promise.py",
        "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
        "limits": limits,
        "fits": fits,
    }))


main()
