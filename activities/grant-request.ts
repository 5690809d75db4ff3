import type { GrantRequest, LaneToken } from '../adapters/store/port';
import { timeframeMs, type Timeframe } from '../domain/bar';
import { marketTimeAt } from '../domain/clock';
import type { DecimalString } from '../domain/decimal';
import { positionId } from '../domain/ids';
import type { Instrument } from '../domain/instrument';
import type { Proposal, RiskLimits } from '../domain/risk';
import { readMarks, type AccountMarks } from './account-marks';
import type { ActivityDeps } from './deps';

/** An entry that is asked for. */
export interface EntryAsked {
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly timeframe: Timeframe;
  readonly barCloseMs: number;
  readonly entryTtlBars: number;
  readonly proposal: Proposal;
  /** What the panel lets through of its size: above 0, at most 1; all of it unless given. */
  readonly sizeFactor?: DecimalString;
  readonly limits: RiskLimits;
  /** The fast lane that asks; absent: no lane does. */
  readonly lane?: LaneToken;
}

/** What the exchange tells of a pair and of the account, read shortly before it was needed. */
export interface KnownMarket {
  readonly instrument: Instrument;
  readonly marks: AccountMarks;
}

/**
 * What risk needs to know of an entry: the pair's rules and the account, as the exchange tells them now.
 * @param known spares the question
 */
export async function grantRequestOf(
  deps: ActivityDeps,
  asked: EntryAsked,
  known?: KnownMarket,
): Promise<GrantRequest> {
  const { account, session, strategy, proposal, barCloseMs, timeframe, limits } = asked;
  const { symbol } = proposal;
  const { sizeFactor, lane } = asked;
  const { instrument, marks } = known ?? (await askMarket(deps, account, symbol));
  return {
    deployment: deps.deployment,
    positionId: positionId({ account, session, strategy, symbol, barCloseMs }),
    ...{ account, session, strategy, timeframe, barCloseMs, proposal, limits, instrument },
    ...(sizeFactor !== undefined && { sizeFactor }),
    ...(lane !== undefined && { lane }),
    ...marks,
    marketTimeMs: await marketNow(deps),
    expiresAtMs: barCloseMs + asked.entryTtlBars * timeframeMs(timeframe),
  };
}

/** The pair's rules, and what the account is worth in its quote asset, as the exchange tells them now. */
async function askMarket(deps: ActivityDeps, account: string, symbol: string): Promise<KnownMarket> {
  const instrument = await instrumentOf(deps, symbol);
  return { instrument, marks: (await readMarks(deps, account, instrument.quote)).marks };
}

/** A pair's rules and fees, as the exchange tells them now. */
export async function instrumentOf(
  { exchange }: Pick<ActivityDeps, 'exchange'>,
  symbol: string,
): Promise<Instrument> {
  const [instrument] = await exchange.instruments([symbol]);
  if (instrument === undefined) throw new Error(`${exchange.venue} does not list ${symbol}.`);
  return instrument;
}

export const marketNow = async ({
  clock,
  wallTimeMs,
}: Pick<ActivityDeps, 'clock' | 'wallTimeMs'>): Promise<number> =>
  Math.floor(marketTimeAt(await clock.reading(), wallTimeMs()));
