"""The vocabulary: byte-level BPE as GPT-2 splits text, which llama.cpp knows as "gpt-2"."""

import json
import re
from pathlib import Path

import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

PROMPT = Path(__file__).parents[2] / "prompts/headline-sentiment.v2.yaml"
LABELS = ["bearish", "neutral", "bullish"]
# Of every answer, and of nothing else: {"label":"bullish","sentiment":0.6}
OPENING = '{"label":"'
SPECIAL = ["<|pad|>", "<|bos|>", "<|im_start|>", "<|im_end|>"]


def number(value):
    """A sentiment as JSON writes it, to one decimal."""
    tenth = round(max(-1.0, min(1.0, value)) * 10) / 10
    return str(int(tenth)) if tenth in (-1, 0, 1) else f"{tenth:.1f}"


def answer(label, sentiment):
    return f'{OPENING}{LABELS[label + 1]}","sentiment":{number(sentiment)}}}'


def _answers():
    return [answer(label, tenth / 10) for label in (-1, 0, 1) for tenth in range(-10, 11)]


class Vocabulary:
    def __init__(self, texts, lexicon_words, size):
        prompt = yaml.safe_load(PROMPT.read_text(encoding="utf8"))
        self.tokenizer = Tokenizer(models.BPE())
        self.tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        self.tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size - len(SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            min_frequency=2,
            show_progress=False,
        )
        # Headlines come in every case: a word should be one token in each.
        cased = [form for text in texts for form in (text, text.lower(), text.title())]
        words = [form for word in lexicon_words for form in (f" {word}", f" {word.title()}")] * 12
        self.tokenizer.train_from_iterator(
            cased + words + _answers() * 200 + [prompt["system"], prompt["user"]] * 200, trainer
        )
        self.plain = self.tokenizer.get_vocab_size()
        self.pad, self.bos, self.start, self.end = range(self.plain, self.plain + len(SPECIAL))
        self.size = self.plain + len(SPECIAL)
        before, after = prompt["user"].strip().split("{{headline}}")
        self.prefix = [self.bos, self.start, *self("system\n" + prompt["system"].strip()), self.end, *self("\n")]
        self.prefix += [self.start, *self("user\n" + before)]
        self.after = [*self(after), self.end, *self("\n"), self.start, *self("assistant\n")]

    def __call__(self, text):
        return self.tokenizer.encode(text).ids

    def question(self, headline):
        """What follows the prefix, up to where the answer begins; the whole is encoded as llama.cpp does it."""
        return [*self(headline), *self.after]

    def tokens(self):
        by_id = {index: token for token, index in self.tokenizer.get_vocab().items()}
        return [by_id[index] for index in range(self.plain)] + SPECIAL

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
        whole = "\n".join(_answers())
        decoded = [self.tokenizer.decode([index]) for index in range(self.plain)]
        return [index for index, piece in enumerate(decoded) if piece and piece in whole and piece != "\n"] + [self.end]
