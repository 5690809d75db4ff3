import { writeFileSync } from 'node:fs';

/** Types of metadata, and of tensors, by their number in the format (version 3). */
const Kind = { U32: 4, F32: 6, Bool: 7, Text: 8, List: 9, I32: 5 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];
const TENSOR_F32 = 0;
const ALIGNMENT = 32;

interface Tensor {
  readonly name: string;
  /** Fastest first, as ggml counts. */
  readonly dimensions: readonly number[];
  readonly values: Float32Array;
}

/** Bytes, little-endian, appended. */
class Bytes {
  readonly #parts: Buffer[] = [];
  length = 0;

  raw(part: Buffer): this {
    this.#parts.push(part);
    this.length += part.length;
    return this;
  }

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    return this.raw(part);
  }

  u64(value: number): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt(value));
    return this.raw(part);
  }

  text(value: string): this {
    const part = Buffer.from(value, 'utf8');
    return this.u64(part.length).raw(part);
  }

  value(kind: Kind, value: unknown): this {
    switch (kind) {
      case Kind.U32:
      case Kind.I32:
        return this.u32(value as number);
      case Kind.F32: {
        const part = Buffer.alloc(4);
        part.writeFloatLE(value as number);
        return this.raw(part);
      }
      case Kind.Bool:
        return this.raw(Buffer.from([value === true ? 1 : 0]));
      case Kind.Text:
        return this.text(value as string);
      case Kind.List: {
        const { of, items } = value as { of: Kind; items: readonly unknown[] };
        this.u32(of).u64(items.length);
        for (const item of items) this.value(of, item);
        return this;
      }
    }
  }

  align(): this {
    return this.raw(Buffer.alloc((ALIGNMENT - (this.length % ALIGNMENT)) % ALIGNMENT));
  }

  all(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** GPT-2's names of the 256 bytes: printable ones are themselves, the others take the letters from U+0100 on. */
function byteNames(): readonly string[] {
  const isPrintable = (byte: number): boolean => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
}

/** Uniform numbers from -1 to 1 (xorshift32). */
function noise(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

interface Shape {
  readonly width: number;
  readonly layers: number;
}

const HEADS = 2;
const HIDDEN = 64;
const RANDOM: Shape = { width: 32, layers: 2 };
/** One dimension for each token. */
const PARROT: Shape = { width: 260, layers: 1 };
const TEMPLATE =
  '{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

const TOKENS = [...byteNames(), '<|bos|>', '<|im_start|>', '<|im_end|>'];

/**
 * Writes a llama of 30,000 random weights that speaks bytes: it understands nothing, and everything around it is real.
 * The file has about 130 kB. The same seed writes the same file.
 */
export const writeTinyGguf = (path: string, seed = 1): void => {
  writeGguf(path, RANDOM, randomWeights(seed));
};

/**
 * Writes a llama that says after each byte one that comes after it in `text`, each as likely as the next, and after others whatever it
 * may: where a grammar leaves a choice it is free.
 */
export const writeParrotGguf = (path: string, text: string): void => {
  writeGguf(path, PARROT, parrotWeights(Buffer.from(text, 'latin1')));
};

function writeGguf(path: string, { width, layers }: Shape, tensors: readonly Tensor[]): void {
  const tokens = TOKENS;
  const metadata: readonly (readonly [string, Kind, unknown])[] = [
    ['general.architecture', Kind.Text, 'llama'],
    ['general.name', Kind.Text, 'tiny random'],
    ['general.file_type', Kind.U32, 0],
    ['llama.context_length', Kind.U32, 4096],
    ['llama.embedding_length', Kind.U32, width],
    ['llama.block_count', Kind.U32, layers],
    ['llama.feed_forward_length', Kind.U32, HIDDEN],
    ['llama.attention.head_count', Kind.U32, HEADS],
    ['llama.attention.head_count_kv', Kind.U32, HEADS],
    ['llama.attention.layer_norm_rms_epsilon', Kind.F32, 1e-5],
    ['llama.rope.dimension_count', Kind.U32, width / HEADS],
    ['llama.vocab_size', Kind.U32, tokens.length],
    ['tokenizer.ggml.model', Kind.Text, 'gpt2'],
    ['tokenizer.ggml.pre', Kind.Text, 'gpt-2'],
    ['tokenizer.ggml.tokens', Kind.List, { of: Kind.Text, items: tokens }],
    [
      'tokenizer.ggml.token_type',
      Kind.List,
      { of: Kind.I32, items: tokens.map((_, id) => (id < 256 ? 1 : 3)) },
    ],
    ['tokenizer.ggml.merges', Kind.List, { of: Kind.Text, items: [] }],
    ['tokenizer.ggml.bos_token_id', Kind.U32, 256],
    ['tokenizer.ggml.eos_token_id', Kind.U32, 258],
    ['tokenizer.ggml.padding_token_id', Kind.U32, 256],
    ['tokenizer.ggml.add_bos_token', Kind.Bool, true],
    ['tokenizer.chat_template', Kind.Text, TEMPLATE],
  ];
  const file = new Bytes().raw(Buffer.from('GGUF')).u32(3).u64(tensors.length).u64(metadata.length);
  for (const [key, kind, value] of metadata) file.text(key).u32(kind).value(kind, value);
  let offset = 0;
  for (const { name, dimensions, values } of tensors) {
    file.text(name).u32(dimensions.length);
    for (const dimension of dimensions) file.u64(dimension);
    file.u32(TENSOR_F32).u64(offset);
    offset += Math.ceil(values.byteLength / ALIGNMENT) * ALIGNMENT;
  }
  file.align();
  for (const { values } of tensors)
    file.raw(Buffer.from(values.buffer, values.byteOffset, values.byteLength)).align();
  writeFileSync(path, file.all());
}

type Fill = (name: string, inputs: number, outputs: number) => Tensor;

const ones = (name: string, width: number): Tensor => ({
  ...{ name, dimensions: [width], values: new Float32Array(width).fill(1) },
});
const zeros: Fill = (name, inputs, outputs) => ({
  ...{ name, dimensions: [inputs, outputs], values: new Float32Array(inputs * outputs) },
});

const layersOf = ({ width, layers }: Shape, fill: Fill): readonly Tensor[] =>
  Array.from({ length: layers }, (_, layer) => {
    const at = (part: string): string => `blk.${layer}.${part}.weight`;
    return [
      ones(at('attn_norm'), width),
      ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((part) => fill(at(part), width, width)),
      ones(at('ffn_norm'), width),
      fill(at('ffn_gate'), width, HIDDEN),
      fill(at('ffn_up'), width, HIDDEN),
      fill(at('ffn_down'), HIDDEN, width),
    ];
  }).flat();

function randomWeights(seed: number): readonly Tensor[] {
  const random = noise(seed);
  const matrix: Fill = (name, inputs, outputs) => ({
    name,
    dimensions: [inputs, outputs],
    values: Float32Array.from({ length: inputs * outputs }, () => (random() * 1.7) / Math.sqrt(inputs)),
  });
  const { width } = RANDOM;
  const embedding = matrix('token_embd.weight', width, TOKENS.length);
  return [embedding, ...layersOf(RANDOM, matrix), ones('output_norm.weight', width)];
}

/** Layers that add nothing, so that the output sees the last token alone. */
function parrotWeights(text: Uint8Array): readonly Tensor[] {
  const { width } = PARROT;
  const embedding = zeros('token_embd.weight', width, TOKENS.length);
  for (const token of TOKENS.keys()) embedding.values[token * width + token] = 1;
  const output = zeros('output.weight', width, TOKENS.length);
  for (const [index, byte] of text.entries()) {
    const next = text[index + 1];
    if (next !== undefined) output.values[next * width + byte] = 2;
  }
  return [embedding, ...layersOf(PARROT, zeros), ones('output_norm.weight', width), output];
}
