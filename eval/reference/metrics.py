"""Reference values that the metrics of one subject are tested against.

    python3 -m pip install -r eval/reference/requirements.txt
    python3 eval/reference/metrics.py > tests/fixtures/metrics_reference.json

scikit-learn where it has the metric, the definition in a few lines where it does not. An undefined value is null here
even where scikit-learn would substitute 0.
"""

import numpy
import scipy
import sklearn
from inputs import labelled_inputs, write, written
from scipy import stats
from sklearn import metrics

BINS = 10
GRID = [i / 50 for i in range(51)]
FALSE_POSITIVE_RATES = [0.0, 0.01, 0.05, 0.1, 0.5, 1.0]
RECALLS = [0.1, 0.5, 0.8, 0.95, 1.0]
AT = [1, 2, 5, 10, 20]
PREVALENCES = [0.5, 0.01, 0.001]


def rate(count, whole):
    return None if whole == 0 else int(count) / int(whole)


def wilson(k, n):
    interval = stats.binomtest(int(k), int(n)).proportion_ci(0.95, method="wilson")
    return {"k": int(k), "n": int(n), "low": interval.low, "high": interval.high}


def equal_width(scores):
    return numpy.minimum((scores * BINS).astype(int), BINS - 1)


def equal_mass(scores):
    """Bin of the first of each score's cases when all are lined up from the lowest up."""
    first = numpy.array([(scores < s).sum() for s in scores], dtype=int)
    return first * BINS // len(scores)


def reliability(labels, scores, binning):
    out = []
    if len(scores):
        bins = binning(scores)
        for b in sorted(set(bins)):
            s, y = scores[bins == b], labels[bins == b]
            interval = wilson(y.sum(), len(y))
            out.append([float(s.min()), float(s.max()), len(y), int(y.sum()), float(s.mean()), float(y.mean()),
                        interval["low"], interval["high"]])
    return out


def calibration_error(table):
    n = sum(row[2] for row in table)
    return sum(row[2] / n * abs(row[4] - row[5]) for row in table) if n else None


def cuts(labels, scores):
    """(threshold, TP, FP) from the cut that flags nothing to the lowest score, by scikit-learn where it can."""
    thresholds = sorted(set(scores[~numpy.isnan(scores)]), reverse=True)
    filled = numpy.nan_to_num(scores, nan=-1.0)
    if len(set(labels)) == 2:
        fpr, tpr, at = metrics.roc_curve(labels, filled, drop_intermediate=False)
        keep = at >= 0
        tp, fp = tpr * labels.sum(), fpr * (1 - labels).sum()
        out = [(t, round(a), round(b)) for t, a, b in zip(at[keep], tp[keep], fp[keep])]
        assert [c[0] for c in out[1:]] == thresholds
    else:
        out = [(numpy.inf, 0, 0)]
        out += [(t, int(labels[filled >= t].sum()), int((1 - labels)[filled >= t].sum())) for t in thresholds]
    return [(None if numpy.isinf(t) else float(t), tp, fp) for t, tp, fp in out]


def at_false_positive_rate(labels, scores, bound):
    p, n = int(labels.sum()), int((1 - labels).sum())
    if p == 0 or n == 0:
        return None
    allowed = [c for c in cuts(labels, scores) if c[2] / n <= bound]
    return list(min(allowed, key=lambda c: (-c[1], c[2])))


def at_recall(labels, scores, bound):
    p = int(labels.sum())
    reaching = [c for c in cuts(labels, scores)[1:] if p and c[1] / p >= bound]
    return list(reaching[0]) if reaching else None


def expected_hits(labels, scores, k):
    """Expected number of ones among the k highest scores when ties are shuffled."""
    cut = numpy.sort(scores)[::-1][k - 1]
    above, tied = scores > cut, scores == cut
    wanted = int(k - above.sum())
    draw = stats.hypergeom(int(tied.sum()), int(labels[tied].sum()), wanted)
    hits = numpy.arange(wanted + 1)
    return float(labels[above].sum() + (hits * draw.pmf(hits)).sum())


def precision_at_k(labels, scores, k):
    return expected_hits(labels, scores, k) / k if len(scores) >= k else None


def area_under_risk(labels, scores, flagged):
    """By definition: the mean over all coverages of the risk among the most confident."""
    confidence = numpy.where(flagged == 1, scores, (1 - scores.astype(numpy.float32)).astype(float))
    wrong = (flagged != labels).astype(int)
    n = len(scores)
    return sum(expected_hits(wrong, confidence, i) / i for i in range(1, n + 1)) / n if n else None


