import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { openStrategies } from '../adapters/strategies/load';
import { isEmulated, tradedSymbols } from '../config/config';
import { buildIdOf, readCurrentBuild } from '../temporal/versioning';
import { workflowIds } from '../workflows/contract';
import type { Context } from './context';
import { describeFailure } from './failure';
import { span } from './format';
import { describeInference, readInference } from './inference-state';

export const Verdict = { Ok: 'ok', Warn: 'warn', Fail: 'fail' } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly verdict: Verdict;
  readonly text: string;
  /** What to do about it. */
  readonly todo?: string;
}

type Check = (context: Context) => Promise<Omit<Finding, 'what'>>;

const GIGABYTE = 1024 ** 3;
const DISK_FAIL_GB = 0.5;
const DISK_WARN_GB = 2;
/** Binance refuses requests that are a second ahead, or older than the receive window. */
const SKEW_FAIL_MS = 1000;
const SKEW_WARN_MS = 250;

const CHECKS: Readonly<Record<string, Check>> = {
  configuration: ({ config, running }) => {
    const pairs = tradedSymbols(config).join(', ');
    const source =
      running === undefined ? 'no `ballast up` runs here' : `as recorded by process ${running.pid}`;
    return Promise.resolve(
      ok(`mode ${config.mode}, ${config.strategies.length} strategies on ${pairs || 'no pair'}; ${source}`),
    );
  },
  strategies: ({ config }) => {
    const { strategies, faults } = openStrategies(config);
    const own = strategies.filter(({ origin }) => origin !== undefined).map(({ id }) => id);
    const from = `of ${config.strategiesDir}`;
    if (faults.length === 0)
      return Promise.resolve(
        ok(own.length === 0 ? `none of your own in ${config.strategiesDir}` : `${own.join(', ')} ${from}`),
      );
    return Promise.resolve({
      verdict: Verdict.Warn,
      text: `${own.length} load ${from}, ${faults.length} do not: ${faults.map(({ file, problem }) => `${file}: ${problem}`).join('; ')}`,
      todo: faults.map(({ file, todo }) => `${file}: ${todo}`).join(' '),
    });
  },
  disk: ({ config }) => {
    const folder = existsSync(config.stateDir) ? config.stateDir : dirname(config.stateDir);
    const { bavail, bsize } = statfsSync(folder);
    const freeGb = (bavail * bsize) / GIGABYTE;
    const text = `${freeGb.toFixed(1)} GB free at ${config.stateDir}`;
    if (freeGb >= DISK_WARN_GB) return Promise.resolve(ok(text));
    const verdict = freeGb < DISK_FAIL_GB ? Verdict.Fail : Verdict.Warn;
    return Promise.resolve({
      verdict,
      text,
      todo: 'Free some space: PostgreSQL and Temporal stop when the disk is full.',
    });
  },
  PostgreSQL: async (context) => {
    const views = await context.views();
    const startedMs = performance.now();
    const state = await views.account(context.account.account);
    const tookMs = Math.round(performance.now() - startedMs);
    const account =
      state === undefined ? 'the account has not traded yet' : `account ${state.account} is ${state.mode}`;
    return ok(`answers in ${tookMs} ms; ${account}`);
  },
  Temporal: async (context) => {
    const client = await context.temporal();
    const { namespaceInfo } = await client.workflowService.describeNamespace({
      namespace: context.config.temporal.namespace,
    });
    const address = context.config.temporal.address ?? '';
    return ok(
      `answers at ${address}, namespace ${namespaceInfo?.name ?? ''}, Web UI ${context.config.temporal.uiUrl ?? 'not known'}`,
    );
  },
  workflows: async (context) => {
    const client = await context.temporal();
    const { account } = context.account;
    const missing: string[] = [];
    for (const id of [workflowIds.accountFeed(account), workflowIds.riskDesk(account)]) {
      const status = await client.workflow
        .getHandle(id)
        .describe()
        .then(
          (run) => run.status.name,
          () => 'NOT FOUND',
        );
      if (status !== 'RUNNING') missing.push(`${id} (${status.toLowerCase()})`);
    }
    if (missing.length === 0) return ok('the account’s feed and risk desk run');
    return {
      verdict: Verdict.Fail,
      text: `not running: ${missing.join(', ')}`,
      todo: 'Start them with: ballast up',
    };
  },
  'worker build': async (context) => {
    const { temporal, worker } = context.config;
    const routed = await readCurrentBuild(await context.temporal(), temporal.namespace);
    const ours = worker.versioning ? buildIdOf() : null;
    const text = routed === null ? 'tasks go to any worker' : `tasks go to workers of build ${routed} only`;
    if (routed === ours) return ok(text);
    return {
      verdict: Verdict.Fail,
      text: `${text}; here it is ${ours === null ? 'without versioning' : `build ${ours}`}`,
      todo: 'Nothing moves unless such a worker runs. To give the tasks to this version: ballast up',
    };
  },
  inference: async (context) => {
    const state = await readInference(context);
    const text = describeInference(state);
    if (state.needs.length === 0 || state.processes.length > 0) return ok(text);
    return {
      verdict: Verdict.Warn,
      text,
      todo: 'Start it with: ballast up. If it runs, its log says why: logs/inference.log of the state folder.',
    };
  },
  exchange: async (context) => {
    const exchange = await context.exchange();
    const startedMs = performance.now();
    const clock = await exchange.clock();
    const tookMs = Math.round(performance.now() - startedMs);
    const who = isEmulated(context.config) ? 'the emulator' : exchange.venue;
    const text = `${who} answers in ${tookMs} ms; market ${clock.state} at ${clock.speed}×`;
    if (clock.staleSinceMs === undefined) return ok(text);
    return {
      verdict: Verdict.Fail,
      text: `${text}, without live data for ${span(Date.now() - clock.staleSinceMs)}`,
      todo: 'Check the network and market.live; it connects again by itself. The emulator’s log says why it is lost.',
    };
  },
  'clock skew': async (context) => {
    const skewMs = await (await context.exchange()).clockSkewMs();
    const text = `the exchange is ${Math.abs(Math.round(skewMs))} ms ${skewMs < 0 ? 'behind' : 'ahead'}`;
    if (Math.abs(skewMs) < SKEW_WARN_MS) return ok(text);
    const verdict = Math.abs(skewMs) < SKEW_FAIL_MS ? Verdict.Warn : Verdict.Fail;
    return { verdict, text, todo: 'Let this machine keep its clock by NTP: signed requests carry the time.' };
  },
  'key rights': async (context) => {
    const { canTrade, canWithdraw } = await (await context.exchange()).keyRights();
    if (!canTrade)
      return {
        verdict: Verdict.Fail,
        text: 'the key may not trade',
        todo: 'Allow spot trading for this key at the exchange.',
      };
    if (!canWithdraw || isEmulated(context.config))
      return ok(`may trade${canWithdraw ? ' (an emulator’s key)' : ', may not withdraw'}`);
    const verdict = context.config.mode === 'live' ? Verdict.Fail : Verdict.Warn;
    return {
      verdict,
      text: 'the key may withdraw',
      todo: 'Make a key without the right to withdraw: a thief of it could take everything.',
    };
  },
  running: ({ running }) =>
    Promise.resolve(
      running === undefined
        ? {
            verdict: Verdict.Warn,
            text: 'no `ballast up` runs on this state folder',
            todo: 'Start it with: ballast up',
          }
        : ok(`\`ballast up\`, process ${running.pid}, for ${span(Date.now() - running.startedAtMs)}`),
    ),
};

const ok = (text: string): Omit<Finding, 'what'> => ({ verdict: Verdict.Ok, text });

/** Looks at everything; a check that fails keeps none of the others from being made. */
export async function examine(context: Context): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  // One after the other: measured times would otherwise be those of all of them.
  for (const [what, check] of Object.entries(CHECKS)) {
    try {
      findings.push({ what, ...(await check(context)) });
    } catch (error) {
      const { message, hint } = describeFailure(error);
      findings.push({
        what,
        verdict: Verdict.Fail,
        text: message,
        ...(hint === undefined ? {} : { todo: hint }),
      });
    }
  }
  return findings;
}
