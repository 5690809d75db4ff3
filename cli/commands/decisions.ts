import { DecisionOutcome } from '../../adapters/store/port';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { clip, utcTime, price } from '../format';
import { filterOf, listBuilder, type ListOptions } from '../list-options';
import { columns } from '../output';
import { decisionsShowCommand } from './decisions-show';

interface DecisionOptions extends ListOptions {
  readonly outcome?: readonly DecisionOutcome[];
  readonly holds: boolean;
}

/** Digits of an id that are listed: `decisions show` takes the beginning of one. */
const SHORT_ID = 8;

export const decisionsCommand = defineCommand<DecisionOptions>({
  command: 'decisions',
  describe: 'What was decided on each bar, and why; show ID: one of them in full',
  builder: (yargs) =>
    listBuilder(yargs)
      .option('outcome', {
        choices: Object.values(DecisionOutcome),
        array: true,
        global: false,
        describe: 'Only these outcomes',
      })
      .option('holds', {
        type: 'boolean',
        default: true,
        global: false,
        describe: 'With --no-holds: only decisions to do something',
      })
      .command(decisionsShowCommand),
  run: (options) =>
    withContext(options, async (context) => {
      const views = await context.views();
      const acting = Object.values(DecisionOutcome).filter((outcome) => outcome !== DecisionOutcome.Hold);
      const outcomes = options.outcome ?? (options.holds ? undefined : acting);
      const list = await views.decisions({ ...filterOf(context, options), outcomes });
      const width = Math.max(40, (process.stdout.columns || 160) - 76);
      context.output.result(list, () => {
        const rows = list.map((decision) => [
          decision.decisionId.slice(0, SHORT_ID),
          utcTime(decision.barCloseMs, 'minutes'),
          decision.symbol,
          decision.strategy,
          decision.outcome,
          decision.close === null ? '–' : price(decision.close),
          clip(decision.reasons.map(({ text }) => text).join('; '), width),
        ]);
        const heads = columns(...['id', 'bar close (utc)', 'pair', 'strategy', 'decision', '>close', 'why']);
        context.output.table(heads, rows, 'Nothing has been decided yet.');
      });
    }),
});
