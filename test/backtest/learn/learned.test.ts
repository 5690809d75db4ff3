import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createModelRegistry } from '../../../adapters/models/registry';
import { runBacktest, type BacktestInput } from '../../../backtest/backtest';
import { readRow } from '../../../backtest/learn/matrix';
import { buildDataset } from '../../../backtest/learn/dataset';
import { learner, trainSignalModel } from '../../../backtest/learn/signal-model';
import { backtestRulesSchema } from '../../../backtest/rules';
import { sliceColumns, type BarColumns } from '../../../domain/bar-columns';
import { UserError } from '../../../domain/errors';
import { calibrated } from '../../../domain/learning/calibration';
import { storeModel, type SignalModel, type StoredModel } from '../../../domain/learning/model';
import { compileTrees, scoreOf } from '../../../domain/learning/trees';
import { createCatalogue } from '../../../domain/strategies/catalogue';
import { decideOnWindow, decisionOf } from '../../../domain/strategies/decide';
import type { PreparedStrategy } from '../../../domain/strategies/prepare';
import { createIndicatorCache, seriesColumns } from '../../../domain/strategy-columns';
import { MovingView } from '../../../domain/strategy-view';
import type { PositionSide } from '../../../domain/strategy';
import { COIN, d, START_MS } from '../support';
import { clockMarket, dataOf, HOUR_MS, request } from './setup';

const OWN = { symbol: COIN.symbol, timeframe: '1h' } as const;
const LEARNT = 1_000;
const BARS = 1_600;
const bars = clockMarket(1, BARS, 0.003);

let folder: string;
let stored: StoredModel;
let model: SignalModel;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-models-'));
  ({ model } = trainSignalModel(request(), dataOf(sliceColumns(bars, 0, LEARNT))));
  stored = storeModel(model, '2026-01-01T00:00:00.000Z');
  createModelRegistry(folder).save(stored);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const learned = (parameters: object = {}): PreparedStrategy =>
  createCatalogue([], [], createModelRegistry(folder))
    .find('learned')
    .parse({ model: stored.id, ...parameters });

function viewOf(strategy: PreparedStrategy, over: BarColumns): MovingView {
  const columns = seriesColumns(strategy.indicators, OWN, () => over, createIndicatorCache());
  return new MovingView(OWN.symbol, OWN.timeframe, over, columns);
}

const input = (change: Partial<BacktestInput> = {}): BacktestInput => ({
  markets: [{ instrument: COIN, timeframe: '1h', bars }],
  runs: [{ name: 'learned', strategy: learned(), symbols: [COIN.symbol], maxHoldingBars: null }],
  startingBalance: d('10000'),
  rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 } }),
  tradeFromMs: START_MS + (LEARNT + 24) * HOUR_MS,
  ...change,
});

