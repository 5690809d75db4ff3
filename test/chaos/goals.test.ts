import { evidence } from './evidence';
import { describeGoal, goalsOf } from './goals';
import { judge } from './judge';
import { isGood, type Report } from './report';

const { figures } = judge(evidence);
const missed = (changed: Partial<typeof figures>): readonly string[] =>
  goalsOf({ ...figures, ...changed }).flatMap(({ goal, isMet }) => (isMet ? [] : [goal]));

describe('the goals of a run', () => {
  it.each([
    ['duplicates', 1, 'duplicate'],
    ['lost', 1, 'lost'],
    ['orphaned', 1, 'orphaned'],
    ['unprotectedAnsweredSecondsMax', 5.001, 'longest without a stop while the exchange answered'],
    ['resumeSecondsMax', 10.001, 'slowest to resume'],
    ['resumeSecondsMax', null, 'slowest to resume'],
  ])('%s of %s misses one', (figure, value, goal) => {
    expect(missed({ [figure]: value })).toEqual([goal]);
  });

  it('are met at their limits, whatever the exchange itself costs', () => {
    const atLimits = { unprotectedAnsweredSecondsMax: 5, resumeSecondsMax: 10, unprotectedSecondsMax: 60 };
    expect(missed(atLimits)).toEqual([]);
  });

  it('are told with what was measured', () => {
    const lines = goalsOf({ ...figures, resumeSecondsMax: 12.5, unprotectedAnsweredSecondsMax: null }).map(
      describeGoal,
    );
    expect(lines).toContain('met: duplicate: 0 (goal: 0)');
    expect(lines).toContain('MISSED: slowest to resume: 12.5 s (goal: ≤ 10 s)');
    expect(lines).toContain(
      'MISSED: longest without a stop while the exchange answered: nothing was measured (goal: ≤ 5 s)',
    );
  });
});

describe('a run', () => {
  const report = (changed: Partial<Report> = {}): Report => ({
    ...figures,
    ...{ seed: 1, minutes: 1, speed: 30, workers: 1, commit: null, date: '2026-01-01T00:00:00.000Z' },
    ...{
      agreed: true,
      selfHalts: 0,
      positions: 1,
      faultStrikes: 1,
      excusedSecondsMax: 0,
      goals: goalsOf(figures),
    },
    ...changed,
  });
  const slow = report({ goals: goalsOf({ ...figures, resumeSecondsMax: 11 }) });

  it('is good when the records agree; a strict one has to meet the goals of time, too', () => {
    expect([isGood(report(), false), isGood(report(), true)]).toEqual([true, true]);
    expect([isGood(slow, false), isGood(slow, true)]).toEqual([true, false]);
  });

  it.each([{ duplicates: 1 }, { lost: 1 }, { orphaned: 1 }, { agreed: false }])(
    'with %j is not',
    (changed) => {
      expect(isGood(report(changed), false)).toBe(false);
    },
  );
});
