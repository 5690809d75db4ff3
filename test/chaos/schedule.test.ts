import { z } from 'zod';
import { TradingStatus } from '../../emulator/engine/types';
import { ANSWER_CODES } from '../../emulator/server/faults/answers';
import { faultRequest } from '../../emulator/server/faults/request';
import { hash32, RandomStream } from '../../domain/random';
import { anyFault, type FaultRequest } from './faults';
import { describeEvent, OperatorAction, scheduleOf, Target } from './schedule';

const MINUTE_MS = 60_000;

/** What no seed draws; docs/chaos.md says of each why. */
const NEVER_DRAWN = ['rules', 'hold-stops', 'trading-status DELISTED', 'code -1022', 'code -2015'];

/** A fault by its kind and, where those are different things, by what it does. */
function nameOf(request: FaultRequest): string {
  if (request.kind === 'code') return `code ${request.code}`;
  if (request.kind === 'trading-status') return `trading-status ${request.status}`;
  return request.kind;
}

/** Every fault that the emulator takes, by the same names. */
function allNames(): readonly string[] {
  const kinds = faultRequest.options.flatMap(({ shape: { kind } }): readonly string[] =>
    kind instanceof z.ZodEnum ? kind.options : [...kind.values],
  );
  return kinds.flatMap((kind) => {
    if (kind === 'code') return ANSWER_CODES.map((code) => `${kind} ${code}`);
    if (kind === 'trading-status') return Object.values(TradingStatus).map((status) => `${kind} ${status}`);
    return [kind];
  });
}

describe('the schedule', () => {
  it('is a function of the seed alone', () => {
    expect(scheduleOf(7, 5)).toEqual(scheduleOf(7, 5));
    expect(scheduleOf(8, 5)).not.toEqual(scheduleOf(7, 5));
  });

  it('of a longer run begins like that of a shorter one', () => {
    const short = scheduleOf(3, 2).filter(({ atMs }) => atMs < MINUTE_MS);
    expect(scheduleOf(3, 10).filter(({ atMs }) => atMs < MINUTE_MS)).toEqual(short);
  });

  it('stays within its minutes, in order, and leaves the beginning and the end quiet', () => {
    const times = scheduleOf(11, 4).map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.every((atMs) => atMs > 8_000 && atMs <= 4 * MINUTE_MS - 5_000)).toBe(true);
  });

  it('kills everything, alone and together, plans faults and gives commands', () => {
    const events = scheduleOf(5, 60);
    const kills = events.flatMap((event) => (event.do === 'kill' ? [event.targets] : []));
    expect(new Set(kills.flat())).toEqual(new Set(Object.values(Target)));
    expect(new Set(kills.map(({ length }) => length))).toEqual(new Set([1, 2, 3, 4]));
    const actions = events.flatMap((event) => (event.do === 'operate' ? [event.action] : []));
    expect(new Set(actions)).toEqual(new Set(Object.values(OperatorAction)));
    expect(events.filter((event) => event.do === 'fault').length).toBeGreaterThan(500);
  });

  it('has a line for each event that tells it from others', () => {
    const lines = scheduleOf(5, 10).map(describeEvent);
    expect(lines.join('\n')).toMatch(/SIGKILL worker/);
    expect(lines.join('\n')).toMatch(/fault \{"kind":/);
    expect(lines.join('\n')).toMatch(/emergency-stop, for \d+ ms/);
  });
});

describe('faults', () => {
  it('are ones that the emulator knows, with what undoes them', () => {
    const random = new RandomStream(hash32('faults'));
    const faults = Array.from({ length: 2_000 }, () => anyFault(random));
    for (const { request, undo } of faults) {
      expect(() => faultRequest.parse(request)).not.toThrow();
      if (undo !== undefined) expect(() => faultRequest.parse(undo)).not.toThrow();
    }
  });

  it('are all that the emulator knows, but for those that are named', () => {
    const random = new RandomStream(hash32('kinds'));
    const faults = Array.from({ length: 5_000 }, () => anyFault(random));
    const undone = faults.flatMap(({ undo }) => (undo === undefined ? [] : [undo]));
    const drawn = new Set([...faults.map(({ request }) => request), ...undone].map(nameOf));
    expect([...drawn, ...NEVER_DRAWN].sort()).toEqual([...allNames()].sort());
  });
});
