import { meetsGoal, toRecord, type NamedMeasurement } from '../../bench/measurement';
import { figure, report } from '../../bench/report';

const cycle: NamedMeasurement = {
  name: 'cycle',
  value: 12.345,
  unit: 'ms',
  baseline: 10,
  ratio: 1.2345,
  goal: { of: 'ratio', atMost: 1.3 },
  how: 'measured like this',
};
const rss: NamedMeasurement = {
  name: 'workerRss',
  value: 231.7,
  unit: 'MB',
  baseline: null,
  ratio: null,
  goal: { of: 'value', atMost: 200 },
  how: 'measured like that',
};

it('says of each goal whether it is met, and how each figure was measured', () => {
  expect(report([cycle, rss])).toBe(`             value  baseline  ratio         goal
cycle      12.3 ms     10 ms   1.23  ratio ≤ 1.3     met
workerRss   232 MB                         ≤ 200  MISSED

cycle: measured like this
workerRss: measured like that`);
});

it('holds a goal for a ratio against the ratio, and none is neither met nor missed', () => {
  expect(meetsGoal(cycle)).toBe(true);
  expect(meetsGoal({ ...cycle, ratio: 1.31 })).toBe(false);
  expect(meetsGoal({ ...rss, value: 200 })).toBe(true);
  expect(meetsGoal({ ...rss, goal: null })).toBeNull();
  expect(meetsGoal({ ...rss, goal: { of: 'ratio', atMost: 2 } })).toBe(false);
});

it('writes value, unit, baseline and ratio by name', () => {
  expect(toRecord([cycle, rss])).toEqual({
    cycle: { value: 12.345, unit: 'ms', baseline: 10, ratio: 1.2345 },
    workerRss: { value: 231.7, unit: 'MB', baseline: null, ratio: null },
  });
});

it.each([
  [0, '0'],
  [1234.56, '1235'],
  [0.00123, '0.0012'],
  [9.876, '9.88'],
  [5, '5'],
])('three digits of %s are %s', (value, text) => {
  expect(figure(value)).toBe(text);
});
