import { NEWS_ORIGIN, sessionOrigin } from '../../adapters/history/origins';
import type { DecisionRecord } from '../../adapters/store/decision-record';
import type { Views } from '../../adapters/store/views';
import { processEnvironment } from '../../config/environment';
import { nearestOf } from '../../config/suggestion';
import { UserError } from '../../domain/errors';
import { workflowIds } from '../../workflows/contract';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { printPage } from '../decision/page';
import { storyOf, type DecisionRun } from '../decision/story';
import { utcTime } from '../format';
import { createPaint } from '../view/paint';
import { webUiLink } from '../web-ui-link';

interface ShowOptions {
  readonly id: string;
  readonly raw: boolean;
}

/** Decisions that an unknown id is compared with, and that are named when one is not clear. */
const COMPARED = 1_000;
const NAMED = 5;
const DEFAULT_WIDTH = 100;

export const decisionsShowCommand = defineCommand<ShowOptions>({
  command: 'show <id>',
  describe:
    'One decision in plain words: what each input, model and rule said, and where the raw answers are',
  builder: (yargs) =>
    yargs
      .positional('id', {
        type: 'string',
        demandOption: true,
        describe: 'As `ballast decisions` lists it; its beginning is enough when it is the only one',
      })
      .option('raw', {
        type: 'boolean',
        default: false,
        describe: 'With what the models answered, word for word',
      }),
  run: (options) =>
    withContext(options, async ({ account, config, output, views: open }) => {
      const views = await open();
      const decisionId = await resolve(views, account.account, options.id.trim().toLowerCase());
      const origins = (session: string): readonly string[] => [
        config.mode === 'simulated' ? sessionOrigin(session) : NEWS_ORIGIN,
      ];
      const record = await views.decision(account.account, decisionId, origins);
      if (record === undefined) throw unknown(options.id, []);
      const run = runOf(record, (ids) => webUiLink(config, ids));
      output.result({ ...(options.raw ? record : withoutRaw(record)), temporal: run }, () => {
        const { isTTY, columns } = process.stdout;
        const { NO_COLOR = '', COLUMNS } = processEnvironment().env;
        const width = columns || Number(COLUMNS) || DEFAULT_WIDTH;
        output.say(
          printPage(storyOf(record, run, options.raw), width, createPaint(isTTY && NO_COLOR === '')),
        );
      });
    }),
});

const withoutRaw = ({ calls, ...rest }: DecisionRecord) => ({
  ...rest,
  calls: calls.map((call) => ({ ...call, rawAnswer: undefined })),
});

function runOf(
  { decision: { account, session, strategy, barCloseMs, runId = null } }: DecisionRecord,
  linkTo: (ids: { readonly workflowId: string; readonly runId: string | null }) => string | null,
): DecisionRun {
  const workflowId = workflowIds.tradingCycle(account, session, strategy, barCloseMs);
  return { workflowId, runId, url: linkTo({ workflowId, runId }) };
}

/** The full id that is meant. @throws UserError when there is none, or more than one */
async function resolve(views: Views, account: string, given: string): Promise<string> {
  const found = await views.decisionIds(account, given, NAMED + 1);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only !== undefined)
    throw new UserError(
      `"${given}" is the beginning of more than one decision.`,
      `Write more of it: ${found.slice(0, NAMED).join(', ')}${found.length > NAMED ? ', …' : ''}.`,
    );
  const recent = await views.decisions({ account, session: null, limit: COMPARED });
  // What was typed is compared with as much of each id.
  const beginnings = new Map(recent.map((one) => [one.decisionId.slice(0, Math.max(8, given.length)), one]));
  const near = nearestOf(given, [...beginnings.keys()], 3).flatMap((begin) => beginnings.get(begin) ?? []);
  throw unknown(
    given,
    near.map(
      ({ decisionId, outcome, strategy, symbol, barCloseMs }) =>
        `${decisionId.slice(0, 8)} (${outcome}, ${strategy} on ${symbol}, ${utcTime(barCloseMs, 'minutes')})`,
    ),
  );
}

const unknown = (given: string, near: readonly string[]): UserError =>
  new UserError(
    `There is no decision "${given}".`,
    near.length === 0 ? 'List them with: ballast decisions' : `Did you mean ${near.join(', or ')}?`,
  );
