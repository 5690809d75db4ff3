import type { WorkflowExecutionInfo } from '@temporalio/client';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { span, utcTime } from '../format';
import { webUiLink } from '../web-ui-link';

interface RunsOptions {
  readonly limit: number;
  readonly all: boolean;
  readonly query?: string;
}

export const runsCommand = defineCommand<RunsOptions>({
  command: 'runs',
  describe: 'Workflow runs, with links to the Temporal Web UI',
  builder: (yargs) =>
    yargs
      .option('limit', {
        type: 'number',
        default: 20,
        requiresArg: true,
        describe: 'At most so many, newest first',
      })
      .option('all', { type: 'boolean', default: false, describe: 'Ended runs too' })
      .option('query', {
        type: 'string',
        requiresArg: true,
        describe: "Temporal's list filter, e.g. WorkflowType='position'",
      }),
  run: (options) =>
    withContext(options, async ({ config, output, temporal }) => {
      const client = await temporal();
      const query = options.query ?? (options.all ? undefined : "ExecutionStatus = 'Running'");
      const list: WorkflowExecutionInfo[] = [];
      for await (const run of client.workflow.list({ query })) {
        list.push(run);
        if (list.length >= options.limit) break;
      }
      const shown = list.map((run) => ({
        workflowId: run.workflowId,
        runId: run.runId,
        type: run.type,
        status: run.status.name,
        startedAt: run.startTime.toISOString(),
        closedAt: run.closeTime?.toISOString() ?? null,
        events: run.historyLength,
        link: webUiLink(config, run),
      }));
      output.result(shown, () => {
        if (list.length === 0) output.say('There is no such run.');
        // The link has a line of its own: terminals open it whole.
        for (const run of list) {
          const tookMs = (run.closeTime?.getTime() ?? Date.now()) - run.startTime.getTime();
          output.say(
            `${utcTime(run.startTime.getTime())}  ${run.status.name.toLowerCase()}, ${span(tookMs)}  ${run.workflowId}`,
          );
          const link = webUiLink(config, run);
          if (link !== null) output.say(`  ${link}`);
        }
      });
    }),
});
