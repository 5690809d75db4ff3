import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { liveRules } from '../backtest/live-rules';
import { backtestRulesSchema, type BacktestRules } from '../backtest/rules';
import type { RiskLimits } from '../domain/risk';
import { UserError } from '../domain/errors';
import { workingFolder } from './backtest-source';
import { messageOf } from './failure';

/** In the place of a file of rules: those by which live trading trades. */
export const LIVE = 'live';

/** How orders become trades, as the command line says it. */
export interface RulesOptions {
  readonly rules?: string;
  readonly fraction?: number;
  readonly slippage?: string;
  readonly spread?: number;
  readonly 'latency-ms'?: number;
  readonly l2?: readonly string[];
}

/**
 * The rules of a file, or of live trading, with what the options say in their place.
 * @param limits asked for the rules of live trading: those that are configured
 * @param entryTtlBars how long entries rest by the rules of live trading
 * @throws UserError naming what cannot be used
 */
export function rulesOf(
  { rules, fraction, slippage, spread, 'latency-ms': latencyMs }: RulesOptions,
  limits: () => RiskLimits,
  entryTtlBars: number,
): BacktestRules {
  const base =
    rules === LIVE ? liveRules(limits(), entryTtlBars) : rules === undefined ? {} : readRules(rules);
  const result = backtestRulesSchema.safeParse({
    ...base,
    ...(spread !== undefined && { spreadFraction: spread }),
    ...(latencyMs !== undefined && { latencyMs }),
    ...(fraction !== undefined && { sizing: { kind: 'cash-fraction', fraction } }),
    ...(slippage !== undefined && { slippage: slippageOf(slippage) }),
  });
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'rules'}: ${message}`);
  throw new UserError(faults.join('\n'), 'docs/backtesting.md lists every rule and what it takes.');
}

/** `kind`, or `kind=number` where the number is what the kind takes. */
function slippageOf(text: string): object {
  const [kind = '', amount] = text.split('=');
  const takes: Readonly<Record<string, string | null>> = {
    ...{ none: null, book: null, fixed: 'fraction', 'volume-share': 'impact' },
  };
  const field = takes[kind];
  const fits = amount === undefined ? kind !== 'fixed' : field != null && /^\d*\.?\d+$/.test(amount);
  if (field === undefined || !fits)
    throw new UserError(
      `--slippage ${text} cannot be used.`,
      'Give none, fixed=0.0005 (a fraction of the price), volume-share, volume-share=0.1 or book.',
    );
  return { kind, ...(field !== null && amount !== undefined && { [field]: Number(amount) }) };
}

/** The files of recorded books. @throws UserError when nothing walks them */
export function l2Of({ l2 = [] }: RulesOptions, { slippage }: BacktestRules): readonly string[] {
  if (l2.length === 0 || slippage.kind === 'book') return l2;
  throw new UserError(
    `--l2 ${l2.join(' ')} is for slippage by the book, and it is ${slippage.kind}.`,
    'Add --slippage book.',
  );
}

function readRules(file: string): object {
  const path = resolve(workingFolder(), file);
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`, 'Name a YAML or JSON file.');
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  throw new UserError(`${path} holds no rules.`, 'Write them like: spreadFraction: 0.0002');
}
