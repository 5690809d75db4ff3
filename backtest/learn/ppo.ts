import { softmax, type Network } from '../../domain/learning/network';
import { hash32, RandomStream } from '../../domain/random';
import { shuffled } from '../truth/resampling';
import { TrainableNetwork } from './trainable-network';

/** One episode of a problem: what is seen, and what comes of acting on it. */
export interface Episode {
  /** What is seen now; the same array may be written over by `act`. */
  observe(): Float64Array;
  /** @returns the reward of the action, and whether the episode has ended with it */
  act(action: number): { readonly reward: number; readonly isOver: boolean };
}

export interface PpoOptions {
  readonly observations: number;
  readonly actions: number;
  readonly hidden: readonly number[];
  readonly iterations: number;
  /** Episodes that are played before each round of learning. */
  readonly episodes: number;
  readonly epochs: number;
  readonly batch: number;
  /** Of later rewards, per step. */
  readonly discount: number;
  /** λ of generalised advantage estimation. */
  readonly trace: number;
  /** How far the probability of an action may move from what it was when it was taken. */
  readonly clip: number;
  readonly entropy: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly onProgress?: (done: number, all: number) => void;
}

export const DEFAULT_PPO: Omit<PpoOptions, 'observations' | 'actions' | 'onProgress'> = {
  ...{ hidden: [16, 16], iterations: 60, episodes: 64, epochs: 4, batch: 128 },
  ...{ discount: 1, trace: 0.95, clip: 0.2, entropy: 0.01, learningRate: 0.003, seed: 1 },
};

interface Step {
  readonly seen: Float64Array;
  readonly action: number;
  /** Logarithm of the probability that the action had. */
  readonly logProbability: number;
  readonly reward: number;
  readonly value: number;
  advantage: number;
  /** What the value should have been. */
  target: number;
}

const MAX_NORM = 0.5;
/** No episode is longer: what does not end by itself would never be learnt from. */
const MAX_STEPS = 10_000;

/**
 * Proximal policy optimisation with a clipped objective and generalised advantages (J. Schulman and others, "Proximal Policy
 * Optimization Algorithms", 2017, and "High-Dimensional Continuous Control Using Generalized Advantage Estimation", 2016). The
 * same seed gives the same policy.
 * @param begin an episode for this number; episodes are numbered on
 * @returns the policy: a preference for each action, {@link softmax} of which are their probabilities
 */
export function trainPpo(begin: (episode: number) => Episode, options: PpoOptions): Network {
  const { observations, actions, hidden, iterations, episodes, seed } = options;
  const random = new RandomStream(hash32('ppo', seed));
  const policy = new TrainableNetwork([observations, ...hidden, actions], random, 0.01);
  const critic = new TrainableNetwork([observations, ...hidden, 1], random, 1);
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const steps: Step[] = [];
    for (let episode = 0; episode < episodes; episode += 1)
      steps.push(...play(begin(iteration * episodes + episode), policy, critic, random, options));
    standardise(steps);
    for (let epoch = 0; epoch < options.epochs; epoch += 1) {
      const order = shuffled(steps, random);
      for (let from = 0; from < order.length; from += options.batch)
        learn(order.slice(from, from + options.batch), policy, critic, options);
    }
    options.onProgress?.(iteration + 1, iterations);
  }
  return policy.exported();
}

function play(
  episode: Episode,
  policy: TrainableNetwork,
  critic: TrainableNetwork,
  random: RandomStream,
  options: PpoOptions,
): readonly Step[] {
  const steps: Step[] = [];
  for (let count = 0; count < MAX_STEPS; count += 1) {
    const seen = Float64Array.from(episode.observe());
    const probabilities = softmax(policy.forward(seen));
    const action = draw(probabilities, random);
    const value = critic.forward(seen)[0] ?? 0;
    const { reward, isOver } = episode.act(action);
    const logProbability = Math.log(probabilities[action] ?? 0);
    steps.push({ seen, action, logProbability, reward, value, advantage: 0, target: 0 });
    if (isOver) break;
  }
  estimate(steps, options);
  return steps;
}

function draw(probabilities: Float64Array, random: RandomStream): number {
  let left = random.uniform();
  for (const [action, probability] of probabilities.entries()) {
    left -= probability;
    if (left < 0) return action;
  }
  return probabilities.length - 1;
}

/** Generalised advantages, from the end of the episode back. */
function estimate(steps: readonly Step[], { discount, trace }: PpoOptions): void {
  let [advantage, nextValue] = [0, 0];
  for (const step of steps.toReversed()) {
    const surprise = step.reward + discount * nextValue - step.value;
    advantage = surprise + discount * trace * advantage;
    step.advantage = advantage;
    step.target = advantage + step.value;
    nextValue = step.value;
  }
}

/** To a mean of 0 and a deviation of 1. */
function standardise(steps: readonly Step[]): void {
  const mean = steps.reduce((sum, { advantage }) => sum + advantage, 0) / steps.length;
  const variance = steps.reduce((sum, { advantage }) => sum + (advantage - mean) ** 2, 0) / steps.length;
  const deviation = Math.sqrt(variance) + 1e-8;
  for (const step of steps) step.advantage = (step.advantage - mean) / deviation;
}

function learn(
  batch: readonly Step[],
  policy: TrainableNetwork,
  critic: TrainableNetwork,
  options: PpoOptions,
): void {
  const { clip, entropy, learningRate } = options;
  for (const { seen, action, logProbability, advantage, target } of batch) {
    const probabilities = softmax(policy.forward(seen));
    const ratio = Math.exp(Math.log(probabilities[action] ?? 0) - logProbability);
    // Beyond the clip there is nothing to gain by going on, so nothing is learnt.
    const isClipped = advantage > 0 ? ratio > 1 + clip : ratio < 1 - clip;
    const pull = isClipped ? 0 : advantage * ratio;
    const disorder = probabilities.reduce((sum, p) => sum - p * Math.log(p + 1e-12), 0);
    policy.backward(
      probabilities.map((p, index) => {
        const byObjective = pull * ((index === action ? 1 : 0) - p);
        const byEntropy = -p * (Math.log(p + 1e-12) + disorder);
        return -(byObjective + entropy * byEntropy) / batch.length;
      }),
    );
    const value = critic.forward(seen)[0] ?? 0;
    critic.backward(Float64Array.of((2 * (value - target)) / batch.length));
  }
  policy.step(learningRate, MAX_NORM);
  critic.step(learningRate, MAX_NORM);
}
