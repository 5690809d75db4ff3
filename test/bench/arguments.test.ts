import { ArgumentError, parseBenchArguments, parseSoakArguments } from '../../bench/arguments';

const NAMES = ['cycle', 'submit', 'halt'];

describe('npm run bench', () => {
  it('measures everything unless told otherwise', () => {
    expect(parseBenchArguments([], NAMES)).toEqual({ only: NAMES, jsonFile: undefined });
  });

  it('measures what is named, in its own order', () => {
    const { only, jsonFile } = parseBenchArguments(['--only', 'halt, cycle', '--json', 'out.json'], NAMES);
    expect(only).toEqual(['cycle', 'halt']);
    expect(jsonFile).toBe('out.json');
  });

  it.each<[string, readonly string[], RegExp]>([
    ['an unknown entry', ['--only', 'cycle,bogus'], /"bogus".*Choose from cycle, submit, halt/],
    ['nothing named', ['--only', ''], /"".*Choose from/],
    ['an unknown option', ['--ony', 'cycle'], /--ony.*Options: --only, --json/],
    ['a missing value', ['--json'], /--json/],
    ['an empty file name', ['--json', ' '], /--json needs the name of a file/],
    ['a stray word', ['cycle'], /cycle/],
  ])('refuses %s', (_, args, message) => {
    expect(() => parseBenchArguments(args, NAMES)).toThrow(ArgumentError);
    expect(() => parseBenchArguments(args, NAMES)).toThrow(message);
  });
});

describe('npm run soak', () => {
  it('takes minutes, and a speed', () => {
    expect(parseSoakArguments(['--minutes', '20'])).toEqual({
      minutes: 20,
      speed: 60,
      jsonFile: undefined,
    });
    expect(parseSoakArguments(['--minutes', '4.5', '--speed', '10']).speed).toBe(10);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no minutes', [], /--minutes M/],
    ['too few minutes', ['--minutes', '1'], /--minutes is "1"; it must be a number from 3/],
    ['minutes that are no number', ['--minutes', 'ten'], /--minutes is "ten"/],
    ['no speed', ['--minutes', '5', '--speed', ''], /--speed is ""/],
    ['a market that stands still', ['--minutes', '5', '--speed', '0'], /--speed is "0"/],
  ])('refuses %s', (_, args, message) => {
    expect(() => parseSoakArguments(args)).toThrow(ArgumentError);
    expect(() => parseSoakArguments(args)).toThrow(message);
  });
});
