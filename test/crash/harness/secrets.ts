import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from './world';

/** Something a run leaves behind for people to read. */
export interface Trace {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Every log of the world and of its servers. */
export function logs({ folder, servers }: World): readonly Trace[] {
  return [folder, join(servers.folder, 'logs')].flatMap((place) =>
    readdirSync(place)
      .filter((name) => name.endsWith('.log'))
      .map((name) => ({ name, bytes: readFileSync(join(place, name)) })),
  );
}

/** The history of every workflow that Temporal knows, payloads included. */
export async function histories({ client }: World): Promise<readonly Trace[]> {
  const found: Trace[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    found.push({ name: workflowId, bytes: Buffer.from(JSON.stringify(history, payloadsAsText)) });
  }
  return found;
}

/** Payloads are bytes, which JSON would write as numbers. */
function payloadsAsText(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const field = this[key];
  return ArrayBuffer.isView(field)
    ? Buffer.from(field.buffer, field.byteOffset, field.byteLength).toString()
    : value;
}

/** Which traces tell which of the secrets. */
export const leaks = (traces: readonly Trace[], secrets: readonly string[]): readonly string[] =>
  traces.filter(({ bytes }) => secrets.some((secret) => bytes.includes(secret))).map(({ name }) => name);
