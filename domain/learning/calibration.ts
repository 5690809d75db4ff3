import { z } from 'zod';
import { logistic } from './trees';

/** How a score becomes a probability that can be believed. */
export const calibrationSchema = z.discriminatedUnion('kind', [
  /** The sigmoid of a × score + b (J. Platt, "Probabilistic Outputs for Support Vector Machines", 1999). */
  z.strictObject({ kind: z.literal('platt'), a: z.number(), b: z.number() }),
  /** A rising line through these points, level before the first and after the last. */
  z
    .strictObject({
      kind: z.literal('isotonic'),
      scores: z.array(z.number()).min(1),
      probabilities: z.array(z.number().min(0).max(1)).min(1),
    })
    .refine(
      ({ scores, probabilities }) =>
        scores.length === probabilities.length &&
        scores.every((score, index) => index === 0 || score > (scores[index - 1] ?? Infinity)) &&
        probabilities.every((value, index) => index === 0 || value >= (probabilities[index - 1] ?? Infinity)),
      'scores must rise, probabilities must not fall, and there must be as many of both',
    ),
]);
export type Calibration = Readonly<z.infer<typeof calibrationSchema>>;

/** Believes scores as they are. */
export const NO_CALIBRATION: Calibration = { kind: 'platt', a: 1, b: 0 };

/** The probability of a score in log-odds. Allocates nothing. */
export function calibrated(calibration: Calibration, score: number): number {
  if (calibration.kind === 'platt') return logistic(calibration.a * score + calibration.b);
  const { scores, probabilities } = calibration;
  let [low, high] = [0, scores.length - 1];
  if (!(score > (scores[low] ?? NaN))) return probabilities[low] ?? NaN;
  if (score >= (scores[high] ?? NaN)) return probabilities[high] ?? NaN;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((scores[middle] ?? NaN) <= score) low = middle;
    else high = middle;
  }
  const [from, to] = [scores[low] ?? NaN, scores[high] ?? NaN];
  const [below, above] = [probabilities[low] ?? NaN, probabilities[high] ?? NaN];
  return below + ((above - below) * (score - from)) / (to - from);
}
