import { DecisionOutcome } from '../../adapters/store/port';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { clip, utcTime, price } from '../format';
import { filterOf, listBuilder, type ListOptions } from '../list-options';
import { columns } from '../output';

interface DecisionOptions extends ListOptions {
  readonly outcome?: readonly DecisionOutcome[];
  readonly holds: boolean;
}

export const decisionsCommand = defineCommand<DecisionOptions>({
  command: 'decisions',
  describe: 'What was decided on each bar, and why',
  builder: (yargs) =>
    listBuilder(yargs)
      .option('outcome', {
        choices: Object.values(DecisionOutcome),
        array: true,
        describe: 'Only these outcomes',
      })
      .option('holds', {
        type: 'boolean',
        default: true,
        describe: 'With --no-holds: only decisions to do something',
      }),
  run: (options) =>
    withContext(options, async (context) => {
      const views = await context.views();
      const acting = Object.values(DecisionOutcome).filter((outcome) => outcome !== DecisionOutcome.Hold);
      const outcomes = options.outcome ?? (options.holds ? undefined : acting);
      const list = await views.decisions({ ...filterOf(context, options), outcomes });
      const width = Math.max(40, (process.stdout.columns || 160) - 66);
      context.output.result(list, () => {
        const rows = list.map((decision) => [
          utcTime(decision.barCloseMs, 'minutes'),
          decision.symbol,
          decision.strategy,
          decision.outcome,
          decision.close === null ? '–' : price(decision.close),
          clip(decision.reasons.map(({ text }) => text).join('; '), width),
        ]);
        const heads = columns('bar close (utc)', 'pair', 'strategy', 'decision', '>close', 'why');
        context.output.table(heads, rows, 'Nothing has been decided yet.');
      });
    }),
});
