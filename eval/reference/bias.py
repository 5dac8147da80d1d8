"""Reference values for the metrics about identities, swaps and evidence.

    python3 -m pip install -r eval/reference/requirements.txt
    python3 eval/reference/bias.py > tests/fixtures/bias_reference.json

Identities are random masks. AUCs by scikit-learn on the masked cases, rates and their gaps by fairlearn, Newcombe's
interval by statsmodels, the generalised mean by SciPy, swaps by going through all pairs.
"""

from itertools import combinations

import fairlearn
import numpy
import scipy
import sklearn
import statsmodels
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate
from inputs import labelled_inputs, narrow, some_missing, write, written
from scipy import stats
from sklearn import metrics
from statsmodels.stats.proportion import confint_proportions_2indep

POWER = -5


def auc(labels, scores, mask):
    known = mask & ~numpy.isnan(scores)
    return metrics.roc_auc_score(labels[known], scores[known]) if len(set(labels[known])) == 2 else None


def power_mean(values):
    values = [v for v in values if v is not None]
    return float(stats.pmean(values, POWER)) if values else None


def newcombe(first, second):
    if first[1] == 0 or second[1] == 0:
        return None
    low, high = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    return [first[0] / first[1] - second[0] / second[1], float(max(low, -1)), float(min(high, 1))]


def counts(labels, flagged, mask):
    tp, fp = int((labels & flagged)[mask].sum()), int(((1 - labels) & flagged)[mask].sum())
    return tp, fp, int((1 - labels)[mask].sum()) - fp, int(labels[mask].sum()) - tp


def gaps(labels, flagged, member):
    """With − without, by fairlearn, None where a side has no case of the label."""
    tp, fp, tn, fn = counts(labels, flagged, member)
    other_tp, other_fp, other_tn, other_fn = counts(labels, flagged, ~member)
    out = []
    for rate, own, other in [(false_positive_rate, (fp, fp + tn), (other_fp, other_fp + other_tn)),
                             (false_negative_rate, (fn, tp + fn), (other_fn, other_tp + other_fn))]:
        expected = newcombe(own, other)
        if expected:
            frame = MetricFrame(metrics=rate, y_true=labels, y_pred=flagged, sensitive_features=member)
            by_fairlearn = frame.by_group.loc[True] - frame.by_group.loc[False]
            assert abs(by_fairlearn - expected[0]) < 1e-12
            expected[0] = float(by_fairlearn)
        out.append(expected)
    return out


def identity_reference(rng, name, labels, scores, threshold):
    size = len(labels)
    members = [rng.random(size) < share for share in (0.5, 0.2, 0.05)]
    members += [numpy.zeros(size, bool), numpy.ones(size, bool), labels == 1]
    every = numpy.ones(size, bool)
    flagged = (numpy.nan_to_num(scores, nan=-1.0) >= float(numpy.float32(threshold))).astype(int)
    identities = []
    for member in members:
        identities.append({
            "member": member.astype(int).tolist(),
            "subgroup": auc(labels, scores, member),
            "bpsn": auc(labels, scores, (member & (labels == 0)) | (~member & (labels == 1))),
            "bnsp": auc(labels, scores, (member & (labels == 1)) | (~member & (labels == 0))),
            "gaps": gaps(labels, flagged, member),
        })
    overall = auc(labels, scores, every)
    means = [power_mean([i[key] for i in identities]) for key in ("subgroup", "bpsn", "bnsp")]
    final = None if overall is None or None in means else 0.25 * overall + 0.25 * sum(means)
    return {"name": name, "labels": labels.tolist(), "scores": written(scores), "threshold": threshold,
            "identities": identities, "overall": overall, "power_means": means, "final": final}


def spread(rng, size):
    """The widest gap among disjoint groups, as MetricFrame has it between groups."""
    labels = numpy.zeros(size, int)
    flagged, groups = rng.integers(0, 2, size), rng.integers(0, 4, size)
    frame = MetricFrame(metrics=false_positive_rate, y_true=labels, y_pred=flagged, sensitive_features=groups)
    rates = [[int(flagged[groups == g].sum()), int((groups == g).sum())] for g in range(4)]
    low, high = int(numpy.argmin(frame.by_group)), int(numpy.argmax(frame.by_group))
    ends = newcombe(rates[high], rates[low])
    assert abs(ends[0] - frame.difference(method="between_groups")) < 1e-12
    return {"rates": rates, "lowest": low, "highest": high, "difference": ends}


def swaps(rng, name, sizes, missing):
    groups = [g for g, size in enumerate(sizes) for _ in range(size)]
    scores = narrow(some_missing(rng, rng.integers(0, 9, len(groups)) / 8, missing))
    flagged = scores >= 0.5
    pairs = [(a, b) for a, b in combinations(range(len(groups)), 2) if groups[a] == groups[b]]
    scored = [abs(scores[a] - scores[b]) for a, b in pairs if not numpy.isnan(scores[a] + scores[b])]
    flips = [flagged[a] != flagged[b] for a, b in pairs]
    split = {groups[a] for (a, b), flip in zip(pairs, flips) if flip}
    return {"name": name, "groups": groups, "scores": written(scores), "pairs": len(pairs), "scored_pairs": len(scored),
            "groups_of_two": sum(size > 1 for size in sizes), "groups_split": len(split),
            "flip_rate": float(numpy.mean(flips)) if pairs else None,
            "score_difference": float(numpy.mean(scored)) if scored else None}


def evidence(rng, size, missing):
    whole, without, only = (narrow(some_missing(rng, rng.random(size), missing)) for _ in range(3))
    drops = [d[~numpy.isnan(d)] for d in (whole - without, whole - only)]
    return {"whole": written(whole), "without": written(without), "only": written(only),
            "n": [len(d) for d in drops], "means": [float(d.mean()) if len(d) else None for d in drops]}


def main():
    rng = numpy.random.default_rng(20_261)
    cases = [identity_reference(rng, *given) for given in labelled_inputs(rng) if len(given[1]) > 0]
    write("bias.py", [numpy, scipy, sklearn, fairlearn, statsmodels], cases=cases,
          spreads=[spread(rng, size) for size in (40, 200, 3000)],
          newcombe=[[*a, *b, *newcombe(a, b)] for a, b in
                    [((56, 70), (48, 80)), ((9, 10), (3, 10)), ((10, 10), (0, 20)), ((5, 56), (0, 29)), ((0, 10), (0, 20)),
                     ((10, 10), (0, 10)), ((1, 1), (1, 1)), ((4000, 40000), (900, 10000))]],
          swaps=[swaps(rng, "plain", [3] * 20, 0.0), swaps(rng, "some abstain", [1, 2, 5, 9, 30], 0.3),
                 swaps(rng, "all abstain", [4, 4], 1.0), swaps(rng, "alone", [1, 1, 1], 0.0), swaps(rng, "one pair", [2], 0.0)],
          evidence=[evidence(rng, 50, 0.0), evidence(rng, 50, 0.3), evidence(rng, 1, 0.0), evidence(rng, 5, 1.0)])


if __name__ == "__main__":
    main()
