"""Trains the embedded model from nothing and writes it as a GGUF file. The same arguments on the same machine give the same file.

1. A linear teacher learns from what people judged, and judges variations of those texts.
2. The vectors of the tokens are learnt as a bag of words: a few seconds, and most of what there is to know.
3. The llama learns to answer, in the very words and tokens of the prompt that node-llama-cpp gives it.
"""

import argparse
import hashlib
import json
import resource
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

import export
from corpus import Grammar, Lexicon, handwritten, labelled_file, split
from model import Shape, embeddings, initial, parameters, states
from teacher import Teacher, variations
from vocabulary import Vocabulary

LONGEST = 72  # tokens of a headline; what is longer is cut off when learning
LENGTHS = (24, 40, LONGEST + 11)  # of questions, padded to one of these
BATCH = 96
ANSWER = (0.0, 0.7, 0.3)  # what label, number and end weigh in the loss; the label is learnt by the target itself
SURE = 0.92  # how sure of its label an example is; the rest is shared among the others
REPEATS = {"handwritten": 4, "file": 1}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--data", help="a CSV of headlines, with the columns text and label")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--holdout", type=float, default=0.2, help="share of what people judged that is only measured by")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--vocabulary", type=int, default=6144)
    parser.add_argument("--sentences", type=int, default=4_000, help="sentences of the grammar, per epoch")
    parser.add_argument("--variations", type=int, default=30_000)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--drop", type=float, default=0.1)
    return parser.parse_args()


def say(*parts):
    print(*parts, file=sys.stderr, flush=True)


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(probabilities, examples):
    """Accuracy, macro-F1, direction (of those that are not neutral, by the sign of the sentiment)."""
    truth = np.array([example.label for example in examples])
    guess = probabilities.argmax(1) - 1
    sentiment = probabilities[:, 2] - probabilities[:, 0]
    f1 = []
    for label in (-1, 0, 1):
        right = np.sum((guess == label) & (truth == label))
        f1.append(2 * right / max(1, np.sum(guess == label) + np.sum(truth == label)))
    known = truth != 0
    return {
        "rows": len(examples),
        "accuracy": round(float(np.mean(guess == truth)), 4),
        "macroF1": round(float(np.mean(f1)), 4),
        "direction": round(float(np.mean(np.sign(sentiment[known]) == truth[known])), 4),
    }


