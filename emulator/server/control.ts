import { z } from 'zod';
import type { Speed } from '../clock';
import type { LiveStatus } from '../market/source';
import type { Venue } from '../venue';
import { ApiError } from './errors';
import { isRoute } from './dispatcher';
import type { Faults } from './faults/faults';
import { isNewsEndpoint } from './news';
import { faultRequest, type FaultRequest } from './faults/request';

const REMOVE_FAULT = 'DELETE /emulator/faults/';

/** `GET /emulator/clock`. Times are UTC milliseconds; `endMs` is null for a market without an end. */
export interface ClockView {
  readonly marketTimeMs: number;
  readonly wallTimeMs: number;
  readonly speed: Speed;
  readonly sessionId: string;
  readonly mode: string;
  readonly description: string;
  readonly startMs: number;
  readonly endMs: number | null;
  readonly state: 'running' | 'paused' | 'ended';
  /** Of a mirrored market only: whether its data is the venue's at this moment. */
  readonly live?: LiveStatus;
}

const clockCommand = z.discriminatedUnion('action', [
  z.object({ action: z.literal('pause') }),
  z.object({ action: z.literal('resume') }),
  z.object({ action: z.literal('setSpeed'), speed: z.union([z.literal('max'), z.number().positive()]) }),
  z.object({ action: z.literal('advanceTo'), toMs: z.int() }),
]);

/** The emulator's own endpoints, which no exchange has: its clock and its planned faults. No key, loopback only. */
export class Control {
  constructor(
    private readonly venue: Venue,
    private readonly faults: Faults,
    private readonly wallMs: () => number,
  ) {}

  /** @throws ApiError when there is no such endpoint or the body makes no sense. */
  async call(key: string, body: string): Promise<unknown> {
    switch (key) {
      case 'GET /emulator/clock':
        return await this.clock();
      case 'POST /emulator/clock':
        await this.setClock(parse(clockCommand, body));
        return await this.clock();
      case 'GET /emulator/faults':
        return this.faults.list();
      case 'GET /emulator/faults/log':
        return this.faults.strikes();
      case 'POST /emulator/faults':
        return await this.planFault(parse(faultRequest, body));
      case 'DELETE /emulator/faults':
        this.faults.clear();
        return [];
      default:
        if (key.startsWith(REMOVE_FAULT)) return this.removeFault(key.slice(REMOVE_FAULT.length));
        throw new ApiError(
          404,
          -1,
          `The emulator does not offer ${key}; docs/emulator.md lists what it does.`,
        );
    }
  }

  private async planFault(request: FaultRequest): Promise<unknown> {
    const { match } = 'match' in request ? request : { match: '*' };
    if (!/\*|^ws:|^WS /.test(match) && !isRoute(match) && !isNewsEndpoint(match))
      throw new ApiError(400, -1100, `match: the emulator has no endpoint ${match}, so nothing would happen`);
    try {
      return await this.faults.add(request);
    } catch (error) {
      if (error instanceof RangeError) throw new ApiError(400, -1100, error.message);
      throw error;
    }
  }

  private removeFault(id: string): unknown {
    if (!this.faults.remove(id)) throw new ApiError(404, -1100, `No fault ${id} is planned.`);
    return this.faults.list();
  }

  private async clock(): Promise<ClockView> {
    this.venue.pump();
    const marketTimeMs = this.venue.nowMs;
    await this.venue.settled();
    const { source, clock, session } = this.venue;
    return {
      marketTimeMs,
      wallTimeMs: this.wallMs(),
      speed: clock.speed,
      sessionId: session.sessionId,
      mode: source.mode,
      description: source.description,
      startMs: source.startMs,
      endMs: Number.isFinite(source.endMs) ? source.endMs : null,
      state: clock.state,
      ...(source.live && { live: source.live.status() }),
    };
  }

  private async setClock(command: z.infer<typeof clockCommand>): Promise<void> {
    const { clock, source } = this.venue;
    if (source.live !== undefined) {
      const { upstream } = source.live.status();
      throw new ApiError(
        400,
        -1,
        `The market is mirrored live: its time is that of ${upstream} and cannot be paused, sped up or advanced.`,
      );
    }
    this.venue.pump();
    switch (command.action) {
      case 'pause':
        clock.pause();
        return;
      case 'resume':
        clock.resume();
        return;
      case 'setSpeed':
        clock.setSpeed(command.speed);
        return;
      case 'advanceTo':
        await this.venue.advanceTo(command.toMs);
    }
  }
}

/** @throws ApiError -1100 that says which field is wrong. */
function parse<T>(schema: z.ZodType<T>, body: string): T {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new ApiError(400, -1100, 'The body must be JSON.');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ApiError(400, -1100, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
}
