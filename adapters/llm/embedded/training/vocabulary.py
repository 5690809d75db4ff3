"""The vocabulary: byte-level BPE as GPT-2 splits text, which llama.cpp knows as "gpt-2"."""

import json
import re
from pathlib import Path

import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

PROMPT = Path(__file__).parents[2] / "prompts/headline-sentiment.v2.yaml"
LABELS = ["bearish", "neutral", "bullish"]
SPECIAL = ["<|pad|>", "<|bos|>", "<|im_start|>", "<|im_end|>"]


def number(value):
    """A sentiment as JSON writes it, to one decimal."""
    tenth = round(max(-1.0, min(1.0, value)) * 10) / 10
    return str(int(tenth)) if tenth in (-1, 0, 1) else f"{tenth:.1f}"


# An answer is two words of the vocabulary, {"label":"bullish","sentiment": and 0.6}, since a grammar costs time for every token.
# No text is split into them: they have no merges.
OPENINGS = [f'{{"label":"{label}","sentiment":' for label in LABELS]
NUMBERS = [number(tenth / 10) + "}" for tenth in range(-10, 11)]


class Vocabulary:
    def __init__(self, texts, lexicon_words, size):
        prompt = yaml.safe_load(PROMPT.read_text(encoding="utf8"))
        self.tokenizer = Tokenizer(models.BPE())
        self.tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        self.tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size - len(OPENINGS) - len(NUMBERS) - len(SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            min_frequency=2,
            show_progress=False,
        )
        # Headlines come in every case: a word should be one token in each.
        cased = [form for text in texts for form in (text, text.lower(), text.title())]
        words = [form for word in lexicon_words for form in (f" {word}", f" {word.title()}")] * 12
        self.tokenizer.train_from_iterator(
            cased + words + [prompt["system"], prompt["user"]] * 200, trainer
        )
        self.plain = self.tokenizer.get_vocab_size()
        self.openings = range(self.plain, self.plain + len(OPENINGS))
        self.numbers = range(self.openings.stop, self.openings.stop + len(NUMBERS))
        self.pad, self.bos, self.start, self.end = range(self.numbers.stop, self.numbers.stop + len(SPECIAL))
        self.size = self.numbers.stop + len(SPECIAL)
        before, after = prompt["user"].strip().split("{{headline}}")
        self.prefix = [self.bos, self.start, *self("system\n" + prompt["system"].strip()), self.end, *self("\n")]
        self.prefix += [self.start, *self("user\n" + before)]
        self.after = [*self(after), self.end, *self("\n"), self.start, *self("assistant\n")]

    def __call__(self, text):
        return self.tokenizer.encode(text).ids

    def question(self, headline):
        """What follows the prefix, up to where the answer begins; the whole is encoded as llama.cpp does it."""
        return [*self(headline), *self.after]

    def answer(self, label, sentiment):
        tenth = round(max(-1.0, min(1.0, sentiment)) * 10)
        return [self.openings[label + 1], self.numbers[tenth + 10], self.end]

    def tokens(self):
        by_id = {index: token for token, index in self.tokenizer.get_vocab().items()}
        return [by_id[index] for index in range(self.plain)] + OPENINGS + NUMBERS + SPECIAL

    def merges(self):
        pairs = json.loads(self.tokenizer.to_str())["model"]["merges"]
        return [pair if isinstance(pair, str) else " ".join(pair) for pair in pairs]

    def shared(self):
        """For each token the one that it is a writing of: ` Surge`, `Surge` and `surge` are ` surge`, if that is a token."""
        known = self.tokenizer.get_vocab()

        def origin(token):
            # Only letters of ASCII: what else stands in a token is bytes under another name.
            small = re.sub("[A-Z]", lambda letter: letter[0].lower(), token)
            return known.get(f"Ġ{small.removeprefix('Ġ')}", known.get(small, known[token]))

        return [origin(token) for token in self.tokens()[: self.plain]] + [*range(self.plain, self.size)]

    def answering(self):
        """Tokens that can be part of an answer: under the grammar no other is ever chosen between."""
        whole = "\n".join(opening + told for opening in OPENINGS for told in NUMBERS)
        decoded = [self.tokenizer.decode([index]) for index in range(self.plain)]
        pieces = [index for index, piece in enumerate(decoded) if piece and piece in whole and piece != "\n"]
        return [*pieces, *self.openings, *self.numbers, self.end]
