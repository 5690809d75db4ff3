import { originsOf } from '../adapters/history/origins';
import type { RunRecord, RunSettings } from '../adapters/store/run-record';
import type { BacktestInput } from '../backtest/backtest';
import { liveRules } from '../backtest/live-rules';
import type { MarketData } from '../backtest/market';
import {
  driftOf,
  type DriftReport,
  type LiveLeg,
  type LiveRun,
  type LiveTrade,
} from '../backtest/truth/drift';
import { timeframeMs } from '../domain/bar';
import { columnsOf } from '../domain/bar-columns';
import { decimal, toNumber, type DecimalString } from '../domain/decimal';
import { UserError } from '../domain/errors';
import { windowOf, type ObservedSeries } from '../domain/observations';
import { Side } from '../domain/order';
import type { PositionView } from '../domain/position';
import type { PreparedStrategy } from '../domain/strategies/prepare';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import { filtersFrom, prepareFilters } from '../domain/strategies/filters/registry';
import { withFilters } from '../domain/strategies/filters/with-filters';
import { instrumentOf } from './backtest-instrument';
import { observedBy } from './backtest-observations';
import type { Context } from './context';
import { utcTime } from './format';

export interface DriftRequest {
  /** The strategy's name in its account. */
  readonly name: string;
  readonly session: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** Where the journal is, and what is configured. */
export type DriftSources = Pick<Context, 'account' | 'views' | 'store' | 'history'> & {
  readonly config: Pick<Context['config'], 'strategies' | 'risk' | 'mode'>;
};

/** A drift report, and what a reader must know of it. */
export interface FoundDrift extends DriftReport {
  readonly name: string;
  readonly session: string;
  readonly settings: RunSettings;
  readonly notes: readonly string[];
}

/** More bars of one series are not read. */
const MOST_BARS = 1_000_000;
const FALLBACK_BALANCE = '10000';
const FALLBACK_FEE = decimal('0.001');

/**
 * Reads what a strategy decided and traded, and lets the backtester do the same on the bars that were recorded.
 * @throws UserError when it has decided nothing, or nobody knows with which parameters
 */
export async function findDrift(
  context: DriftSources,
  catalogue: StrategyCatalogue,
  { name, session, fromMs, toMs }: DriftRequest,
): Promise<FoundDrift> {
  const views = await context.views();
  const { account } = context.account;
  const read = (from: number | undefined) =>
    views.run({ account, strategy: name, session, fromMs: from, toMs });
  const all = await read(fromMs);
  if (all === undefined)
    throw new UserError(
      `"${name}" has decided nothing in ${session === undefined ? 'the current session' : `the session ${session}`} of account ${account}.`,
      'See: ballast decisions --session all',
    );
  const notes: string[] = [];
  const { settings, sinceMs } = settingsOf(all, context, name, notes);
  const record = sinceMs === undefined ? all : ((await read(sinceMs)) ?? all);
  const found = withFilters(catalogue.find(settings.strategyId), prepareFilters(settings.filters ?? []));
  const strategy = found.parse(settings.parameters);
  if (settings.strategyVersion !== null && strategy.version !== settings.strategyVersion)
    notes.push('The file of this strategy has changed since: the backtest runs it as it is now.');
  notes.push(...sharedNotes(record));
  const input = await inputOf(context, { record, settings, strategy, name, notes });
  const report = driftOf(liveRunOf(record), input);
  return { ...report, name, session: record.session, settings, notes };
}

/** The money and the limits of an account are for all its strategies; the backtest has them for this one alone. */
function sharedNotes({ others, decisions }: RunRecord): readonly string[] {
  if (others.length === 0) return [];
  const names = others.map(({ strategy, positions }) => `${strategy} (${positions} positions)`).join(', ');
  const refused = decisions.filter(({ outcome }) => outcome === 'refused').length;
  const missing =
    refused === 0
      ? 'none of its entries was refused for that'
      : `${refused} of its entries were refused by the limits of the account, which the backtest may have granted`;
  return [
    `The account was shared with ${names}. The backtest had it alone: sizes differ for that reason, and ${missing}.`,
  ];
}

/** The settings that were in force last, and since when where there were others before. */
function settingsOf(
  { settings, decisions }: RunRecord,
  { config }: DriftSources,
  name: string,
  notes: string[],
): { readonly settings: RunSettings; readonly sinceMs?: number } {
  const lastMs = decisions.at(-1)?.barCloseMs ?? 0;
  const inForce = settings.findLast(({ fromBarCloseMs }) => fromBarCloseMs <= lastMs);
  if (inForce !== undefined) {
    const firstMs = decisions[0]?.barCloseMs ?? 0;
    if (inForce.fromBarCloseMs <= firstMs) return { settings: inForce.settings };
    if (settings.some(({ fromBarCloseMs }) => fromBarCloseMs < inForce.fromBarCloseMs))
      notes.push(
        `Its settings changed at ${utcTime(inForce.fromBarCloseMs, 'minutes')}: compared from there on.`,
      );
    return { settings: inForce.settings, sinceMs: inForce.fromBarCloseMs };
  }
  const entry = config.strategies.find((one) => one.name === name);
  if (entry === undefined)
    throw new UserError(
      `The journal does not say with which parameters "${name}" decided, and it is not configured.`,
      'Journals say so since Ballast writes strategy_settings; configure it under its name as it was.',
    );
  notes.push(
    'The journal does not say with which parameters it decided: those of the configuration are taken.',
  );
  const { strategy: strategyId, parameters, timeframe, maxHoldingBars } = entry;
  const filters = filtersFrom(entry.filters).map((filter) => filter.settings);
  return { settings: { strategyId, strategyVersion: null, parameters, filters, timeframe, maxHoldingBars } };
}

interface InputParts {
  readonly record: RunRecord;
  readonly settings: RunSettings;
  readonly strategy: PreparedStrategy;
  readonly name: string;
  readonly notes: string[];
}

async function inputOf(context: DriftSources, parts: InputParts): Promise<BacktestInput> {
  const { record, settings, strategy, name, notes } = parts;
  const { decisions, positions, limits, equity } = record;
  const symbols = [...new Set(decisions.map(({ symbol }) => symbol))];
  const barMs = timeframeMs(settings.timeframe);
  const toMs = (decisions.at(-1)?.barCloseMs ?? 0) + barMs;
  const needed = symbols.flatMap((symbol) => strategy.needs({ symbol, timeframe: settings.timeframe }));
  const all = [...new Set([...symbols, ...needed.map(({ symbol }) => symbol)])];
  const markets = await Promise.all(all.map((symbol) => marketOf(context, parts, symbol, toMs)));
  const [position] = positions;
  const ttlBars = position === undefined ? 1 : (position.expiresAtMs - position.barCloseMs) / barMs;
  if (equity === null)
    notes.push(`The account's equity is not in the journal: sizes are those of ${FALLBACK_BALANCE}.`);
  const observations = await observationsOf(context, parts, markets, toMs);
  return {
    ...{ markets, observations },
    runs: [{ name, strategy, symbols, maxHoldingBars: settings.maxHoldingBars }],
    startingBalance: equity ?? decimal(FALLBACK_BALANCE),
    rules: liveRules(limits ?? context.config.risk, Math.max(1, Math.round(ttlBars))),
    tradeFromMs: decisions[0]?.barCloseMs ?? 0,
  };
}

/** The bars as they were decided on, and the rules of the pair as they were when it was last traded. */
async function marketOf(
  context: DriftSources,
  { record, settings, notes }: InputParts,
  symbol: string,
  untilMs: number,
): Promise<MarketData> {
  const { timeframe } = settings;
  const { venue } = context.account;
  const store = await context.store();
  const key = { venue, session: record.session, symbol, timeframe };
  const bars = columnsOf(await store.candles(key, untilMs, MOST_BARS));
  if (bars.length === 0)
    throw new UserError(
      `The journal has no ${timeframe} bars of ${symbol} from session ${record.session}.`,
      `Was it recorded at another venue than ${venue}? Name the configuration of that run with --profile or --config.`,
    );
  const traded = record.positions.findLast((position) => position.symbol === symbol);
  if (traded !== undefined) return { instrument: traded.instrument, timeframe, bars };
  notes.push(`${symbol} was never traded: its fees are taken to be ${FALLBACK_FEE}.`);
  const { instrument } = instrumentOf(symbol, bars, { maker: FALLBACK_FEE, taker: FALLBACK_FEE });
  return { instrument, timeframe, bars };
}

async function observationsOf(
  context: DriftSources,
  { record, settings, strategy, name }: InputParts,
  markets: readonly MarketData[],
  untilMs: number,
): Promise<readonly ObservedSeries[]> {
  const symbols = markets.map(({ instrument }) => instrument.symbol);
  const needs = observedBy({ runs: [{ name, strategy }], symbols });
  if (needs.length === 0) return [];
  const history = await context.history();
  const venue = context.config.mode === 'simulated' ? null : context.account.venue;
  const firstMs =
    Math.min(...markets.map(({ bars }) => bars.openTimeMs[0] ?? 0)) + timeframeMs(settings.timeframe);
  return Promise.all(
    needs.map(async ({ kind, subject, maxAgeMs }) => ({
      ...{ kind, subject },
      observations: await history.observations({
        ...{ kind, subject, origins: originsOf(kind, { session: record.session, venue }) },
        ...windowOf({ maxAgeMs }, firstMs, untilMs),
      }),
    })),
  );
}

/** The journal's decisions and positions as numbers. */
export function liveRunOf({ decisions, positions, fills }: RunRecord): LiveRun {
  return {
    decisions: decisions.map(({ close, ...decision }) => ({
      ...decision,
      close: close === null ? null : toNumber(close),
    })),
    trades: positions.map((position): LiveTrade => {
      const mine = fills.filter(({ positionId }) => positionId === position.positionId);
      return {
        ...{ symbol: position.symbol, barCloseMs: position.barCloseMs, exitReason: position.exitReason },
        entry: legOf(
          position,
          mine.filter(({ side }) => side === Side.Buy),
        ),
        exit: legOf(
          position,
          mine.filter(({ side }) => side === Side.Sell),
        ),
      };
    }),
  };
}

function legOf({ instrument }: PositionView, fills: RunRecord['fills']): LiveLeg | null {
  if (fills.length === 0) return null;
  const total = (value: (fill: RunRecord['fills'][number]) => number): number =>
    fills.reduce((sum, fill) => sum + value(fill), 0);
  const number = (value: DecimalString): number => toNumber(value);
  const quantity = total((fill) => number(fill.quantity));
  const times = fills.map(({ marketTimeMs }) => marketTimeMs);
  return {
    quantity,
    price: total((fill) => number(fill.price) * number(fill.quantity)) / quantity,
    fee: total(({ fee, feeAsset, price }) => {
      if (feeAsset === instrument.quote) return number(fee);
      return feeAsset === instrument.base ? number(fee) * number(price) : 0;
    }),
    fromMs: Math.min(...times),
    toMs: Math.max(...times),
  };
}
