import { z } from 'zod';
import { UserError } from '../errors';
import { parameterError } from '../parameter-error';
import { PriceSource } from './source';

/**
 * Which indicator, with which parameters: plain data that can be stored, sent and compared. Defaults may be left out;
 * the constructors of `indicators` check and fill them in.
 */

/** As in TA-Lib. */
const MAX_PERIOD = 100_000;

const period = (minimum: number): z.ZodInt => z.int().min(minimum).max(MAX_PERIOD);
const sourceName = z.enum(PriceSource);
const source = sourceName.default('close');
const positive = z.number().positive();

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

export const schemas = {
  sma: z.strictObject({ kind: z.literal('sma'), period: period(1), source }),
  ema: z.strictObject({ kind: z.literal('ema'), period: period(1), source }),
  rsi: z.strictObject({
    kind: z.literal('rsi'),
    period: period(2),
    source,
    /** The value while nothing has moved yet. 0 is TA-Lib's; 50 says neither bought nor sold. */
    flatValue: z.number().min(0).max(100).default(0),
  }),
  atr: z.strictObject({ kind: z.literal('atr'), period: period(1) }),
  adx: z.strictObject({ kind: z.literal('adx'), period: period(2) }),
  macd: z
    .strictObject({
      kind: z.literal('macd'),
      fastPeriod: period(1),
      slowPeriod: period(2),
      signalPeriod: period(1),
      source,
    })
    .refine(({ fastPeriod, slowPeriod }) => fastPeriod < slowPeriod, {
      path: ['fastPeriod'],
      message: 'must be below "slowPeriod"',
    }),
  bollinger: z.strictObject({
    kind: z.literal('bollinger'),
    period: period(2),
    deviations: positive.default(2),
    source,
  }),
  stochastic: z.strictObject({
    kind: z.literal('stochastic'),
    period: period(1),
    /** Of the simple mean that makes the fast %K the slow one. */
    slowing: period(1),
    signalPeriod: period(1),
  }),
  stochasticFast: z.strictObject({
    kind: z.literal('stochasticFast'),
    period: period(1),
    signalPeriod: period(1),
  }),
  obv: z.strictObject({ kind: z.literal('obv') }),
  vwap: z.strictObject({ kind: z.literal('vwap'), period: period(1) }),
  sessionVwap: z.strictObject({
    kind: z.literal('sessionVwap'),
    sessionMs: z.int().min(MINUTE_MS).default(DAY_MS),
    /** When sessions begin, after multiples of their length (UTC). */
    offsetMs: z.int().min(0).default(0),
  }),
  donchian: z.strictObject({ kind: z.literal('donchian'), period: period(1) }),
  keltner: z.strictObject({
    kind: z.literal('keltner'),
    period: period(1),
    atrPeriod: period(1).default(10),
    multiplier: positive.default(2),
  }),
  supertrend: z.strictObject({
    kind: z.literal('supertrend'),
    period: period(1),
    multiplier: positive.default(3),
  }),
  correlation: z.strictObject({
    kind: z.literal('correlation'),
    period: period(2),
    source: sourceName,
    other: sourceName,
  }),
  zScore: z.strictObject({ kind: z.literal('zScore'), period: period(2), source }),
  realisedVolatility: z.strictObject({
    kind: z.literal('realisedVolatility'),
    period: period(1),
    /** How many bars there are in what the figure is for; 1 for the volatility of one bar. */
    barsPerYear: positive.default(1),
    source,
  }),
  wma: z.strictObject({ kind: z.literal('wma'), period: period(2), source }),
  roc: z.strictObject({ kind: z.literal('roc'), period: period(1), source }),
  williamsR: z.strictObject({ kind: z.literal('williamsR'), period: period(2) }),
} as const;

type Schemas = typeof schemas;
export type IndicatorKind = keyof Schemas;

/** The spec of a kind with every parameter settled. */
export type ParsedSpec<K extends IndicatorKind = IndicatorKind> = {
  [Kind in K]: Readonly<z.output<Schemas[Kind]>>;
}[K];

/** The spec of a kind; what has a default may be left out. */
export type IndicatorSpec<K extends IndicatorKind = IndicatorKind> = {
  [Kind in K]: Readonly<z.input<Schemas[Kind]>>;
}[K];

/** Every parameter of a kind but those that are given by position. */
type Options<K extends IndicatorKind, Positional extends string = never> = Readonly<
  Partial<Omit<z.input<Schemas[K]>, 'kind' | Positional>>
>;

