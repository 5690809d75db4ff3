import { add, decimal, divide, isZero, multiply, ZERO, type DecimalString } from '../../domain/decimal';
import { estimateInputTokens } from './estimate';
import type { TokenUsage } from './failure';
import type { ModelRequest } from './port';

/** Dollars for a million tokens. Zero for a model that runs here. */
export interface ModelPrice {
  readonly inputPerMillionUsd: DecimalString;
  readonly outputPerMillionUsd: DecimalString;
}

const MILLION = decimal('1000000');

/** Dollars that a call costs, exactly. */
export function costOf(
  { inputPerMillionUsd, outputPerMillionUsd }: ModelPrice,
  { inputTokens, outputTokens }: TokenUsage,
): DecimalString {
  // The sum would be the same; exact arithmetic takes longer than the answer of a small model.
  if (isZero(inputPerMillionUsd) && isZero(outputPerMillionUsd)) return ZERO;
  return divide(
    add(
      multiply(inputPerMillionUsd, decimal(String(inputTokens))),
      multiply(outputPerMillionUsd, decimal(String(outputTokens))),
    ),
    MILLION,
  );
}

/** The most that a request can cost: its input estimated on the high side, and the longest answer. */
export const greatestCostOf = (price: ModelPrice, request: ModelRequest): DecimalString =>
  costOf(price, { inputTokens: estimateInputTokens(request), outputTokens: request.maxTokens });

/** The calendar month in UTC whose budget a call at `nowMs` is charged to, e.g. `2026-01`. */
export const monthOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 7);
