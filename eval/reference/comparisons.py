"""Reference values for exact binomial limits, DeLong, and the comparisons of two subjects.

    python3 -m pip install -r eval/reference/requirements.txt
    python3 eval/reference/comparisons.py > tests/fixtures/comparisons_reference.json

SciPy and statsmodels where they have it; DeLong by going through all pairs of a positive and a negative, as the paper
defines it; the least detectable differences by solving the equation numerically.
"""

import numpy
import scipy
import statsmodels
from inputs import labelled_inputs, narrow, write, written
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

Z = stats.norm.ppf(0.975)
Z_POWER = stats.norm.ppf(0.8)


def limits(k, n):
    level = 0.95
    both = stats.binomtest(k, n).proportion_ci(level, method="exact")
    low = stats.binomtest(k, n, alternative="greater").proportion_ci(level, method="exact").low
    high = stats.binomtest(k, n, alternative="less").proportion_ci(level, method="exact").high
    return [k, n, float(both.low), float(both.high), float(low), float(high)]


def tails(k, n, p):
    return [k, n, p, float(stats.binom.sf(k - 1, n, p)), float(stats.binom.cdf(k, n, p)), float(stats.binom.pmf(k, n, p))]


def kernel(positives, negatives):
    return (positives[:, None] > negatives[None, :]) + 0.5 * (positives[:, None] == negatives[None, :])


def delong(labels, columns):
    """AUCs and their covariance matrix, by the O(m·n) definition; None with fewer than two of either class."""
    if min(labels.sum(), (1 - labels).sum()) < 2:
        return None
    kernels = [kernel(s[labels == 1], s[labels == 0]) for s in columns]
    by_positive, by_negative = [k.mean(axis=1) for k in kernels], [k.mean(axis=0) for k in kernels]
    m, n = kernels[0].shape
    covariance = numpy.atleast_2d(numpy.cov(by_positive)) / m + numpy.atleast_2d(numpy.cov(by_negative)) / n
    return [float(k.mean()) for k in kernels], covariance


def single(labels, scores):
    known = ~numpy.isnan(scores)
    found = delong(labels[known], [scores[known]])
    if found is None:
        return None
    (value,), variance = found[0], float(found[1][0, 0])
    ends = [None, None]
    if variance > 0 and 0 < value < 1:
        half = Z * numpy.sqrt(variance) / (value * (1 - value))
        ends = [float(scipy.special.expit(scipy.special.logit(value) + side * half)) for side in (-1, 1)]
    return [value, variance, *ends]


def paired(labels, first, second):
    known = ~numpy.isnan(first + second)
    found = delong(labels[known], [first[known], second[known]])
    if found is None:
        return None
    (a, b), covariance = found
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    if variance < 1e-15:
        return None
    half = Z * numpy.sqrt(variance)
    return [a, b, float(a - b - half), float(a - b + half), float(2 * stats.norm.sf(abs(a - b) / numpy.sqrt(variance)))]


def auc_reference(rng, name, labels, scores):
    second = narrow([None if rng.random() < 0.1 else s for s in numpy.clip(0.4 * labels + 0.6 * rng.random(len(labels)), 0, 1)])
    return {"name": name, "labels": labels.tolist(), "first": written(scores), "second": written(second),
            "single": single(labels, scores), "paired": paired(labels, scores, second)}


def mcnemar_reference(b, c):
    if b + c == 0:
        return [0, 0, 1.0, 1.0]
    exact = stats.binomtest(b, b + c, 0.5).pvalue
    assert abs(exact - mcnemar([[0, b], [c, 0]], exact=True).pvalue) < 1e-12
    half = 2 * stats.binom.cdf(min(b, c), b + c, 0.5) - stats.binom.pmf(min(b, c), b + c, 0.5)
    return [b, c, float(exact), float(half)]


def holm(p):
    return {"p": [float(v) for v in p], "adjusted": [float(v) for v in multipletests(p, method="holm")[1]]}


def bootstrap_p(rng, shift):
    """Two-sided p-value from resampled differences, counting one more on each side."""
    d = numpy.round(rng.normal(shift, 1, 200), 1) + 0.0
    p = min(1.0, 2 * min((1 + (d <= 0).sum()) / 201, (1 + (d >= 0).sum()) / 201))
    return {"differences": d.tolist(), "p": float(p)}


def paired_gain(n, psi):
    """The root of Connor's equation between 0 and the discordance."""
    def lacking(d):
        return numpy.sqrt(n) * d - Z * numpy.sqrt(psi) - Z_POWER * numpy.sqrt(max(psi - d * d, 0))

    most = min(psi, 1.0)
    if lacking(most) < 0:
        return [n, psi, None]
    return [n, psi, float(optimize.brentq(lacking, 0, most, xtol=1e-14))]


def rate_rise(n, p):
    """Exact: the rate at which the least count that rejects "at most p" is reached four times in five."""
    counts = numpy.arange(n + 2)
    least = int(counts[stats.binom.sf(counts - 1, n, p) <= 0.025][0])
    if least > n:
        return [n, p, None]
    return [n, p, float(optimize.brentq(lambda q: stats.binom.sf(least - 1, n, q) - 0.8, p, 1, xtol=1e-14) - p)]


def main():
    rng = numpy.random.default_rng(20_262)
    rates = [(k, n) for n in [1, 2, 7, 44, 450, 9999, 80_000] for k in sorted({0, 1, n // 3, n // 2, n - 1, n}) if k <= n]
    aucs = [auc_reference(rng, name, labels, scores) for name, labels, scores, _ in labelled_inputs(rng)]
    discordant = [(0, 0), (0, 1), (1, 0), (0, 5), (3, 3), (10, 2), (14, 29), (100, 100), (100, 140), (4000, 4200)]
    write("comparisons.py", [numpy, scipy, statsmodels],
          limits=[limits(k, n) for k, n in rates],
          tails=[tails(k, n, p) for k, n in rates for p in (0.0, 1e-6, 0.01, 0.3, 0.5, 0.9, 1.0)],
          aucs=aucs,
          mcnemar=[mcnemar_reference(b, c) for b, c in discordant],
          holm=[holm(rng.random(size) ** 3) for size in (1, 2, 5, 20)] + [holm([0.01, 0.01, 0.01]), holm([0.0, 1.0, 0.5])],
          bootstrap_p=[bootstrap_p(rng, shift) for shift in (0.0, 1.0, -2.0, 6.0)],
          paired_gain=[paired_gain(n, psi) for n in (1, 10, 50, 450, 20_000) for psi in (0.01, 0.1, 0.25, 1.0)],
          rate_rise=[rate_rise(n, p) for n in (1, 5, 44, 450, 20_000) for p in (0.0, 0.01, 0.3, 0.95, 1.0)])


if __name__ == "__main__":
    main()
