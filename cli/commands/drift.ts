import type { MatchedTrade } from '../../backtest/truth/drift-trades';
import { percent } from '../../domain/display';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { findDrift, type FoundDrift } from '../drift-run';
import { count, span, utcTime } from '../format';
import { columns, type Output } from '../output';
import { openCatalogue } from '../strategy-catalogue';
import { timeOption } from '../time-option';

interface DriftOptions {
  readonly run?: string;
  readonly session?: string;
  readonly from?: string;
  readonly to?: string;
  readonly show: number;
}

export const driftCommand = defineCommand<DriftOptions>({
  command: 'drift <run>',
  describe: 'What a strategy did on paper or live, beside what the backtester makes of the same bars',
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', describe: 'Its name in the account: ballast strategies' })
      .option('session', { type: 'string', requiresArg: true, describe: 'Of another session' })
      .option('from', { type: 'string', requiresArg: true, describe: 'UTC; the first bar close' })
      .option('to', { type: 'string', requiresArg: true, describe: 'UTC; exclusive' })
      .option('show', { type: 'number', default: 20, requiresArg: true, describe: 'Rows of each table' }),
  run: (options) =>
    withContext(options, async (context) => {
      const found = await findDrift(context, openCatalogue(options), {
        name: options.run ?? '',
        session: options.session,
        fromMs: timeOption('from', options.from),
        toMs: timeOption('to', options.to),
      });
      context.output.result(found, () => {
        print(found, context.output, options.show);
      });
    }),
});

function print(found: FoundDrift, output: Output, show: number): void {
  const { name, session, settings, fromMs, toMs, decisions, notes } = found;
  output.say(
    `${name} (${settings.strategyId} on ${settings.timeframe} bars, session ${session}), bars that closed from ${utcTime(fromMs, 'minutes')} to ${utcTime(toMs, 'minutes')}`,
  );
  for (const note of notes) output.say(`Note: ${note}`);
  const { byCause, compared, same } = decisions;
  output.say(`\n${count(same)} of ${count(compared)} decisions are the same.`);
  for (const [cause, text] of Object.entries(CAUSES)) {
    const times = byCause[cause as keyof typeof byCause];
    if (times > 0) output.say(`${text}: ${count(times)}.`);
  }
  printDecisions(found, output, show);
  printTrades(found, output, show);
  printMoney(found, output);
}

const CAUSES: Readonly<Record<keyof FoundDrift['decisions']['byCause'], string>> = {
  missing: 'No decision in the journal, nobody was there to decide',
  skipped: 'Looked at and not decided, for stale or doubtful data or a pause',
  bars: 'Decided on a bar that was another one then, the market data was corrected afterwards',
  held: 'Something else was held, so they follow from fills or from what was decided before',
  decision:
    'The same bar and holding and another decision: other code, other parameters or other bars before',
};

function printDecisions({ decisions }: FoundDrift, output: Output, show: number): void {
  if (decisions.differing.length === 0) return;
  output.say('');
  output.table(
    columns('pair', 'bar closed (utc)', 'journal', 'backtest', 'cause', 'held', 'journal says'),
    decisions.differing
      .slice(0, show)
      .map((one) => [
        ...[one.symbol, utcTime(one.closeMs, 'minutes'), one.live ?? '–', one.backtest, one.cause],
        one.liveHeld === one.backtestHeld ? 'same' : one.liveHeld ? 'journal' : 'backtest',
        one.why.at(-1) ?? '–',
      ]),
    '',
  );
  rest(decisions.differing.length, show, output);
}

function printTrades({ trades, missing, extra }: FoundDrift, output: Output, show: number): void {
  output.say('\nTrades that both have; basis points are costs, above zero is worse than the backtest');
  output.table(
    columns(
      ...['pair', 'decided (utc)', '>size', '>entry bp', '>late', 'exit: journal', 'backtest', '>exit bp'],
      ...['>fees bp', '>late'],
    ),
    trades.slice(0, show).map(tradeRow),
    'None.',
  );
  rest(trades.length, show, output);
  if (missing.length > 0) {
    output.say('\nTrades that only the backtest has');
    output.table(
      columns('pair', 'decided (utc)', '>profit', 'why'),
      missing
        .slice(0, show)
        .map((one) => [
          ...[one.symbol, utcTime(one.decidedMs, 'minutes'), one.test.profit.toFixed(2), one.why],
        ]),
      '',
    );
    rest(missing.length, show, output);
  }
  if (extra.length > 0) {
    output.say('\nTrades that only the journal has');
    output.table(
      columns('pair', 'decided (utc)', '>entry', '>exit', 'left because'),
      extra
        .slice(0, show)
        .map(({ symbol, live }) => [
          ...[symbol, utcTime(live.barCloseMs, 'minutes'), priceText(live.entry?.price)],
          ...[priceText(live.exit?.price), live.exitReason ?? 'still open'],
        ]),
      '',
    );
    rest(extra.length, show, output);
  }
}

const tradeRow = (one: MatchedTrade): readonly string[] => [
  one.symbol,
  utcTime(one.testDecidedMs, 'minutes'),
  percent(one.sizeDifference, 1),
  bps(one.entryBps),
  span(one.entryDelayMs),
  one.live.exitReason ?? 'still open',
  one.test.exitReason,
  bps(one.exitBps),
  bps(one.feeBps),
  one.exitDelayMs === null ? '–' : span(one.exitDelayMs),
];

function printMoney({ cost, profit, missing }: FoundDrift, output: Output): void {
  output.say('\nWhat it cost, per money that was put in');
  const missed = missing.reduce((total, { test }) => total + test.profit, 0);
  output.table(
    columns('', '>value'),
    [
      ['Entries, basis points', bps(cost.entryBps)],
      ['Exits, basis points', bps(cost.exitBps)],
      ['Fees, basis points', bps(cost.feeBps)],
      ['Together, where both left alike', bps(cost.totalBps)],
      ['The same in quote', cost.quote.toFixed(2)],
      [
        'Half of the entries came later than',
        cost.medianEntryDelayMs === null ? '–' : span(cost.medianEntryDelayMs),
      ],
      ['Profit of closed trades: journal', profit.live.toFixed(2)],
      ['Profit of closed trades: backtest', profit.backtest.toFixed(2)],
      ['Of it in trades that the journal has not', missed.toFixed(2)],
    ],
    '',
  );
}

const rest = (all: number, show: number, output: Output): void => {
  if (all > show) output.say(`… and ${count(all - show)} more (--show, --json)`);
};

/** Without the sign of a zero. */
const bps = (value: number | null): string =>
  value === null ? '–' : value.toFixed(1).replace(/^-(?=0\.0$)/, '');

const priceText = (value: number | undefined): string =>
  value === undefined ? '–' : String(Number(value.toPrecision(8)));
