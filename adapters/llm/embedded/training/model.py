"""A small llama in JAX: RMS norm, rotary positions, SwiGLU, tied embeddings (Touvron et al. 2023, arXiv:2302.13971)."""

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

EPSILON = 1e-5
ROPE_BASE = 10_000.0
MATRICES = ("q", "k", "v", "o", "gate", "up", "down")


@dataclass(frozen=True)
class Shape:
    vocabulary: int
    dim: int = 128
    layers: int = 2
    hidden: int = 288
    heads: int = 4


def initial(shape, key):
    keys = iter(jax.random.split(key, 8 * shape.layers + 2))
    normal = lambda *size, scale: jax.random.normal(next(keys), size) * scale
    dim, hidden = shape.dim, shape.hidden
    layer = lambda: {
        "attention_norm": jnp.ones(dim),
        "forward_norm": jnp.ones(dim),
        "q": normal(dim, dim, scale=0.5 * dim**-0.5),
        "k": normal(dim, dim, scale=0.5 * dim**-0.5),
        "v": normal(dim, dim, scale=dim**-0.5),
        "o": normal(dim, dim, scale=dim**-0.5),
        "gate": normal(dim, hidden, scale=dim**-0.5),
        "up": normal(dim, hidden, scale=dim**-0.5),
        "down": normal(hidden, dim, scale=hidden**-0.5),
    }
    return {
        # A token's vector is that of the word it is a writing of, and a difference of its own.
        "word": normal(shape.vocabulary, dim, scale=0.05),
        "writing": jnp.zeros((shape.vocabulary, dim)),
        "layers": [layer() for _ in range(shape.layers)],
        "norm": jnp.ones(dim),
    }


def embeddings(weights, shared):
    return weights["word"][shared] + weights["writing"]


def _norm(x, weight):
    return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + EPSILON) * weight


def _rotate(x, positions):
    """Neighbours turn together, as llama.cpp's llama does it; x has the axes batch, token, head, dimension."""
    half = x.shape[-1] // 2
    angle = positions[:, None] * ROPE_BASE ** (-jnp.arange(half) / half)[None]
    cos, sin = jnp.cos(angle)[None, :, None], jnp.sin(angle)[None, :, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return jnp.stack([even * cos - odd * sin, even * sin + odd * cos], -1).reshape(x.shape)


def _project(layer, h, shape, first):
    size = (*h.shape[:2], shape.heads, shape.dim // shape.heads)
    positions = jnp.arange(first, first + h.shape[1])
    a = _norm(h, layer["attention_norm"])
    q, k, v = ((a @ layer[name]).reshape(size) for name in ("q", "k", "v"))
    return _rotate(q, positions), _rotate(k, positions), v


def _forward(layer, h):
    b = _norm(h, layer["forward_norm"])
    return (jax.nn.silu(b @ layer["gate"]) * (b @ layer["up"])) @ layer["down"]


def states(weights, table, shape, prefix, tokens, drop=None):
    """The last hidden states of `tokens` [batch, length], all of which follow `prefix`, which is computed once.

    `drop`: a random key and a share; then whole dimensions of what a layer adds are left out.
    """
    head, tail = table[prefix][None], table[tokens]
    length, scale = tokens.shape[1], 1 / math.sqrt(shape.dim // shape.heads)
    causal = lambda n: jnp.where(jnp.tril(jnp.ones((n, n), bool)), 0.0, -1e9)
    keep = lambda x, _: x
    if drop is not None:
        key, share = drop
        keys = jax.random.split(key, 2 * shape.layers + 1)
        keep = lambda x, at: x * jax.random.bernoulli(keys[at], 1 - share, (x.shape[0], 1, x.shape[2])) / (1 - share)
        tail = keep(tail, 2 * shape.layers)
    for at, layer in enumerate(weights["layers"]):
        hq, hk, hv = _project(layer, head, shape, 0)
        tq, tk, tv = _project(layer, tail, shape, len(prefix))
        attend = lambda q, k: jnp.einsum("bqhd,bkhd->bhqk", q, k) * scale
        mix = lambda p, v: jnp.einsum("bhqk,bkhd->bqhd", p, v)
        before = jnp.einsum("bqhd,khd->bhqk", tq, hk[0]) * scale
        both = jax.nn.softmax(jnp.concatenate([before, attend(tq, tk) + causal(length)], -1), -1)
        seen = jnp.einsum("bhqk,khd->bqhd", both[..., : len(prefix)], hv[0]) + mix(both[..., len(prefix) :], tv)
        tail = tail + keep(seen.reshape(tail.shape) @ layer["o"], 2 * at)
        tail = tail + keep(_forward(layer, tail), 2 * at + 1)
        if at + 1 < shape.layers:
            own = mix(jax.nn.softmax(attend(hq, hk) + causal(len(prefix)), -1), hv)
            head = head + own.reshape(head.shape) @ layer["o"]
            head = head + _forward(layer, head)
    return _norm(tail, weights["norm"])


def parameters(weights, shape):
    """How many numbers the file has: the two parts of a token's vector are one there."""
    return sum(np.size(leaf) for leaf in jax.tree.leaves(weights)) - shape.vocabulary * shape.dim
