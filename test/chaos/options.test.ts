import { BadArgument, readOptions } from './options';

describe('the command line', () => {
  it('is read', () => {
    expect(
      readOptions(['--minutes', '2.5', '--seed', '7', '--json', 'out.json', '--workers', '2', '--strict']),
    ).toEqual({
      minutes: 2.5,
      seed: 7,
      json: 'out.json',
      speed: 30,
      workers: 2,
      keep: false,
      strict: true,
    });
  });

  it.each([
    [['--minutes', '5'], /--seed is missing; it must be a whole number from 0/],
    [['--seed', '5'], /--minutes is missing; it must be a number from 0.5 to 240/],
    [['--minutes', 'soon', '--seed', '1'], /--minutes is "soon"/],
    [['--minutes', '0', '--seed', '1'], /--minutes is "0"/],
    [['--minutes', '', '--seed', '1'], /--minutes is ""/],
    [['--minutes', '1', '--seed', '1.5'], /--seed is "1.5"; it must be a whole number/],
    [['--minutes', '1', '--seed', '-1'], /--seed/],
    [['--minutes', '1', '--seed', '1', '--sped', '2'], /--sped/],
  ])('%j is refused by name', (args, message) => {
    const read = (): unknown => readOptions(args);
    expect(read).toThrow(BadArgument);
    expect(read).toThrow(message);
    expect(read).toThrow(/Usage: npm run chaos/);
  });
});