def optimiser(rate, steps):
    schedule = optax.warmup_cosine_decay_schedule(0, rate, max(5, steps // 20), max(20, steps), rate * 0.02)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.98, weight_decay=0.02))


def soft(label):
    target = np.full(3, (1 - SURE) / 2)
    target[label + 1] = SURE
    return target


def bag_of_words(weights, texts, targets, shared, pad, rng, epochs=8, batch=512, width=48):
    """Learns the vectors of words by what their sum says."""
    tokens = np.full((len(texts), width), pad)
    for row, text in enumerate(texts):
        tokens[row, : min(width, len(text))] = text[:width]
    learnt = {
        "word": weights["word"] * 0.4,
        "writing": weights["writing"],
        "out": jnp.asarray(rng.normal(size=(weights["word"].shape[1], 3)) * 0.1, jnp.float32),
        "bias": jnp.zeros(3),
    }
    steps = epochs * (len(texts) // batch)
    rule = optimiser(1e-2, steps)

    def loss(learnt, tokens, targets, key):
        seen = (tokens != pad) * jax.random.bernoulli(key, 0.85, tokens.shape)
        summed = (embeddings(learnt, shared)[tokens] * seen[..., None]).sum(1) / jnp.sqrt(seen.sum(1, keepdims=True) + 1)
        wrong = optax.softmax_cross_entropy(summed @ learnt["out"] + learnt["bias"], targets).mean()
        return wrong + 1e-3 * jnp.mean(learnt["writing"] ** 2) * learnt["writing"].shape[1]

    @jax.jit
    def step(learnt, state, tokens, targets, key):
        value, gradient = jax.value_and_grad(loss)(learnt, tokens, targets, key)
        update, state = rule.update(gradient, state, learnt)
        return optax.apply_updates(learnt, update), state, value

    state, key = rule.init(learnt), jax.random.PRNGKey(int(rng.integers(1 << 30)))
    for _ in range(epochs):
        order, losses = rng.permutation(len(texts)), []
        for at in range(0, len(texts) - batch + 1, batch):
            key, part = jax.random.split(key)
            rows = order[at : at + batch]
            learnt, state, value = step(learnt, state, tokens[rows], targets[rows], part)
            losses.append(float(value))
    say(f"bag of words: loss {np.mean(losses):.3f}")
    spread = jnp.std(learnt["word"]) + 1e-6
    scaled = lambda x: jnp.clip(x / spread, -4, 4) * 0.06
    return {**weights, "word": weights["word"] * 0.6 + scaled(learnt["word"]), "writing": scaled(learnt["writing"])}


class Learner:
    """Turns texts and targets into batches of questions with answers, and learns from them."""

    def __init__(self, options, vocabulary, shape, rng):
        self.options, self.vocabulary, self.shape, self.rng = options, vocabulary, shape, rng
        self.prefix = np.array(vocabulary.prefix)
        self.shared = np.array(vocabulary.shared())
        self.allowed = np.array(vocabulary.answering())
        self.place = {token: index for index, token in enumerate(self.allowed)}
        self.labels = np.array([self.place[token] for token in vocabulary.openings])
        self.judge_batch = jax.jit(self._judge)

    def sample(self, headline, target):
        """A question, some words of the headline left out, and an answer drawn by `target`."""
        headline = [token for token in headline[:LONGEST] if self.rng.random() > 0.08] or headline[:LONGEST]
        label = int(self.rng.choice(3, p=target)) - 1
        # No text says nothing; the strength of the others is what their target says, with the sign of the label.
        leaning = float(target[2] - target[0])
        sentiment = 0.0 if label == 0 else label * max(0.3, label * leaning)
        return [*headline, *self.vocabulary.after], self.vocabulary.answer(label, sentiment), target

    def batches(self, texts, targets):
        samples = [self.sample(text, target) for text, target in zip(texts, targets)]
        fitting = [min(n for n in LENGTHS if len(question) <= n) for question, *_ in samples]
        made = []
        for length in LENGTHS:
            rows = [samples[i] for i in self.rng.permutation(len(samples)) if fitting[i] == length]
            made += [self.pack(rows[at : at + BATCH], length) for at in range(0, len(rows) - BATCH + 1, BATCH)]
        return [made[i] for i in self.rng.permutation(len(made))]

    def pack(self, rows, length):
        size = len(ANSWER)
        tokens = np.full((len(rows), length + size), self.vocabulary.pad)
        at, told = np.zeros((len(rows), size), int), np.zeros((len(rows), size), int)
        for row, (question, reply, _) in enumerate(rows):
            whole = [*question, *reply[:-1]]
            tokens[row, : len(whole)] = whole
            at[row] = np.arange(len(question) - 1, len(whole))
            told[row] = [self.place[token] for token in reply]
        return tokens, at, told, np.array([target for *_, target in rows], np.float32)

    def _logits(self, weights, tokens, at, drop=None):
        table = embeddings(weights, self.shared)
        hidden = states(weights, table, self.shape, self.prefix, tokens, drop)
        return jnp.take_along_axis(hidden, at[..., None], 1) @ table[self.allowed].T

    def _loss(self, weights, tokens, at, told, target, key):
        scores = jax.nn.log_softmax(self._logits(weights, tokens, at, (key, self.options.drop)))
        wrong = -jnp.take_along_axis(scores, told[..., None], -1)[..., 0]
        label = -(scores[:, 0, self.labels] * target).sum(-1)
        return label.mean() + (wrong * jnp.array(ANSWER)).sum(-1).mean() / 2

    def learn(self, weights, epochs):
        """`epochs`: how many, and what makes the texts and targets of one."""
        count, examples_of = epochs
        first = self.batches(*examples_of())
        rule = optimiser(self.options.rate, count * len(first))

        @jax.jit
        def step(weights, state, batch, key):
            value, gradient = jax.value_and_grad(self._loss)(weights, *batch, key)
            update, state = rule.update(gradient, state, weights)
            return optax.apply_updates(weights, update), state, value

        state, key = rule.init(weights), jax.random.PRNGKey(self.options.seed)
        for epoch in range(count):
            losses = []
            for batch in first if epoch == 0 else self.batches(*examples_of()):
                key, part = jax.random.split(key)
                weights, state, value = step(weights, state, batch, part)
                losses.append(float(value))
            yield epoch, float(np.mean(losses)), weights

    def _judge(self, weights, tokens, at):
        logits = self._logits(weights, tokens, at)[:, 0]
        return jax.nn.softmax(logits[:, self.labels], -1)

    def judge(self, weights, texts, size=64):
        """Probabilities of the three labels, as the grammar lets the model choose between them."""
        length = LENGTHS[-1]
        result = []
        for start in range(0, len(texts), size):
            tokens = np.full((size, length), self.vocabulary.pad)
            at = np.zeros((size, 1), int)
            for row, text in enumerate(texts[start : start + size]):
                whole = [*self.vocabulary(text)[:LONGEST], *self.vocabulary.after]
                tokens[row, : len(whole)] = whole
                at[row] = len(whole) - 1
            result.append(np.asarray(self.judge_batch(weights, tokens, at)))
        return np.concatenate(result)[: len(texts)]


def main():
    options = arguments()
    rng = np.random.default_rng(options.seed)
    lexicon, grammar = Lexicon(), Grammar()
    sources = {"handwritten": handwritten()}
    if options.data:
        sources["file"] = labelled_file(options.data)
    known, held = [], {}
    for name, examples in sources.items():
        kept, held[name] = split(examples, options.holdout, rng)
        known += kept
    invented = [grammar.sample(rng) for _ in range(options.sentences)]
    teacher = Teacher(lexicon).fit(known + invented)
    varied = variations([e.text for e in known + invented[:1500]], lexicon, options.variations, rng)
    judged = np.asarray(teacher.judge(varied), np.float64)
    report = {name: {"teacher": measure(teacher.judge([e.text for e in rows]), rows)} for name, rows in held.items() if rows}
    say(f"{len(known)} judged by people, {len(varied)} by the teacher; {json.dumps(report)}; {processor_seconds():.0f} s")

    texts = [e.text for e in known for _ in range(3)] + [e.text for e in invented] + varied[:4000]
    vocabulary = Vocabulary(texts, lexicon.words(), options.vocabulary)
    shape = Shape(vocabulary.size)
    weights = initial(shape, jax.random.PRNGKey(options.seed))
    learner = Learner(options, vocabulary, shape, rng)

    repeated = [example for example in known for _ in range(REPEATS[example.source])]
    cased = lambda text: (text, text, text.lower(), text.title())[rng.integers(4)]

    def examples_of(share=3):
        """People's judgements, new sentences of the grammar, and a part of what the teacher judged."""
        fresh = repeated + [grammar.sample(rng) for _ in range(options.sentences)]
        rows = rng.choice(len(varied), len(varied) // share, replace=False)
        spoken = [cased(e.text) for e in fresh] + [cased(varied[i]) for i in rows]
        return [vocabulary(text) for text in spoken], np.array([soft(e.label) for e in fresh] + [judged[i] for i in rows])

    weights = bag_of_words(weights, *examples_of(share=1), learner.shared, vocabulary.pad, rng)
    say(f"{processor_seconds():.0f} s")
    for epoch, loss, weights in learner.learn(weights, (options.epochs, examples_of)):
        for name, rows in held.items():
            if rows:
                report[name]["model"] = measure(learner.judge(weights, [e.text for e in rows]), rows)
        told = {name: one["model"] for name, one in report.items()}
        say(f"epoch {epoch + 1}: loss {loss:.4f} {json.dumps(told)} {processor_seconds():.0f} s")

    about = {
        "name": "ballast-headlines",
        "version": "1",
        "description": f"Scores crypto headlines. Seed {options.seed}; learnt from {', '.join(sources)}, grammar, lexicon.",
    }
    export.write(options.out, weights, shape, vocabulary, about)
    with open(options.out, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    result = {"file": options.out, "sha256": digest, "parameters": parameters(weights, shape), "heldOut": report}
    print(json.dumps({**result, "options": vars(options), "processorSeconds": round(processor_seconds())}, indent=2))


if __name__ == "__main__":
    started = time.time()
    main()
    say(f"{time.time() - started:.0f} s on the wall")
