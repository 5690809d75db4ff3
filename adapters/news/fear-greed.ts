import { z } from 'zod';
import { MARKET_SUBJECT, ObservedKind } from '../../domain/observations';
import { FEAR_GREED_ORIGIN } from '../history/origins';
import { askJson, Patience, reading } from './asking';
import type { Gauge } from './port';

/** The Fear & Greed index of Alternative.me (https://alternative.me/crypto/fear-and-greed-index/#api): one number a day, of its midnight. */

/** The newest days: one that was missed is made up for. */
const DAYS = 3;

export interface FearGreedOptions {
  readonly weight: number;
  readonly url: string;
  readonly timeoutMs: number;
  readonly wallTimeMs: () => number;
}

const answerSchema = z.object({
  data: z
    .array(
      z.object({
        value: z.coerce.number().min(0).max(100),
        timestamp: z.coerce.number().int().positive(),
      }),
    )
    .min(1),
});

export function fearGreedGauge({ weight, url, timeoutMs, wallTimeMs }: FearGreedOptions): Gauge {
  const name = 'fear-greed';
  const patience = new Patience(wallTimeMs);
  return {
    ...{ name, weight, kind: ObservedKind.FearGreed, origin: FEAR_GREED_ORIGIN },
    subjectOf: () => MARKET_SUBJECT,
    read: (_, signal) =>
      reading({ name, timeoutMs }, signal, async (within) => {
        const target = new URL(url);
        target.searchParams.set('limit', String(DAYS));
        const { data } = await askJson(target.href, answerSchema, { signal: within }, patience);
        return data.map(({ value, timestamp }) => ({
          subject: MARKET_SUBJECT,
          timeMs: timestamp * 1000,
          value,
        }));
      }),
  };
}