describe('the strategy "learned"', () => {
  it('decides the same live and in a backtest, at every bar', () => {
    const strategy = learned({ exitBelow: 0.3 });
    const view = viewOf(strategy, bars);
    const kinds = new Map<string, number>();
    let side: PositionSide | null = null;
    for (let at = LEARNT; at < LEARNT + 300; at += 1) {
      const window = sliceColumns(bars, at + 1 - strategy.warmupBars, at + 1);
      const live = decideOnWindow(strategy, OWN, () => window, side);
      view.position = side;
      view.moveTo(at);
      const signal = strategy.onBar(view);
      const tested = decisionOf(signal, strategy.explain(signal, view));
      expect(live.kind).toBe(tested.kind);
      expect(live.reasons.map(({ code, text }) => ({ code, text }))).toEqual(
        tested.reasons.map(({ code, text }) => ({ code, text })),
      );
      kinds.set(live.kind, (kinds.get(live.kind) ?? 0) + 1);
      if (live.kind === 'enter') side = live.side;
      if (live.kind === 'exit') side = null;
    }
    expect([...kinds.keys()].sort()).toEqual(['enter', 'exit', 'hold']);
  });

  it('gives each bar the probability that the examples in bulk are given', () => {
    const wanted = request({ features: model.features });
    const { set, proposer } = learner(wanted);
    const { horizonBars, feeFraction, symbols } = wanted;
    const data = buildDataset({
      ...dataOf(bars),
      symbols,
      features: set,
      proposer,
      horizonBars,
      feeFraction,
    });
    const trees = compileTrees(model.ensemble);
    const strategy = learned({ threshold: 0 });
    const view = viewOf(strategy, bars);
    const row = new Float64Array(model.features.length);
    for (let index = 0; index < data.matrix.rows; index += 7) {
      view.moveTo(((data.closeMs[index] ?? NaN) - START_MS) / HOUR_MS - 1);
      const [reason] = strategy.explain(strategy.onBar(view), view);
      const expected = calibrated(model.calibration, scoreOf(trees, readRow(data.matrix, index, row)));
      expect(reason?.values?.probability).toBe(expected);
    }
  });

  it('tells probability, features and bracket, and that the model has seen a time', () => {
    const strategy = learned({ threshold: 0 });
    const view = viewOf(strategy, bars);
    const codesAt = (index: number): readonly string[] => {
      view.moveTo(index);
      return strategy.explain(strategy.onBar(view), view).map(({ code }) => code);
    };
    expect(codesAt(LEARNT + 200)).toEqual(['likely', 'features', 'every-bar', 'bracket']);
    expect(codesAt(LEARNT - 10)).toEqual(['likely', 'features', 'in-sample', 'every-bar', 'bracket']);
  });

  it('earns on what it has not seen, where there is something to know, and holds no longer than the horizon', () => {
    const { trades, finalEquity } = runBacktest(input());
    expect(trades.length).toBeGreaterThan(10);
    expect(finalEquity).toBeGreaterThan(10_000);
    expect(Math.max(...trades.map((trade) => trade.bars))).toBeLessThanOrEqual(request().horizonBars + 2);
  });

  it('is refused on what its model was trained on, and on what lies too near, unless it is said', () => {
    const ends = new Date(model.trainedToMs).toISOString();
    for (const tradeFromMs of [START_MS, START_MS + (LEARNT + 2) * HOUR_MS]) {
      const refused = (): unknown => runBacktest(input({ tradeFromMs }));
      expect(refused).toThrow(UserError);
      expect(refused).toThrow(`was trained on ${new Date(START_MS).toISOString()} to ${ends}`);
      expect(refused).toThrow(`this tests ${new Date(tradeFromMs).toISOString()} to `);
      expect(runBacktest(input({ tradeFromMs, inSample: true })).trades.length).toBeGreaterThan(0);
    }
  });

  it('is refused on bars of another length, without a model, and with parameters out of range', () => {
    expect(() => learned().needs({ ...OWN, timeframe: '5m' })).toThrow(
      'was trained on bars of 1h, not of 5m',
    );
    const { find } = createCatalogue([], []);
    expect(() => find('learned').parse({})).toThrow('strategies.learned.model is not set');
    expect(() => find('learned').parse({ model: stored.id })).toThrow('there are no models here');
    expect(() => learned({ threshold: 2 })).toThrow('strategies.learned.threshold is 2');
  });
});

describe('a registry of models', () => {
  const open = () => createModelRegistry(folder);
  const fileOf = (id: string): string => join(folder, `${id}.json`);

  it('gives back what was saved, and keeps an index of it', () => {
    expect(open().load(stored.id)).toEqual(stored);
    const [entry] = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as readonly object[];
    expect(entry).toMatchObject({
      ...{
        id: stored.id,
        kind: 'signal',
        checksum: stored.checksum,
        symbols: [COIN.symbol],
        timeframe: '1h',
      },
      ...{ trainedFrom: new Date(START_MS).toISOString(), codeVersion: 'test' },
    });
    expect(open().list().models).toHaveLength(1);
  });

  it('refuses a model that was altered, cut off or is not there, and names it', () => {
    const text = readFileSync(fileOf(stored.id), 'utf8');
    const other = stored.id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    const leaf = text.replace(/"breakEven":0\.\d/, '"breakEven":0.0');
    expect(leaf).not.toBe(text);
    // An altered model with a checksum to match is another model: the id does not fit any more.
    const forged = storeModel({ ...stored.model, codeVersion: 'forged' }, stored.trainedAt);
    const cases: readonly (readonly [string, string])[] = [
      [leaf, 'has been changed since it was trained'],
      [JSON.stringify({ ...forged, id: other }), 'has been changed since it was trained'],
      [text.slice(0, 200), 'is not JSON; it has been cut off'],
      [text.replace('"formatVersion":1', '"formatVersion":9'), 'is no model of this version of Ballast'],
    ];
    for (const [content, problem] of cases) {
      writeFileSync(fileOf(other), content);
      expect(() => open().load(other)).toThrow(problem);
      expect(() => open().load(other)).toThrow(`The model "${other}" cannot be used`);
      expect(open().list().faults).toHaveLength(1);
    }
    rmSync(fileOf(other));
    expect(() => open().load(other)).toThrow(`There is no model "${other}"`);
    expect(() => open().load('../secrets')).toThrow('is no id of a model');
  });
});
