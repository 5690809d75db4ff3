import { barAt, columnsOf, sliceColumns } from '../../domain/bar-columns';
import { barsOf, walk } from './fixtures';

const bars = barsOf(walk(3, 10)).map((bar, index) => ({ ...bar, volume: index }));
const columns = columnsOf(bars);

describe('bar columns', () => {
  it('hold the bars they were made of', () => {
    expect(columns.length).toBe(10);
    expect(bars.map((_, index) => barAt(columns, index))).toEqual(bars);
    expect(() => barAt(columns, 10)).toThrow('There is no bar 10 of 10.');
    expect(() => barAt(columns, -1)).toThrow(RangeError);
  });

  it('are cut into views of the same memory', () => {
    const part = sliceColumns(columns, 2, 5);
    expect(part.length).toBe(3);
    expect([0, 1, 2].map((index) => barAt(part, index))).toEqual(bars.slice(2, 5));
    expect(part.close.buffer).toBe(columns.close.buffer);
    expect(sliceColumns(columns, -2).length).toBe(2);
    expect(sliceColumns(columns, 8, 99).length).toBe(2);
    expect(columnsOf([]).length).toBe(0);
  });
});
