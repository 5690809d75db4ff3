import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { processEnvironment } from '../../config/environment';

/** One run of a workflow. */
export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * Remembers every run that a server has seen work of, and saves their histories when BALLAST_HISTORY_POOL names a folder:
 * `npm run histories -- --staged` picks from them what the replay tests lack.
 */
export class HistoryPool {
  private readonly runs = new Map<string, Execution>();
  private readonly folder = processEnvironment().env.BALLAST_HISTORY_POOL;

  constructor(private readonly client: Client) {}

  note({ workflowId, runId }: Execution): void {
    if (this.folder !== undefined) this.runs.set(runId, { workflowId, runId });
  }

  async save(): Promise<void> {
    if (this.folder === undefined) return;
    mkdirSync(this.folder, { recursive: true });
    for (const { workflowId, runId } of this.runs.values()) {
      const history = await this.client.workflow.getHandle(workflowId, runId).fetchHistory();
      writeFileSync(join(this.folder, `${runId}.json`), historyToJSON(history));
    }
  }
}