def at_prevalence(tp, fp, p, n, prevalence):
    if p == 0 or n == 0 or tp + fp == 0:
        return None

    def bayes(recall, alarms):
        return recall * prevalence / (recall * prevalence + alarms * (1 - prevalence))

    level = numpy.sqrt(0.95)
    recall = stats.binomtest(tp, p).proportion_ci(level, method="exact")
    alarms = stats.binomtest(fp, n).proportion_ci(level, method="exact")
    return [bayes(tp / p, fp / n), bayes(recall.low, alarms.high), bayes(recall.high, alarms.low)]


def roc_on_grid(labels, scores):
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    out = []
    for x in GRID:
        last = numpy.flatnonzero(fpr <= x)[-1]
        if last + 1 == len(fpr):
            out.append(float(tpr[last]))
        else:
            out.append(float(numpy.interp(x, fpr[last:last + 2], tpr[last:last + 2])))
    return out


def precision_on_grid(labels, scores):
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    precision, recall = precision[:-1][::-1], recall[:-1][::-1]
    return [float(precision[numpy.flatnonzero(recall >= x)[0]]) for x in GRID]


def macro_f1(labels, flagged, tp, fp, tn, fn):
    known = 2 * tp + fp + fn > 0 and 2 * tn + fp + fn > 0
    return metrics.f1_score(labels, flagged, labels=[0, 1], average="macro") if known else None


def decided(labels, flagged):
    tn = int(((labels == 0) & (flagged == 0)).sum())
    fp, tp = int(((labels == 0) & (flagged == 1)).sum()), int(((labels == 1) & (flagged == 1)).sum())
    fn = int(((labels == 1) & (flagged == 0)).sum())
    both = tp + fn > 0 and fp + tn > 0
    return {
        "confusion": [tp, fp, tn, fn],
        "precision": metrics.precision_score(labels, flagged) if tp + fp else None,
        "recall": metrics.recall_score(labels, flagged) if tp + fn else None,
        "f1": metrics.f1_score(labels, flagged) if 2 * tp + fp + fn else None,
        "macro_f1": macro_f1(labels, flagged, tp, fp, tn, fn),
        "false_positive_rate": rate(fp, fp + tn),
        "false_negative_rate": rate(fn, tp + fn),
        "accuracy": metrics.accuracy_score(labels, flagged) if len(labels) else None,
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, flagged) if both else None,
        "at_prevalence": [at_prevalence(tp, fp, tp + fn, fp + tn, prevalence) for prevalence in PREVALENCES],
    }


def ranked(labels, scores):
    both = len(set(labels)) == 2
    any_case, any_positive = len(labels) > 0, bool(labels.any())
    width, mass = reliability(labels, scores, equal_width), reliability(labels, scores, equal_mass)
    brier = metrics.brier_score_loss(labels, scores, pos_label=1) if both else None
    return {
        "average_precision": metrics.average_precision_score(labels, scores) if any_positive else None,
        "roc_auc": metrics.roc_auc_score(labels, scores) if both else None,
        "brier": brier if both or not any_case else float(numpy.mean((scores - labels) ** 2)),
        "log_loss": metrics.log_loss(labels, scores, labels=[0, 1]) if any_case else None,
        "calibration_error": calibration_error(width),
        "adaptive_calibration_error": calibration_error(mass),
        "reliability": {"equal_width": width, "equal_mass": mass},
        "precision_at_k": [precision_at_k(labels, scores, k) for k in AT],
        "roc_on_grid": roc_on_grid(labels, scores) if both else None,
        "precision_on_grid": precision_on_grid(labels, scores) if any_positive else None,
    }


def reference(name, labels, scores, threshold):
    known = ~numpy.isnan(scores)
    flagged = (numpy.nan_to_num(scores, nan=-1.0) >= float(numpy.float32(threshold))).astype(int)
    return {
        "name": name,
        "labels": labels.tolist(),
        "scores": written(scores),
        "threshold": threshold,
        **decided(labels, flagged),
        **ranked(labels[known], scores[known]),
        "at_false_positive_rate": [at_false_positive_rate(labels, scores, b) for b in FALSE_POSITIVE_RATES],
        "at_recall": [at_recall(labels, scores, b) for b in RECALLS],
        "area_under_risk": area_under_risk(labels[known], scores[known], flagged[known]),
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
    cases = [reference(*given) for given in labelled_inputs(rng)]
    rates = [wilson(k, n) for n in [1, 2, 7, 44, 450, 9999] for k in sorted({0, 1, n // 3, n // 2, n - 1, n}) if k <= n]
    given = {"false_positive_rates": FALSE_POSITIVE_RATES, "recalls": RECALLS, "k": AT, "prevalences": PREVALENCES}
    write("metrics.py", [numpy, scipy, sklearn], given=given, cases=cases, wilson=rates,
          bca=[bca(rng, size) for size in (8, 25, 60)])


if __name__ == "__main__":
    main()
