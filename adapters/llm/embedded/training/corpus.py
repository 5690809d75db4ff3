"""What is learnt from: hand-judged headlines, sentences of a grammar, a lexicon, and a CSV of labelled headlines if there is one.

Labels are -1 (bearish), 0 (neutral) and 1 (bullish) throughout.
"""

import csv
import gzip
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "corpus"
SIGNS = {"+": 1, "0": 0, "-": -1}
NAMES = {"positive": 1, "bullish": 1, "neutral": 0, "negative": -1, "bearish": -1}
URL = re.compile(r"\s*https?://\S+")


@dataclass(frozen=True)
class Example:
    text: str
    label: int
    source: str


def _lines(name):
    for line in (FOLDER / name).read_text(encoding="utf8").splitlines():
        if line and not line.startswith("#"):
            yield line


def handwritten():
    return [Example(line[2:], SIGNS[line[0]], "handwritten") for line in _lines("headlines.txt")]


def labelled_file(path):
    """A CSV with the columns text and label, gzipped or not. Links are left out: they say nothing."""
    raw = Path(path).read_bytes()
    text = gzip.decompress(raw) if str(path).endswith(".gz") else raw
    rows = csv.DictReader(io.StringIO(text.decode("utf8")))
    if rows.fieldnames is None or not {"text", "label"} <= set(rows.fieldnames):
        raise SystemExit(f"{path} has the columns {rows.fieldnames}; text and label are needed.")
    examples = []
    for number, row in enumerate(rows, start=1):
        label = NAMES.get((row["label"] or "").strip().lower())
        if label is None:
            raise SystemExit(f'{path}, row {number}: the label "{row["label"]}" is none of {", ".join(NAMES)}.')
        examples.append(Example(URL.sub("", row["text"]).strip(), label, "file"))
    return [example for example in examples if example.text]


class Grammar:
    """Makes labelled sentences out of grammar.txt."""

    SLOT = re.compile(r"\{(\w+)\}")
    TAILS = [": report", " - analysts", ", says report", " | weekly news", ", data shows", " – here's what we know", ": study"]

    def __init__(self):
        self.lists, self.sentences = {}, []
        for line in _lines("grammar.txt"):
            if line.startswith("@"):
                name, items = line[1:].split(":", 1)
                self.lists[name] = [item.strip() for item in items.split("|")]
            else:
                self.sentences.append((line[2:], SIGNS[line[0]]))
        self.by_label = {
            label: [sentence for sentence, sign in self.sentences if sign == label] for label in (-1, 0, 1)
        }

    def sample(self, rng):
        """One sentence; the three labels are equally frequent."""
        label = int(rng.integers(3)) - 1
        choices = self.by_label[label]
        text = self.fill(choices[rng.integers(len(choices))], rng)
        if rng.random() < 0.1:
            text += self.TAILS[rng.integers(len(self.TAILS))]
        return Example(text[0].upper() + text[1:], label, "grammar")

    def fill(self, sentence, rng):
        def choose(match):
            items = self.lists[match.group(1)]
            return items[rng.integers(len(items))]

        return self.SLOT.sub(choose, sentence)


VOWELS = "aeiou"


def _forms(verb):
    """A regular verb in its four forms."""
    stem = verb
    if verb.endswith("e"):
        return [verb, verb + "s", verb + "d", verb[:-1] + "ing"]
    if verb.endswith("y") and verb[-2] not in VOWELS:
        return [verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"]
    if verb.endswith(("s", "sh", "ch", "x")):
        return [verb, verb + "es", verb + "ed", verb + "ing"]
    short = len(verb) <= 5 and verb[-1] not in VOWELS + "wxy" and verb[-2] in VOWELS and verb[-3] not in VOWELS
    if short and verb not in ("gain", "enter") and not verb.endswith(("er", "en", "el")):
        stem = verb + verb[-1]
    return [verb, verb + "s", stem + "ed", stem + "ing"]


NEGATIONS = {"not", "no", "won't", "denies", "deny", "denied", "isn't", "without", "never", "despite", "doesn't", "off", "stops"}


class Lexicon:
    """Sums the weights of the words of a text; a word that follows a negation counts half, the other way round."""

    def __init__(self):
        self.weights, self.phrases = {}, {}
        for line in _lines("lexicon.txt"):
            weight, *words = line.split()
            for word in words:
                for form in _forms(word[:-1]) if word.endswith("~") else [word]:
                    (self.phrases if "_" in form else self.weights)[form.replace("_", " ")] = int(weight)

    def parts(self, text):
        """The sums of what is good and of what is bad."""
        text = f" {text.lower()} "
        good = bad = 0.0
        for phrase, weight in self.phrases.items():
            if phrase in text:
                text = text.replace(phrase, " ")
                good, bad = good + max(weight, 0), bad + max(-weight, 0)
        words = re.findall(r"[a-z][a-z\-']*", text)
        for index, word in enumerate(words):
            weight = self.weights.get(word, 0)
            if index > 0 and words[index - 1] in NEGATIONS:
                weight = -weight / 2
            good, bad = good + max(weight, 0), bad + max(-weight, 0)
        return good, bad

    def score(self, text):
        good, bad = self.parts(text)
        total = good - bad
        return total / np.sqrt(total * total + 4)

    def words(self):
        return [*self.weights, *self.phrases]


def split(examples, share, rng):
    """Shuffles and divides; every label keeps its share."""
    kept, held = [], []
    for label in (-1, 0, 1):
        group = [example for example in examples if example.label == label]
        order = rng.permutation(len(group))
        count = round(len(group) * share)
        held += [group[i] for i in order[:count]]
        kept += [group[i] for i in order[count:]]
    return kept, held
