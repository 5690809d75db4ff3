import type { Argv } from 'yargs';
import type { SignalDefinition } from '@temporalio/common';
import { flattenSignal, pauseSignal, resumeSignal, stopSignal, type Request } from '../../workflows/contract';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { UserError } from '../../domain/errors';
import type { GlobalOptions } from '../locate-config';
import { targetStrategies } from '../strategy-client';

interface TargetOptions {
  readonly name?: string;
  readonly all?: boolean;
  readonly reason?: string;
}

interface SignalCommand extends Omit<Telling<Request>, 'message'> {
  readonly describe: string;
}

const targetBuilder = (yargs: Argv): Argv<TargetOptions> =>
  yargs
    .positional('name', { type: 'string', describe: 'Name of a running strategy' })
    .option('all', { type: 'boolean', describe: 'All running strategies of the account' })
    .option('reason', { type: 'string', describe: 'Why; kept in the audit trail', requiresArg: true });

interface Telling<Message extends Request> {
  readonly verb: string;
  /** What has happened to a strategy now, for people. */
  readonly done: string;
  readonly signal: SignalDefinition<[Message]>;
  readonly message: (request: Request) => Message;
}

/** One way to tell strategies something: audited first, then signalled. */
async function tellStrategies<Message extends Request>(
  options: GlobalOptions & TargetOptions,
  { verb, done, signal, message }: Telling<Message>,
): Promise<void> {
  if ((options.name === undefined) === (options.all !== true)) {
    throw new UserError('Name one strategy, or give --all.', `For example: ballast ${verb} rsi-1m`);
  }
  await withContext(options, async ({ account, by, output, store, temporal }) => {
    const client = await temporal();
    const targets = await targetStrategies(client, account.account, options);
    const names = targets.map(({ name }) => name);
    const request = message({ by, reason: options.reason ?? `${verb} by ${by}` });
    const journal = await store();
    await journal.audit({
      account: account.account,
      command: verb,
      arguments: { strategies: names, request },
      reason: options.reason ?? null,
      by,
    });
    for (const { handle } of targets) await handle.signal(signal, request);
    output.result({ command: verb, strategies: names, ...request }, () => {
      for (const name of names) output.say(`${name}: ${done}`);
    });
  });
}

const signalCommand = ({ verb, describe, done, signal }: SignalCommand) =>
  defineCommand<TargetOptions>({
    command: `${verb} [name]`,
    describe,
    builder: targetBuilder,
    run: (options) => tellStrategies(options, { verb, done, signal, message: (request) => request }),
  });

export const pauseCommand = signalCommand({
  verb: 'pause',
  describe: 'Stop opening positions; open ones stay guarded',
  done: 'paused. Open positions stay guarded; resume with: ballast resume',
  signal: pauseSignal,
});

export const resumeCommand = signalCommand({
  verb: 'resume',
  describe: 'Let a paused strategy open positions again',
  done: 'resumed',
  signal: resumeSignal,
});

export const flattenCommand = signalCommand({
  verb: 'flatten',
  describe: 'Pause, and close every position of a strategy',
  done: 'paused, its positions are being closed. Watch with: ballast positions',
  signal: flattenSignal,
});

export const stopCommand = defineCommand<TargetOptions & { readonly flatten: boolean }>({
  command: 'stop [name]',
  describe: 'End a strategy; its open positions stay guarded unless --flatten',
  builder: (yargs) =>
    targetBuilder(yargs).option('flatten', {
      type: 'boolean',
      default: false,
      describe: 'Close its positions first',
    }),
  run: (options) =>
    tellStrategies(options, {
      verb: 'stop',
      done: options.flatten ? 'closes its positions, then ends' : 'ends; its open positions stay guarded',
      signal: stopSignal,
      message: (request) => ({ ...request, flatten: options.flatten }),
    }),
});
