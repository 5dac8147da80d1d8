"""Writes the reference values that the Rust TF-IDF and logistic regression are tested against.

    python3 -m pip install scikit-learn numpy
    python3 eval/reference/linear.py > tests/fixtures/linear_reference.json

The texts are random words about nothing, with the letters that tokenisers disagree about among them. Which of equally
frequent terms a limited vocabulary keeps depends on NumPy's unstable sort, and that on the processor: the vector
instructions are switched off below (names as in NumPy 2.4), so that its plain quicksort is the reference.
"""

import json
import os
import sys

os.environ["NPY_DISABLE_CPU_FEATURES"] = "X86_V4 X86_V3 AVX512_ICL AVX512_SPR"

import numpy
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

WORDS = (
    "tea milk jam oat bread plum pear fig salt soup river hill stone lamp chair table window garden ladder boat "
    "Grey-cat sat_9 x y ½ ²½ ÉTÉ İzmir straße ΣΑΣ كِتاب کتاب книга нигде हिन्दी 日本語 a1 7 42 o'clock naïve e\u0301te \u00adsoft"
).split(" ")


def texts(generator, count):
    def text():
        chance = 1 / numpy.arange(2, len(WORDS) + 2)
        words = generator.choice(WORDS, size=generator.integers(0, 14), p=chance / chance.sum())
        return generator.choice([" ", ", ", "  ", "\n"]).join(words)

    return [text() for _ in range(count)]


def reference(generator, name, size, c, weighted, **config):
    train, test = texts(generator, size), texts(generator, 25)
    vectorizer = TfidfVectorizer(**config)
    rows = vectorizer.fit_transform(train)
    labels = (rows @ generator.normal(size=rows.shape[1]) + generator.normal(scale=0.3, size=size) > 0.1).astype(int)
    weights = generator.uniform(0.2, 3.0, size) if weighted else None
    model = LogisticRegression(C=c, solver="liblinear", tol=1e-14, max_iter=100_000)
    model.fit(rows, labels, sample_weight=weights)
    tested = vectorizer.transform(test)
    return {
        "name": name,
        "config": {
            "ngrams": config["ngram_range"],
            "min_df": config.get("min_df", 1),
            "max_df": config.get("max_df", 1.0),
            "max_features": config.get("max_features"),
            "sublinear_tf": config.get("sublinear_tf", False),
        },
        "c": c,
        "train": train,
        "labels": labels.tolist(),
        "weights": None if weights is None else weights.tolist(),
        "test": test,
        "terms": vectorizer.get_feature_names_out().tolist(),
        "rows": [list(zip(r.indices.tolist(), r.data.tolist())) for r in (tested[i].sorted_indices() for i in range(25))],
        "coefficients": model.coef_[0].tolist(),
        "bias": float(model.intercept_[0]),
        "probabilities": model.predict_proba(tested)[:, 1].tolist(),
    }


def main():
    generator = numpy.random.default_rng(20261124)
    cases = [
        reference(generator, "words", 60, 1.0, False, ngram_range=(1, 1)),
        reference(
            generator, "words and pairs, sublinear", 80, 10.0, False,
            ngram_range=(1, 2), max_df=0.95, max_features=60, sublinear_tf=True,
        ),
        reference(generator, "pairs only, weighted", 70, 0.1, True, ngram_range=(2, 2), min_df=2),
        reference(
            generator, "up to three, shares, weighted", 90, 300.0, True,
            ngram_range=(1, 3), min_df=0.03, max_df=0.5, max_features=40,
        ),
        reference(generator, "far more terms than kept", 90, 1000.0, False, ngram_range=(1, 3), max_features=300),
    ]
    json.dump({"scikit_learn": sklearn.__version__, "cases": cases}, sys.stdout, ensure_ascii=False, indent=None)
    print()


main()
