import { z } from 'zod';

/** One fully connected layer: `weights[i × outputs + j]` leads from input `i` to output `j`. */
const layerSchema = z
  .strictObject({
    inputs: z.int().min(1),
    outputs: z.int().min(1),
    weights: z.array(z.number()).readonly(),
    biases: z.array(z.number()).readonly(),
  })
  .refine(
    ({ inputs, outputs, weights, biases }) =>
      weights.length === inputs * outputs && biases.length === outputs,
    'a layer must have a weight for every input and output, and a bias for every output',
  );

/** A multi-layer perceptron: tanh between layers, nothing after the last. */
export const networkSchema = z
  .array(layerSchema)
  .min(1)
  .readonly()
  .refine(
    (layers) => layers.every(({ inputs }, index) => index === 0 || inputs === layers[index - 1]?.outputs),
    'each layer must take what the one before gives',
  );
export type Network = z.infer<typeof networkSchema>;

/** What a network makes of an input, one number per output of its last layer. */
export function evaluate(network: Network, input: Float64Array): Float64Array {
  return network.reduce((values, { inputs, outputs, weights, biases }, index) => {
    const out = Float64Array.from(biases);
    for (let from = 0; from < inputs; from += 1) {
      const value = values[from] ?? 0;
      for (let to = 0; to < outputs; to += 1)
        out[to] = (out[to] ?? 0) + value * (weights[from * outputs + to] ?? 0);
    }
    return index < network.length - 1 ? out.map(Math.tanh) : out;
  }, input);
}

/** Probabilities that belong to these preferences. */
export function softmax(preferences: Float64Array): Float64Array {
  const highest = preferences.reduce((most, value) => Math.max(most, value), -Infinity);
  const powers = preferences.map((value) => Math.exp(value - highest));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}

/** The place of the largest; of equals the first. */
export function indexOfLargest(values: Float64Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index += 1)
    if ((values[index] ?? NaN) > (values[best] ?? NaN)) best = index;
  return best;
}