/** Specs by their constructors: `indicators.ema(12)`. Each throws UserError naming a bad parameter. */
export const indicators = {
  sma: (period: number, options: Options<'sma', 'period'> = {}): ParsedSpec<'sma'> =>
    parseAs('sma', { period, ...options }),
  ema: (period: number, options: Options<'ema', 'period'> = {}): ParsedSpec<'ema'> =>
    parseAs('ema', { period, ...options }),
  rsi: (period = 14, options: Options<'rsi', 'period'> = {}): ParsedSpec<'rsi'> =>
    parseAs('rsi', { period, ...options }),
  atr: (period = 14): ParsedSpec<'atr'> => parseAs('atr', { period }),
  adx: (period = 14): ParsedSpec<'adx'> => parseAs('adx', { period }),
  macd: (
    fastPeriod = 12,
    slowPeriod = 26,
    signalPeriod = 9,
    options: Options<'macd', 'fastPeriod' | 'slowPeriod' | 'signalPeriod'> = {},
  ): ParsedSpec<'macd'> => parseAs('macd', { fastPeriod, slowPeriod, signalPeriod, ...options }),
  bollinger: (period = 20, options: Options<'bollinger', 'period'> = {}): ParsedSpec<'bollinger'> =>
    parseAs('bollinger', { period, ...options }),
  stochastic: (period = 14, slowing = 3, signalPeriod = 3): ParsedSpec<'stochastic'> =>
    parseAs('stochastic', { period, slowing, signalPeriod }),
  stochasticFast: (period = 14, signalPeriod = 3): ParsedSpec<'stochasticFast'> =>
    parseAs('stochasticFast', { period, signalPeriod }),
  obv: (): ParsedSpec<'obv'> => parseAs('obv', {}),
  vwap: (period: number): ParsedSpec<'vwap'> => parseAs('vwap', { period }),
  sessionVwap: (options: Options<'sessionVwap'> = {}): ParsedSpec<'sessionVwap'> =>
    parseAs('sessionVwap', options),
  donchian: (period = 20): ParsedSpec<'donchian'> => parseAs('donchian', { period }),
  keltner: (period = 20, options: Options<'keltner', 'period'> = {}): ParsedSpec<'keltner'> =>
    parseAs('keltner', { period, ...options }),
  supertrend: (period = 10, options: Options<'supertrend', 'period'> = {}): ParsedSpec<'supertrend'> =>
    parseAs('supertrend', { period, ...options }),
  correlation: (period: number, source: PriceSource, other: PriceSource): ParsedSpec<'correlation'> =>
    parseAs('correlation', { period, source, other }),
  zScore: (period = 20, options: Options<'zScore', 'period'> = {}): ParsedSpec<'zScore'> =>
    parseAs('zScore', { period, ...options }),
  realisedVolatility: (
    period: number,
    options: Options<'realisedVolatility', 'period'> = {},
  ): ParsedSpec<'realisedVolatility'> => parseAs('realisedVolatility', { period, ...options }),
  wma: (period: number, options: Options<'wma', 'period'> = {}): ParsedSpec<'wma'> =>
    parseAs('wma', { period, ...options }),
  roc: (period = 10, options: Options<'roc', 'period'> = {}): ParsedSpec<'roc'> =>
    parseAs('roc', { period, ...options }),
  williamsR: (period = 14): ParsedSpec<'williamsR'> => parseAs('williamsR', { period }),
} as const satisfies Readonly<Record<IndicatorKind, unknown>>;

/**
 * Checks a spec that came from outside and fills in defaults.
 * @throws UserError naming the unknown kind, or each bad parameter, its value and what is allowed
 */
export function parseSpec(spec: unknown): ParsedSpec {
  if (typeof spec !== 'object' || spec === null || !('kind' in spec)) {
    throw new UserError('An indicator is an object with its "kind".', KNOWN_KINDS);
  }
  const known = parsedSpecs.get(spec);
  if (known !== undefined) return known;
  if (!isKind(spec.kind)) throw new UserError(`There is no indicator "${String(spec.kind)}".`, KNOWN_KINDS);
  const parsed = parseAs(spec.kind, spec);
  parsedSpecs.set(spec, parsed);
  return parsed;
}

/** Specs are data that nobody changes: a decision on every bar must not check them anew. */
const parsedSpecs = new WeakMap<object, ParsedSpec>();

const KNOWN_KINDS = `Known indicators: ${Object.keys(schemas).join(', ')}.`;

const isKind = (kind: unknown): kind is IndicatorKind =>
  typeof kind === 'string' && Object.hasOwn(schemas, kind);

function parseAs<K extends IndicatorKind>(kind: K, parameters: object): ParsedSpec<K>;
function parseAs(kind: IndicatorKind, parameters: object): ParsedSpec {
  const schema = schemas[kind];
  const result = schema.safeParse({ ...parameters, kind });
  if (result.success) return result.data;
  const known = Object.keys(schema.shape).filter((name) => name !== 'kind');
  throw parameterError(
    `indicators.${kind}`,
    known,
    parameters,
    result.error.issues,
    `Correct the parameters of the indicator "${kind}".`,
  );
}

/**
 * The same text for specs that mean the same, whatever order and defaults they were written with: the key under which
 * results are shared. @throws UserError as {@link parseSpec}
 */
export const specKey = (spec: IndicatorSpec): string => JSON.stringify(parseSpec(spec));
