import { UserError } from '../domain/errors';
import { hasSeen, type TrainedOn } from '../domain/learning/model';
import type { BacktestInput } from './backtest';
import { closeTimeMs } from './market';

interface Tested {
  readonly fromMs: number;
  readonly toMs: number;
}

type Range = Pick<BacktestInput, 'markets' | 'tradeFromMs'>;

/** The time that is traded, in UTC milliseconds: from when trading begins to the last close. */
function testedRange({ markets, tradeFromMs = -Infinity }: Range): Tested {
  const opens = markets.map(({ bars }) => bars.openTimeMs[0] ?? Infinity);
  const closes = markets.map((market) => closeTimeMs(market, market.bars.length - 1));
  return { fromMs: Math.max(tradeFromMs, Math.min(...opens)), toMs: Math.max(...closes) };
}

/**
 * The models of this test that were trained on some of what it tests, or too near to it. Whatever the symbol: markets move
 * together, so a model that has learnt a week of one has seen that week of the others.
 */
export function modelsThatHaveSeen(input: Range & Pick<BacktestInput, 'runs'>): readonly TrainedOn[] {
  const { fromMs, toMs } = testedRange(input);
  const models = input.runs.flatMap(({ strategy }) => strategy.trainedOn ?? []);
  return models.filter((model) => hasSeen(model, fromMs, toMs));
}

/** @throws UserError naming both ranges, unless the test says that it knows */
export function refuseSeen(input: BacktestInput): void {
  if (input.inSample === true) return;
  const [seen] = modelsThatHaveSeen(input);
  if (seen === undefined) return;
  const tested = testedRange(input);
  const { model, embargoMs } = seen;
  throw new UserError(
    `The model "${model}" was trained on ${range(seen)} and must keep ${embargoMs / HOUR_MS} hours away from it; this tests ${range(tested)}.`,
    `Test from ${iso(seen.toMs + embargoMs)} on. To see what it does with what it knows: --in-sample, which marks the report.`,
  );
}

const HOUR_MS = 3_600_000;
const iso = (timeMs: number): string => new Date(timeMs).toISOString();
const range = ({ fromMs, toMs }: Tested): string => `${iso(fromMs)} to ${iso(toMs)}`;
