import { DEFAULT_PPO, trainPpo, type Episode, type PpoOptions } from '../../../backtest/learn/ppo';
import { TrainableNetwork } from '../../../backtest/learn/trainable-network';
import { evaluate, indexOfLargest } from '../../../domain/learning/network';
import { RandomStream } from '../../../domain/random';

const LENGTH = 6;

/**
 * A corridor that may be entered anywhere: left pays a little and ends, right costs a little at each of five steps and pays much at the end. The optimum is
 * to go right everywhere, and what is near says the opposite.
 */
class Corridor implements Episode {
  constructor(private place = 0) {}

  observe(): Float64Array {
    return Float64Array.from({ length: LENGTH }, (_, index) => (index === this.place ? 1 : 0));
  }

  act(action: number): { reward: number; isOver: boolean } {
    if (action === 0) return { reward: 0.2, isOver: true };
    this.place += 1;
    const isOver = this.place === LENGTH;
    return { reward: isOver ? 2 : -0.1, isOver };
  }
}

const options = (change: Partial<PpoOptions> = {}): PpoOptions => ({
  ...DEFAULT_PPO,
  ...{
    observations: LENGTH,
    actions: 2,
    hidden: [8],
    iterations: 25,
    episodes: 16,
    batch: 32,
    learningRate: 0.02,
  },
  ...change,
});

describe('proximal policy optimisation', () => {
  it.each([1, 2, 3])('finds the optimum of a corridor that tempts to leave it, seed %d', (seed) => {
    const policy = trainPpo((episode) => new Corridor(episode % LENGTH), options({ seed }));
    const episode = new Corridor();
    let total = 0;
    for (let isOver = false; !isOver;) {
      const step = episode.act(indexOfLargest(evaluate(policy, episode.observe())));
      total += step.reward;
      isOver = step.isOver;
    }
    expect(total).toBeCloseTo(1.5, 9);
  });

  it('learns nothing without learning, and the same for the same seed', () => {
    const train = (change: Partial<PpoOptions>): string =>
      JSON.stringify(trainPpo(() => new Corridor(), options({ iterations: 2, ...change })));
    expect(train({})).toBe(train({}));
    expect(train({})).not.toBe(train({ seed: 9 }));
  });
});

it('gradients are those of small differences', () => {
  const network = new TrainableNetwork([3, 4, 2], new RandomStream(2), 1);
  const input = Float64Array.of(0.3, -1.2, 0.7);
  const target = [0.5, -0.25];
  const lossOf = (layers: ReturnType<TrainableNetwork['exported']>): number =>
    evaluate(layers, input).reduce((sum, value, index) => sum + (value - (target[index] ?? 0)) ** 2, 0);
  const before = network.exported();
  const output = network.forward(input);
  expect([...output]).toEqual([...evaluate(before, input)]);
  network.backward(output.map((value, index) => 2 * (value - (target[index] ?? 0))));
  // The first step of Adam goes by the sign of each derivative alone.
  network.step(1e-3, Infinity);
  const after = network.exported();
  before.forEach((layer, at) => {
    layer.weights.forEach((weight, index) => {
      const moved = (delta: number) =>
        before.map((one, place) =>
          place === at ? { ...one, weights: one.weights.map((w, i) => (i === index ? w + delta : w)) } : one,
        );
      const slope = (lossOf(moved(1e-6)) - lossOf(moved(-1e-6))) / 2e-6;
      expect((after[at]?.weights[index] ?? NaN) - weight).toBeCloseTo(-1e-3 * Math.sign(slope), 6);
    });
  });
});
