import { faultRequest } from '../../emulator/server/faults/request';
import { hash32, RandomStream } from '../../domain/random';
import { anyFault } from './faults';
import { describeEvent, OperatorAction, scheduleOf, Target } from './schedule';

const MINUTE_MS = 60_000;

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
    const kinds = new Set(faults.map(({ request }) => request.kind));
    expect(kinds.size).toBeGreaterThan(20);
  });
});
