import { z } from 'zod';
import { ObservedKind } from '../../domain/observations';
import type { Gauge, GaugeReading } from '../news/port';
import { createPublicClient, type CcxtBinance } from './ccxt-client';
import { createScrubber } from './failure';
import { createGateway, type Gateway } from './gateway';
import { HttpClient } from './http-client';
import { createFetch } from './transport';

/**
 * What a venue's perpetuals say about how traders stand: funding rates as they were settled, and accounts long for each that is short.
 * Public data, of Binance's USDⓈ-M futures.
 */

/** The newest settlements: those of a day, so that a night of missed rounds loses none. */
const SETTLEMENTS = 4;
/** Ratios of five minutes each: those of half an hour. */
const RATIOS = 6;
const RATIO_PERIOD = '5m';
/** `Invalid symbol`: there is no such perpetual. */
const NO_SUCH_SYMBOL = [-1121, -1122];

export interface DerivativesOptions {
  readonly venue: string;
  readonly weights: { readonly funding: number; readonly longShort: number };
  readonly timeoutMs: number;
  /** Sends requests to another server that speaks the venue's protocol. */
  readonly restUrl?: string | undefined;
}

export interface Derivatives {
  readonly funding: Gauge;
  readonly longShort: Gauge;
  close(): Promise<void>;
}

const fundingSchema = z.array(
  z.object({
    fundingRate: z.coerce.number().gt(-1).lt(1),
    fundingTime: z.coerce.number().int().positive(),
  }),
);
const ratioSchema = z.array(
  z.object({
    longShortRatio: z.coerce.number().min(0),
    timestamp: z.coerce.number().int().positive(),
  }),
);

const QUOTE = 'USDT';
/** `BTC/USDT:USDT` for BTC, and its name at the venue. */
const subjectOf = (asset: string): string => `${asset}/${QUOTE}:${QUOTE}`;
const idOf = (subject: string): string => subject.replace('/', '').replace(`:${QUOTE}`, '');

/** Nothing is loaded or sent before the first reading. */
export function createDerivatives({ venue, weights, timeoutMs, restUrl }: DerivativesOptions): Derivatives {
  let opened: Promise<Opened> | undefined;
  const open = (): Promise<Opened> => (opened ??= openClient(timeoutMs, restUrl));

  const gauge = <T>(
    what: Pick<Gauge, 'name' | 'kind' | 'weight'>,
    schema: z.ZodType<readonly T[]>,
    send: (client: CcxtBinance, symbol: string) => Promise<unknown>,
    readingOf: (row: T) => Omit<GaugeReading, 'subject'>,
  ): Gauge => ({
    ...what,
    origin: venue,
    subjectOf,
    async read(assets) {
      const { gateway } = await open();
      const told: GaugeReading[] = [];
      // One after the other: a round has time, and the venue a limit.
      for (const subject of assets.map(subjectOf)) {
        const request = { schema, send: (client: CcxtBinance) => send(client, idOf(subject)) };
        const rows = await gateway.callOrAbsent(request, NO_SUCH_SYMBOL);
        told.push(...(rows ?? []).map((row) => ({ subject, ...readingOf(row) })));
      }
      return told;
    },
  });

  return {
    funding: gauge(
      { name: 'funding', kind: ObservedKind.Funding, weight: weights.funding },
      fundingSchema,
      (client, symbol) => client.fapiPublicGetFundingRate({ symbol, limit: SETTLEMENTS }),
      // Settled a few milliseconds after the full hour, and about it.
      ({ fundingRate, fundingTime }) => ({ timeMs: fundingTime, value: fundingRate }),
    ),
    longShort: gauge(
      { name: 'long-short', kind: ObservedKind.LongShort, weight: weights.longShort },
      ratioSchema,
      (client, symbol) =>
        client.fapiDataGetGlobalLongShortAccountRatio({ symbol, period: RATIO_PERIOD, limit: RATIOS }),
      ({ longShortRatio, timestamp }) => ({ timeMs: timestamp, value: longShortRatio }),
    ),
    async close() {
      const { client, http } = (await opened) ?? {};
      await client?.close();
      http?.close();
    },
  };
}

interface Opened {
  readonly client: CcxtBinance;
  readonly gateway: Gateway;
  readonly http: HttpClient;
}

async function openClient(timeoutMs: number, restUrl: string | undefined): Promise<Opened> {
  const http = new HttpClient();
  const client = await createPublicClient(timeoutMs, (origins) => createFetch(http, origins, restUrl));
  return { client, http, gateway: createGateway(client, createScrubber([]), undefined) };
}
