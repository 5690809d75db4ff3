import { createInterface } from 'node:readline/promises';
import { randomUUID } from 'node:crypto';
import { directStop } from '../../adapters/exchange/direct-stop/direct-stop';
import type { Journal } from '../../adapters/store/port';
import { tradedSymbols } from '../../config/config';
import { UserError } from '../../domain/errors';
import { VISIBILITY_LAG_MS } from '../../domain/order-timing';
import { TradingMode } from '../../domain/risk';
import { defineCommand } from '../command';
import { withContext, type Context } from '../context';
import { haltNow, runEmergencyStop } from '../emergency-client';
import { messageOf, RefusedError, UnavailableError } from '../failure';
import { span } from '../format';
import { saidReason } from '../reason';

interface EmergencyOptions {
  readonly reason?: string;
  readonly direct: boolean;
  readonly yes: boolean;
}

export const emergencyStopCommand = defineCommand<EmergencyOptions>({
  command: 'emergency-stop',
  describe: 'Halt trading, cancel every order and sell every position, until verified flat',
  builder: (yargs) =>
    yargs
      .option('reason', { type: 'string', requiresArg: true, describe: 'Why; kept in the audit trail' })
      .option('direct', {
        type: 'boolean',
        default: false,
        describe:
          'With nothing but the exchange keys, for when PostgreSQL or Temporal is gone. It does not halt: end the worker first',
      })
      .option('yes', { type: 'boolean', default: false, alias: 'y', describe: 'Do not ask' }),
  run: (options) =>
    withContext(options, async (context) => {
      const reason = reasonOf(options);
      await confirm(options, context);
      await (options.direct ? stopDirectly(context, reason) : stopDurably(context, reason));
    }),
});

/** @throws UserError where one is needed, or one that is given says nothing */
function reasonOf({ reason, direct }: EmergencyOptions): string {
  const example = 'ballast emergency-stop --reason "feed looks wrong"';
  if (reason !== undefined) return saidReason(reason, example);
  if (!direct) throw new UserError('An emergency stop needs a reason.', `For example: ${example}`);
  return '';
}

async function confirm(
  { yes, direct, json }: EmergencyOptions & { readonly json?: boolean },
  { config }: Context,
): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || json === true) {
    throw new RefusedError(
      'An emergency stop sells everything at market and asks first; nobody can answer here.',
      'Give --yes.',
    );
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const deed = direct ? 'Without a halt: of' : 'Halt';
  const question = `${deed} account ${config.account.name} (${config.mode}), cancel its orders and sell its positions at market? [y/N] `;
  const answer = await prompt.question(question);
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new RefusedError('Nothing has been done.');
}

/** The halt is one row in PostgreSQL, so it holds with Temporal down; what follows is a workflow. */
async function stopDurably(context: Context, reason: string): Promise<void> {
  const { output, account, by } = context;
  let epoch: number;
  let journal: Journal;
  try {
    journal = await context.store();
    await journal.audit({ account: account.account, command: 'emergency-stop', arguments: {}, reason, by });
    epoch = await haltNow(journal, account.account, { key: `cli/${randomUUID()}`, reason, by });
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw new UnavailableError(
      `The halt could not be written. ${error.message}`,
      'To sell with nothing but the exchange keys: ballast emergency-stop --direct',
    );
  }
  output.say(`Halted in epoch ${epoch}: nothing new is sent. Closing positions …`);
  const input = { ...account, reason, by, haltKey: null };
  const result = await runEmergencyStop(await reachTemporal(context), journal, input, (line) => {
    output.say(line);
  });
  const { flatAfterMs } = result;
  output.result({ halted: flatAfterMs !== null, ...result }, () => {
    output.say(`Cancelled orders:  ${result.cancelledOrders}`);
    output.say(`Closed positions:  ${result.closedPositions}`);
    if (flatAfterMs === null) return;
    output.say(
      `Verified flat after ${span(flatAfterMs)}${(result.stranded ?? result.unexplained) === undefined ? '' : ', but for:'}`,
    );
    for (const what of result.unexplained ?? []) output.say(`  ${what}`);
    for (const what of result.stranded ?? [])
      output.say(`  ${what}: nobody can sell it, for the exchange does not list its pair any more.`);
    output.say('Trading stays halted. When you know why: ballast resume-trading --reason "…"');
  });
  if (flatAfterMs === null) {
    throw new RefusedError(
      'Somebody resumed trading before the account was seen flat, so the emergency stop ended there.',
      'The positions it had reached still leave, each by its own workflow. To stop everything again, run this command again.',
    );
  }
  if (result.unexplained !== undefined) {
    throw new RefusedError(
      'Not flat: orders of this deployment still rest that the journal does not know, so this stop may not sell what they offer.',
      'See them with: ballast reconcile. To sell what they offer: end the worker, then ballast emergency-stop --direct. Or cancel them at the exchange.',
    );
  }
}

async function reachTemporal(context: Context) {
  try {
    return await context.temporal();
  } catch (error) {
    throw new UnavailableError(
      `Trading is ${TradingMode.Halted}, but positions are still open: ${messageOf(error)}`,
      'A worker sells them by itself as soon as Temporal is back. To sell now: ballast emergency-stop --direct',
    );
  }
}

async function stopDirectly(context: Context, reason: string): Promise<void> {
  const { output, config } = context;
  if (reason !== '') output.say('The reason is not kept: --direct has no journal to write it to.');
  const report = await directStop({
    exchange: await context.exchange({ throttle: false }),
    account: config.account.name,
    deployment: config.deployment,
    symbols: tradedSymbols(config),
    sendWindowMs: config.exchange.sendWindowMs,
    recvWindowMs: config.exchange.recvWindowMs,
    visibilityLagMs: VISIBILITY_LAG_MS,
    report: (line) => {
      output.say(line);
    },
  });
  const { flat, left, answered, passes, tookMs } = report;
  output.result(report, () => {
    output.say(`Cancelled orders:  ${report.cancelledOrders}`);
    output.say(`Market sells:      ${report.sells}`);
    for (const { symbol, quantity, why } of left)
      output.say(`Left:              ${quantity} of ${symbol}: ${why}`);
  });
  if (!answered) {
    throw new UnavailableError(
      `Not flat, or not known to be: after ${span(tookMs)} and ${passes} passes the exchange still does not answer.`,
      'What rests there goes on resting. Run it again when the exchange answers, or close your positions there by hand.',
    );
  }
  if (!flat) {
    const what = left.map(({ symbol, quantity, why }) => `${quantity} of ${symbol} (${why})`).join(', ');
    throw new RefusedError(
      `Not flat after ${passes} passes${what === '' ? '' : `: ${what}`}.`,
      'Run it again, or close what is left at the exchange. A running worker may still be trading: end it first.',
    );
  }
  output.say(`Flat, seen twice, after ${span(tookMs)}.`);
  output.say(
    'This did not halt Ballast: if it runs, also run `ballast emergency-stop` once PostgreSQL answers.',
  );
}
