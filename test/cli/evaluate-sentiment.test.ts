import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readLabelledHeadlines } from '../../cli/evaluate/labelled-headlines';
import { buildBallast, runBallast } from './ballast-process';

let cwd: string;
beforeAll(() => {
  buildBallast();
  cwd = mkdtempSync(join(tmpdir(), 'ballast-evaluate-'));
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const CSV = `id,text,label
1,"Bitcoin surges, as ETF inflows hit a record",positive
2,Exchange hacked and millions stolen,Bearish
3,What is proof of stake?,neutral
4,"Great, another wonderful crash",negative
`;

type Result = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

it('compares every model with VADER and the most frequent label, on the same rows, the same each time', () => {
  writeFileSync(join(cwd, 'rows.csv.gz'), gzipSync(CSV));
  const evaluate = (file: string) => {
    const { status, stdout, stderr } = runBallast(cwd, [
      ...['evaluate', 'sentiment', '--data', 'rows.csv.gz', '--runs', '50', '--json', file],
    ]);
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    return { stdout, models: JSON.parse(readFileSync(join(cwd, file), 'utf8')) as Result };
  };
  const { stdout, models } = evaluate('one.json');
  expect(Object.keys(models)).toEqual(['embedded', 'vader', 'majority']);
  // Two of four rows are bearish: F1 is 2·2/(2+4) for bearish and 0 for the others.
  expect(models.majority).toMatchObject({
    ...{ scorer: 'always bearish', rows: 4, answered: 4, labels: { bearish: 4, neutral: 0, bullish: 0 } },
    accuracy: 0.5,
    macroF1: expect.closeTo(2 / 3 / 3, 12) as number,
    direction: 2 / 3,
    correlation: null,
    // Everything is judged −1, the mean truth is (1 − 1 + 0 − 1) / 4.
    calibrationError: 0.75,
    squaredError: (4 + 0 + 1 + 0) / 4,
  });
  // VADER has no word of rows 1 and 3, and takes the irony of row 4 for praise.
  expect(models.vader).toMatchObject({
    labels: { bearish: 1, neutral: 2, bullish: 1 },
    accuracy: 0.5,
    direction: 0.5,
  });
  expect(models.embedded).toMatchObject({
    scorer: expect.stringMatching(/^embedded \(gguf:[0-9a-f]{12}\)/) as string,
    answered: 4,
    latency: { batch: 4, perHeadlineMs: expect.any(Number) as number },
  });
  for (const { accuracy, intervals } of Object.values(models)) {
    const [low, high] = (intervals as Readonly<Record<string, readonly [number, number]>>).accuracy ?? [];
    expect(low).toBeLessThanOrEqual(accuracy as number);
    expect(high).toBeGreaterThanOrEqual(accuracy as number);
  }
  expect(stdout).toMatch(/^majority +0\.500 \[0\.\d{3}, [01]\.\d{3}\]/m);
  const withoutLatency = (result: Result) =>
    Object.entries(result).map(([model, told]) => [model, { ...told, latency: null }]);
  expect(withoutLatency(evaluate('two.json').models)).toEqual(withoutLatency(models));
});

it('asks only the models that are named, and says which there are', () => {
  writeFileSync(join(cwd, 'rows.csv'), CSV);
  const run = (...args: readonly string[]) =>
    runBallast(cwd, ['evaluate', 'sentiment', '--data', 'rows.csv', ...args]);
  const unknown = run('--model', 'big');
  expect(unknown.status).toBe(2);
  expect(unknown.stderr).toMatch(/There is no model "big"[\s\S]*Configured are: embedded/);
});

it.each([
  ['an unknown label', 'text,label\nBitcoin rises,up\n', /bad\.csv, row 1 \(line 2\): the label is "up"/],
  ['an empty text', 'text,label\na,neutral\n  ,neutral\n', /row 2 \(line 3\): the text is empty/],
  ['a missing column', 'headline,label\na,neutral\n', /has no column text; it has: headline, label/],
  ['no rows', 'text,label\n', /has no rows/],
  ['nothing', '', /has no rows/],
  ['a broken line', 'text,label\na,b,c\n', /not the CSV that its header promises/],
  ['bytes that are no text', Buffer.from([0x74, 0xff, 0xfe, 0x0a]), /cannot be read/],
  ['a cut-off archive', gzipSync('text,label\na,neutral\n').subarray(0, 20), /cannot be read/],
])('names what is wrong with %s', (_what, content, message) => {
  const path = join(cwd, 'bad.csv');
  writeFileSync(path, content);
  expect(() => readLabelledHeadlines(path, 'bad.csv')).toThrow(message);
});

it('takes the names of either convention, in any case, with a byte order mark', () => {
  const path = join(cwd, 'names.csv');
  writeFileSync(path, '\uFEFFlabel,text\r\nPOSITIVE,"a ""b"", c"\r\nbearish,d\r\n');
  expect(readLabelledHeadlines(path, 'names.csv')).toEqual([
    { text: 'a "b", c', truth: 1 },
    { text: 'd', truth: -1 },
  ]);
  expect(() => readLabelledHeadlines(join(cwd, 'none.csv'), 'none.csv')).toThrow(/none\.csv cannot be read/);
});
