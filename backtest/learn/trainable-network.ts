import type { Network } from '../../domain/learning/network';
import type { RandomStream } from '../../domain/random';

interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** Weights, then biases; gradients and Adam's two moments beside them. */
  readonly values: Float64Array;
  readonly gradients: Float64Array;
  readonly mean: Float64Array;
  readonly square: Float64Array;
  /** What came in and out at the last forward pass. */
  input: Float64Array;
  output: Float64Array;
}

const DECAY_MEAN = 0.9;
const DECAY_SQUARE = 0.999;
const TINY = 1e-8;

/** A multi-layer perceptron that learns by back-propagation and Adam (D. Kingma and J. Ba, ICLR 2015). */
export class TrainableNetwork {
  private readonly layers: readonly Layer[];
  private steps = 0;

  /**
   * @param sizes of the input, of each hidden layer and of the output
   * @param lastScale by which the weights of the last layer are made smaller, so that it begins without an opinion
   */
  constructor(sizes: readonly number[], random: RandomStream, lastScale: number) {
    this.layers = sizes.slice(1).map((outputs, index): Layer => {
      const inputs = sizes[index] ?? 1;
      const count = inputs * outputs + outputs;
      const scale = (index === sizes.length - 2 ? lastScale : 1) / Math.sqrt(inputs);
      const values = Float64Array.from({ length: count }, (_, at) =>
        at < inputs * outputs ? scale * random.normal() : 0,
      );
      const empty = (length: number): Float64Array => new Float64Array(length);
      return {
        ...{ inputs, outputs, values },
        ...{ gradients: empty(count), mean: empty(count), square: empty(count) },
        ...{ input: empty(inputs), output: empty(outputs) },
      };
    });
  }

  /** @returns the output, which the next call writes over */
  forward(input: Float64Array): Float64Array {
    let current = input;
    for (const [index, layer] of this.layers.entries()) {
      const { inputs, outputs, values, output } = layer;
      layer.input = current;
      for (let to = 0; to < outputs; to += 1) output[to] = values[inputs * outputs + to] ?? 0;
      for (let from = 0; from < inputs; from += 1) {
        const value = current[from] ?? 0;
        for (let to = 0; to < outputs; to += 1)
          output[to] = (output[to] ?? 0) + value * (values[from * outputs + to] ?? 0);
      }
      if (index < this.layers.length - 1)
        for (let to = 0; to < outputs; to += 1) output[to] = Math.tanh(output[to] ?? 0);
      current = output;
    }
    return current;
  }

  /** Adds to the gradients what the last forward pass has to do with a loss of this derivative by its output. */
  backward(byOutput: Float64Array): void {
    let delta = byOutput;
    for (let index = this.layers.length - 1; index >= 0; index -= 1) {
      const layer = this.layers[index];
      if (layer === undefined) return;
      const { inputs, outputs, values, gradients, input, output } = layer;
      if (index < this.layers.length - 1)
        delta = delta.map((value, to) => value * (1 - (output[to] ?? 0) ** 2));
      const byInput = new Float64Array(inputs);
      for (let from = 0; from < inputs; from += 1) {
        for (let to = 0; to < outputs; to += 1) {
          const at = from * outputs + to;
          gradients[at] = (gradients[at] ?? 0) + (input[from] ?? 0) * (delta[to] ?? 0);
          byInput[from] = (byInput[from] ?? 0) + (values[at] ?? 0) * (delta[to] ?? 0);
        }
      }
      for (let to = 0; to < outputs; to += 1)
        gradients[inputs * outputs + to] = (gradients[inputs * outputs + to] ?? 0) + (delta[to] ?? 0);
      delta = byInput;
    }
  }

  /** One step of Adam down the gradients, cut to a length of at most `maxNorm`; then they are zero again. */
  step(learningRate: number, maxNorm: number): void {
    this.steps += 1;
    const squares = this.layers.map(({ gradients }) =>
      gradients.reduce((sum, value) => sum + value * value, 0),
    );
    const norm = Math.sqrt(squares.reduce((sum, value) => sum + value, 0));
    const cut = norm > maxNorm ? maxNorm / norm : 1;
    const [meanBias, squareBias] = [1 - DECAY_MEAN ** this.steps, 1 - DECAY_SQUARE ** this.steps];
    for (const { values, gradients, mean, square } of this.layers) {
      for (let at = 0; at < values.length; at += 1) {
        const gradient = cut * (gradients[at] ?? 0);
        mean[at] = DECAY_MEAN * (mean[at] ?? 0) + (1 - DECAY_MEAN) * gradient;
        square[at] = DECAY_SQUARE * (square[at] ?? 0) + (1 - DECAY_SQUARE) * gradient * gradient;
        const size = Math.sqrt((square[at] ?? 0) / squareBias) + TINY;
        values[at] = (values[at] ?? 0) - (learningRate * ((mean[at] ?? 0) / meanBias)) / size;
      }
      gradients.fill(0);
    }
  }

  /** As it is kept. */
  exported(): Network {
    return this.layers.map(({ inputs, outputs, values }) => ({
      ...{ inputs, outputs },
      weights: [...values.subarray(0, inputs * outputs)],
      biases: [...values.subarray(inputs * outputs)],
    }));
  }
}
