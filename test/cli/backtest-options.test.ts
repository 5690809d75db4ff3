import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { liveRules } from '../../backtest/live-rules';
import { costNotes } from '../../backtest/report/costs';
import { backtestRulesSchema } from '../../backtest/rules';
import { rulesOf } from '../../cli/backtest-rules';
import { chosenRuns } from '../../cli/backtest-strategies';
import { parseFilters, parseParameters } from '../../cli/parameters';
import { riskLimitsSchema } from '../../domain/risk';
import { identityOf } from '../../domain/strategies/prepare';

const folder = mkdtempSync(join(tmpdir(), 'ballast-options-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const TWO = `
strategies:
  - { name: quick, strategy: rsi, symbols: [BTC/USDT], timeframe: 1m, parameters: { period: 7 }, entryTtlBars: 5 }
  - { name: slow, strategy: rsi, symbols: [ETH/USDT], timeframe: 1h, filters: [regime], maxHoldingBars: 9 }
  - { name: off, strategy: rsi, symbols: [SOL/USDT], timeframe: 5m, enabled: false }
`;

describe('the strategies of a file', () => {
  it('are tested as a configuration has them, each with what is its own', () => {
    const { runs, ...all } = chosenRuns({ strategies: file('two.yaml', TWO) });
    expect(all).toMatchObject({ symbols: ['BTC/USDT', 'ETH/USDT'], timeframe: '1m', entryTtlBars: 1 });
    expect(all.notes).toEqual([expect.stringContaining('says at least: 1.')]);
    expect(runs).toMatchObject([
      { name: 'quick', symbols: ['BTC/USDT'], timeframe: '1m', maxHoldingBars: null },
      { name: 'slow', symbols: ['ETH/USDT'], timeframe: '1h', maxHoldingBars: 9 },
    ]);
    expect(runs.map(({ strategy }) => identityOf(strategy))).toMatchObject([
      { id: 'rsi', parameters: { period: 7 } },
      { id: 'rsi', filters: [{ id: 'regime' }] },
    ]);
  });

  it.each([
    [{ strategy: ['rsi'] }, '--strategy and --strategies cannot be given together.'],
    [{ timeframe: '1h' } as const, '--timeframe and --strategies cannot be given together.'],
  ])('leave no room for %j', (options, message) => {
    expect(() => chosenRuns({ ...options, strategies: file('two.yaml', TWO) })).toThrow(message);
  });

  it.each([
    ['rules: {}', 'has no list called strategies.'],
    ['strategies: []', 'has no strategy that is enabled.'],
    ['- { name: a, strategy: rsi, symbols: [BTC/USDT] }', 'strategies.0.timeframe'],
    ['strategies: [', 'cannot be read'],
  ])('%s is refused', (text, message) => {
    expect(() => chosenRuns({ strategies: file('bad.yaml', text) })).toThrow(message);
  });
});

describe('strategies by their ids', () => {
  const both = { strategy: ['ema-cross', 'rsi'], symbol: ['BTC/USDT'] };

  it('have parameters in common, and of their own', () => {
    const param = ['ema-cross.fast=9', 'rsi.period=5'];
    const { runs } = chosenRuns({ ...both, param });
    expect(runs.map(({ strategy }) => identityOf(strategy))).toMatchObject([
      { parameters: { fast: 9 } },
      { parameters: { period: 5 } },
    ]);
  });

  it('one that only one of them has is refused, and how to say it is told', () => {
    const refusal = (): unknown => {
      try {
        return chosenRuns({ ...both, param: ['fast=9'] });
      } catch (error) {
        return error;
      }
    };
    expect(refusal()).toMatchObject({
      hint: expect.stringContaining('--param ema-cross.NAME=VALUE') as unknown,
    });
  });

  it.each([
    [{ strategy: ['rsi', 'rsi'], symbol: ['BTC/USDT'] }, '--strategy rsi is given twice.'],
    [{ symbol: ['BTC/USDT'] }, 'Which strategy?'],
    [{ strategy: ['rsi'] }, 'Which pairs?'],
  ])('%j is refused', (options, message) => {
    expect(() => chosenRuns(options)).toThrow(message);
  });
});

it.each([
  [() => parseParameters(['period=[3']), '--param period=[3 cannot be read: '],
  [() => parseFilters(['foo: [']), '--filter foo: [ cannot be read: '],
])('%s: text that is not YAML is named with its option', (read, message) => {
  expect(read).toThrow(message);
});

describe('rules', () => {
  const limits = riskLimitsSchema.parse({ riskFraction: 0.02 });

  it('of live trading have its limits, and options in their place', () => {
    expect(rulesOf({ rules: 'live', spread: 0.001 }, () => limits, 3)).toEqual({
      ...liveRules(limits, 3),
      spreadFraction: 0.001,
    });
    expect(liveRules(limits, 3)).toMatchObject({
      entry: { kind: 'limit', ttlBars: 3 },
      targets: 'close',
      sizing: { kind: 'risk', limits: { riskFraction: 0.02 } },
    });
  });

  it('the whole file of docs/backtesting.md is one, and says no more and no less than there is', () => {
    const docs = readFileSync(join(__dirname, '../../docs/backtesting.md'), 'utf8');
    const written = parse(/```yaml\n([\s\S]*?)```/.exec(docs)?.[1] ?? '') as object;
    const rules = backtestRulesSchema.parse(written);
    expect(Object.keys(written).sort()).toEqual(Object.keys(rules).sort());
  });
});

const fees = { maker: '0.0002', taker: '0.001' };

it.each([
  [{}, 'Costs: fee 0.1 % (maker 0.02 %), no spread, no slippage, no latency.'],
  [
    { spreadFraction: 0.0005, slippage: { kind: 'fixed', fraction: 0.00025 }, latencyMs: 1500 },
    'spread 0.05 %, slippage 0.025 %, latency 1,500 ms, to the next open after it.',
  ],
  [
    { slippage: { kind: 'book' }, latencyBars: 1 },
    'spread of the recorded book, slippage of the recorded book, latency 1 bar.',
  ],
  [
    {},
    "Fills: entries at the next open, targets rest and fill when they are touched, a bar that reaches both counts as the stop, sized by live trading's risk limits.",
  ],
  [
    { targets: 'close', entry: { kind: 'limit', ttlBars: 2 } },
    'entries at their limit for 2 bars, targets are looked at when a bar closes',
  ],
])('a report says what %j costs', (rules, sentence) => {
  const notes = costNotes({ rules: backtestRulesSchema.parse(rules), fees });
  expect(notes.join('\n')).toContain(sentence);
});
