"""A linear teacher: it judges texts that nobody has judged, so that the model meets more words than there are examples."""

import re

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

WEIGHTS = {"handwritten": 3.0, "file": 1.0, "grammar": 0.3}


class Teacher:
    """Logistic regression over words, pairs of words, pieces of words, and what the lexicon says."""

    def __init__(self, lexicon):
        self.lexicon = lexicon
        self.words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        self.pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=3)
        self.regression = LogisticRegression(C=3, max_iter=600, tol=1e-3)

    def _features(self, texts, fit=False):
        words = self.words.fit_transform(texts) if fit else self.words.transform(texts)
        pieces = self.pieces.fit_transform(texts) if fit else self.pieces.transform(texts)
        parts = np.array([self.lexicon.parts(text) for text in texts])
        good, bad = np.log1p(parts[:, 0]), np.log1p(parts[:, 1])
        score = np.array([self.lexicon.score(text) for text in texts])
        return hstack([words, pieces, csr_matrix(np.c_[good, bad, score, np.abs(score)])]).tocsr()

    def fit(self, examples):
        texts = [example.text for example in examples]
        labels = np.array([example.label for example in examples])
        # Whatever the shares of the labels are, the teacher judges as if they were equal.
        shares = {label: np.mean(labels == label) for label in (-1, 0, 1)}
        weights = [WEIGHTS[example.source] / (3 * shares[example.label]) for example in examples]
        self.regression.fit(self._features(texts, fit=True), labels, sample_weight=weights)
        return self

    def judge(self, texts):
        """Probabilities of bearish, neutral and bullish."""
        return self.regression.predict_proba(self._features(texts))


def variations(texts, lexicon, count, rng):
    """New texts out of known ones: halves joined anew, words left out, words of the lexicon put in."""
    words = lexicon.words()
    halves = [half for text in texts for half in re.split(r", | as | after | amid | while | but | despite |: ", text)]
    halves = [half for half in halves if len(half.split()) >= 2]
    joints = [" as ", " after ", ", ", " amid ", " while ", ": ", " and ", " following "]
    pick = lambda items: items[rng.integers(len(items))]
    made = []
    for _ in range(count):
        draw = rng.random()
        if draw < 0.15:
            tokens = [word for word in pick(texts).split() if rng.random() > 0.15]
        elif draw < 0.65:
            tokens = pick(texts).split()
            at = rng.integers(len(tokens))
            tokens[at : at + int(rng.random() < 0.7)] = [pick(words)]
        elif draw < 0.9:
            tokens = (pick(halves) + pick(joints) + pick(halves)).split()
        else:
            # Words of the lexicon beside a name: nothing else to go by.
            tokens = [pick(halves).split()[0], pick(words), *([pick(words)] if rng.random() < 0.3 else [])]
        if len(tokens) > 1:
            made.append(" ".join(tokens))
    return made
