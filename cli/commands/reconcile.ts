import { isUnexplained, type ReconciliationReport } from '../../domain/findings';
import { UserError } from '../../domain/errors';
import { defineCommand } from '../command';
import { withContext, type Context } from '../context';
import { RefusedError, UnavailableError } from '../failure';
import { utcTime } from '../format';
import { reconcileNow, reconciliationInput } from '../reconciliation-client';

interface ReconcileOptions {
  readonly last: boolean;
  readonly timeout: number;
}

export const reconcileCommand = defineCommand<ReconcileOptions>({
  command: 'reconcile',
  describe: 'Hold the exchange against the journal now, and say what was found and done',
  builder: (yargs) =>
    yargs
      .option('last', {
        type: 'boolean',
        default: false,
        describe: 'Show the last report, and compare nothing',
      })
      .option('timeout', {
        type: 'number',
        default: 60,
        requiresArg: true,
        describe: 'Seconds to wait for the report, up to a day',
      }),
  run: (options) =>
    withContext(options, async (context) => {
      checkTimeout(options.timeout);
      const report = options.last ? await lastReport(context) : await compareNow(context, options.timeout);
      context.output.result(report, () => {
        print(report, context);
      });
      const unexplained = report.findings.filter(isUnexplained).length;
      if (unexplained > 0 && !options.last)
        throw new RefusedError(
          `${unexplained} ${unexplained === 1 ? 'thing is' : 'things are'} not explained: account ${context.account.account} is ${report.mode}.`,
          'When you know what they are: ballast resume-trading --reason "…". What to do about strays by itself: reconciliation.strays, docs/configuration.md.',
        );
    }),
});

const MAX_TIMEOUT_S = 86_400;

/** @throws UserError for what is no time to wait */
function checkTimeout(seconds: number): void {
  if (seconds > 0 && seconds <= MAX_TIMEOUT_S) return;
  throw new UserError(
    `--timeout must be a number of seconds above 0 and up to ${MAX_TIMEOUT_S}.`,
    'For example: ballast reconcile --timeout 120',
  );
}

async function compareNow(context: Context, timeoutSeconds: number): Promise<ReconciliationReport> {
  const { account, by, config, store, temporal } = context;
  const client = await temporal();
  const journal = await store();
  await journal.audit({ account: account.account, command: 'reconcile', arguments: {}, reason: null, by });
  const asked = reconcileNow(client, { ...reconciliationInput(config, account), trigger: `asked by ${by}` });
  return Promise.race([asked, giveUpAfter(timeoutSeconds)]);
}

async function giveUpAfter(seconds: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000).unref());
  throw new UnavailableError(
    `There is no report after ${seconds} s: the worker or the exchange does not answer. The reconciliation goes on.`,
    'See what is missing with: ballast doctor. Its report, later: ballast reconcile --last',
  );
}

async function lastReport({ account, store }: Context): Promise<ReconciliationReport> {
  const last = await (await store()).lastReconciliation(account.account);
  if (last !== undefined) return last.report;
  throw new RefusedError(
    `Account ${account.account} has never been reconciled.`,
    'Do it now with: ballast reconcile',
  );
}

function print(report: ReconciliationReport, { output }: Context): void {
  const line = (name: string, text: string): void => {
    output.say(`${name.padEnd(14)}${text}`);
  };
  line(
    'Compared',
    `session ${report.session}, from ${utcTime(report.sinceMs)} to ${utcTime(report.marketTimeMs)} UTC`,
  );
  line('Orders', `${report.checkedOrders} unsettled`);
  line('Fills', `${report.recoveredFills} recovered`);
  line('Trading', report.mode);
  for (const positionId of report.adoptedPositions) line('Adopted', positionId);
  for (const { message } of report.done) line('Done', message);
  for (const finding of report.findings)
    line(isUnexplained(finding) ? 'NOT EXPLAINED' : 'Noticed', finding.message);
  if (report.findings.length === 0) line('Findings', 'none: everything is explained');
}
