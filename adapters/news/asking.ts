import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import { NewsSourceError } from './port';
import { askWeb, reasonOf, type WebAnswer, type WebRequest } from './web';

/** Far above any answer of an API; a server that sends more is broken, or means harm. */
const MAX_BYTES = 2 * 1024 * 1024;
/** When a server asks for patience and does not say how long; and the longest that it is believed. */
const DEFAULT_PATIENCE_MS = 60_000;
const MAX_PATIENCE_MS = 3_600_000;
/** A number of seconds above this is a time, not a span. */
const EPOCH_FROM_S = 1_000_000_000;

/** Runs what a source does when it is read, within its time. @throws NewsSourceError naming the source, and why */
export async function reading<T>(
  { name, timeoutMs }: { readonly name: string; readonly timeoutMs: number },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await work(AbortSignal.any([signal, deadline]));
  } catch (error) {
    const reason = deadline.aborted ? `no answer within ${String(timeoutMs)} ms` : reasonOf(error);
    throw new NewsSourceError(`The news source "${name}" could not be read: ${reason}`);
  }
}

/** Remembers that a server wants to be left alone, and leaves it alone. */
export class Patience {
  private untilMs = 0;

  constructor(private readonly wallTimeMs: () => number) {}

  /** @throws Error while it is not to be asked */
  check(): void {
    const leftMs = this.untilMs - this.wallTimeMs();
    if (leftMs > 0)
      throw new Error(`it asks to be left alone for ${String(Math.ceil(leftMs / 1000))} s more`);
  }

  /** Learns from an answer of 429: `Retry-After` in seconds or as a date, or when its window begins anew, as Reddit and X tell it. */
  learn({ status, headers }: Pick<WebAnswer, 'status' | 'headers'>): void {
    if (status !== 429) return;
    const nowMs = this.wallTimeMs();
    const waitMs = waitOf(headers, nowMs) ?? DEFAULT_PATIENCE_MS;
    this.untilMs = nowMs + Math.min(MAX_PATIENCE_MS, Math.max(1_000, waitMs));
  }
}

function waitOf(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  for (const name of ['retry-after', 'x-rate-limit-reset', 'x-ratelimit-reset']) {
    const told = headers[name];
    if (typeof told !== 'string') continue;
    const seconds = Number(told);
    const waitMs = Number.isNaN(seconds)
      ? Date.parse(told) - nowMs
      : seconds >= EPOCH_FROM_S
        ? seconds * 1000 - nowMs
        : seconds * 1000;
    if (Number.isFinite(waitMs)) return waitMs;
  }
  return undefined;
}

/** An answer that says no. Its text names neither what was sent nor what was answered: both may hold secrets. */
export class RefusedAnswer extends Error {
  override readonly name = 'RefusedAnswer';
  constructor(
    readonly status: number,
    statusText: string,
  ) {
    super(`it answered ${String(status)} ${statusText}`.trim());
  }
}

/** Asks for JSON of a shape. @throws RefusedAnswer unless it answers 200; Error when it is not what it should be */
export async function askJson<T>(
  url: string,
  schema: z.ZodType<T>,
  request: Omit<WebRequest, 'maxBytes'>,
  patience: Patience,
): Promise<T> {
  patience.check();
  const answer = await askWeb(url, { ...request, maxBytes: MAX_BYTES });
  patience.learn(answer);
  if (answer.status !== 200) throw new RefusedAnswer(answer.status, answer.statusText);
  return parseAnswer(answer.bytes.toString('utf8'), schema);
}

/** @throws Error that says where the answer is not what it should be, without telling it */
function parseAnswer<T>(text: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('its answer is no JSON');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`its answer is not understood (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`);
}
