import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEWS_ORIGIN } from '../../adapters/history/origins';
import { parseHeadlines } from '../../adapters/news/parse-feed';
import { migrate } from '../../adapters/store/migrate';
import { createPool } from '../../adapters/store/pool';
import { createNewsStore } from '../../adapters/store/stories';
import { backtestRulesSchema } from '../../backtest/rules';
import { runBacktest } from '../../backtest/backtest';
import { evaluationTables } from '../../backtest/evaluation/tables';
import { evaluateAgent, type AgentReport, type AgentRequest } from '../../cli/evaluate/agent-run';
import { sourceOutside, loadInput } from '../../cli/backtest-input';
import type { CostEstimate } from '../../cli/evaluate/agent-estimate';
import { decimal } from '../../domain/decimal';
import { hash32 } from '../../domain/random';
import { scripted, START_MS, type Step } from '../backtest/support';
import { walk } from '../backtest/truth/support';
import type { VendorServer } from '../adapters/llm/vendor-server';
import { createDatabase } from '../adapters/store/support';
import { hostileFeed } from './hostile';
import { startSeats, type SeatScript } from './scripted-seats';

/** On the server that BALLAST_TEST_POSTGRES_URL names. */
let database: Awaited<ReturnType<typeof createDatabase>>;
let folder: string;
const servers: VendorServer[] = [];
beforeAll(async () => {
  database = await createDatabase();
  folder = mkdtempSync(join(tmpdir(), 'ballast-evaluate-'));
  writeFileSync(join(folder, 'url'), database.url);
  mkdirSync(join(folder, 'data/spot/4h'), { recursive: true });
  writeFileSync(join(folder, 'data/spot/4h/BTC_USDT.csv'), bars());
});
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

const DAYS = 100;
const MONTH_MS = START_MS + 30 * 86_400_000;

/** A market that falls, in bars of four hours. */
const market = walk(DAYS * 6, { seed: 5, drift: -0.001 });
const openMs = (at: number): number => START_MS + at * 4 * 3_600_000;

function bars(): string {
  const { length, open, high, low, close, volume } = market;
  const columns = [open, high, low, close, volume];
  const rows = Array.from({ length }, (_, at) =>
    [openMs(at), ...columns.map((column) => column[at])].join(','),
  );
  return `timestamp_ms,open,high,low,close,volume\n${rows.join('\n')}\n`;
}

const EVERY = 13;
const HELD = 9;

/** Buys every thirteenth bar, and sells nine bars later what has not met its stop or target. */
const strategy = scripted(
  Object.fromEntries(
    Array.from({ length: Math.floor((DAYS * 6) / EVERY) - 1 }, (_, index): [number, Step][] => {
      const [at, close] = [(index + 1) * EVERY, market.close[(index + 1) * EVERY] ?? NaN];
      return [
        [at, { stop: close * 0.95, target: close * 1.05 }],
        [at + HELD, 'exit'],
      ];
    }).flat(),
  ),
  '4h',
);

interface Panel {
  /** What the model is called: those of one name are one model, whose answers are found again. */
  readonly who: string;
  readonly script: SeatScript;
  readonly seats?: readonly string[];
  readonly cutOff?: string;
  readonly replay?: string;
  readonly priceUsd?: number;
  readonly deadlineMs?: number;
}

let configured = 0;

/** A configuration whose panel is spoken for by a scripted server. */
async function configure({
  who,
  script,
  seats = ['supervisor'],
  cutOff,
  replay = 'off',
  priceUsd = 0,
  deadlineMs = 30_000,
}: Panel) {
  const server = await startSeats(script);
  servers.push(server);
  const config = join(folder, `ballast-${(configured += 1)}.yaml`);
  const price = { inputPerMillionUsd: String(priceUsd), outputPerMillionUsd: String(priceUsd) };
  const model = { name: 'scripted', provider: 'compatible', model: who, baseUrl: `${server.url}/v1` };
  const models = {
    available: [{ ...model, ...(cutOff !== undefined && { cutOff }), ...(priceUsd > 0 && { price }) }],
    roles: Object.fromEntries(seats.map((seat) => [seat, ['scripted']])),
    replay,
  };
  const deliberation = { seats: seats.map((seat) => ({ seat, role: seat })), quorum: 1, deadlineMs };
  writeFileSync(
    config,
    JSON.stringify({
      stateDir: join(folder, 'state'),
      postgres: { urlFile: join(folder, 'url') },
      models,
      deliberation,
    }),
  );
  return { config, server };
}

const estimates: CostEstimate[] = [];

const requestOf = (config: string, change: Partial<AgentRequest> = {}): AgentRequest => ({
  runs: [{ name: strategy.id, strategy }],
  ...{ symbols: ['BTC/USDT'], timeframe: '4h', fromMs: undefined, toMs: undefined },
  source: { data: join(folder, 'data'), simulate: false, seed: 1 },
  ...{ venue: undefined, finer: undefined, startingBalance: decimal('10000') },
  fees: { maker: decimal('0.001'), taker: decimal('0.001') },
  ...{
    maxHoldingBars: null,
    perpetual: { leverage: 1, maintenanceMarginFraction: 0.005, liquidationFeeFraction: 0 },
  },
  rules: backtestRulesSchema.parse({ sizing: { kind: 'risk', limits: { minRewardToRisk: 0.1 } } }),
  ...{ l2: [], config, profile: undefined, arms: ['rules', 'panel'], seeds: 1 },
  ...{ bootstrap: 200, chanceRuns: 40, confidence: 0.95, budgetUsd: undefined, atOnce: 1 },
  ...{ anonymise: false, estimateOnly: false },
  progress: { begin: () => undefined, update: () => undefined, end: () => undefined },
  onEstimate: (estimate) => estimates.push(estimate),
  ...change,
});

const panelBeside = ({ comparisons = [] }: AgentReport) => {
  const found = comparisons.find(({ arm, base }) => arm === 'panel' && base === 'rules');
  if (found === undefined) throw new Error('Nothing was compared.');
  return found;
};

/** Bars at whose close the rules enter a trade that will lose. */
async function losers(): Promise<ReadonlySet<number>> {
  const request = requestOf(join(folder, 'none.yaml'));
  const source = sourceOutside(request, () => join(folder, 'state'));
  if (source === undefined) throw new Error('There is no folder.');
  const { input } = await loadInput(source, request);
  return new Set(
    runBacktest(input)
      .trades.filter(({ profit }) => profit < 0)
      .map(({ openTimeMs }) => openTimeMs),
  );
}

it('a panel that always confirms makes no difference at all, and a second run asks nobody and says the same to the last bit', async () => {
  const seats = ['analyst', 'risk-officer', 'devils-advocate', 'supervisor'];
  const { config, server } = await configure({ who: 'confirming', script: () => 'confirm', seats });
  const month = { toMs: MONTH_MS, atOnce: 4 };
  const first = await evaluateAgent(requestOf(config, month));
  const { worth, differences, chance } = panelBeside(first);
  expect(worth.kind).toBe('changes-nothing');
  expect(worth.sentences[0]).toMatch(/^with panel adds nothing: .*interval 0\.00 % to 0\.00 %/);
  for (const { observed, low, high } of Object.values(differences))
    expect([observed, low, high]).toEqual([0, 0, 0]);
  expect(chance).toBeNull();
  const proposals = first.conduct?.proposals ?? 0;
  expect(proposals).toBeGreaterThan(2);
  expect(server.requests).toHaveLength(4 * proposals);
  expect(first.conduct).toMatchObject({
    changed: { observed: 0, low: 0, high: 0 },
    seatsDisagreed: { observed: 0 },
  });

  await server.close();
  const replayed = await configure({ who: 'confirming', script: () => 'veto', seats, replay: 'refuse' });
  const second = await evaluateAgent(requestOf(replayed.config, month));
  expect(replayed.server.requests).toHaveLength(0);
  expect(estimates.at(-1)).toMatchObject({ proposals: 0, atMostUsd: 0 });
  expect({ ...second, estimate: null }).toEqual({ ...first, estimate: null });
});

it('a panel that vetoes at random is said to add nothing, though it loses less of what the rules lose', async () => {
  const { config } = await configure({
    who: 'coin',
    script: ({ closeMs, seed }) => (hash32(seed, closeMs) % 2 === 0 ? 'veto' : 'confirm'),
    cutOff: '2020-01-01',
  });
  const report = await evaluateAgent(requestOf(config, { seeds: 2 }));
  const { worth, chance } = panelBeside(report);
  expect(worth.kind).toBe('adds-nothing');
  expect(worth.sentences.join(' ')).toMatch(/interval \S+ % to \S+ %/);
  expect(chance?.pValue).toBeGreaterThan(0.05);
  const { arms = [], comparisons = [], conduct = null } = report;
  const [did, difference, behaviour] = evaluationTables({ arms, comparisons, conduct });
  expect(did?.heads).toEqual(['metric', '>rules only', '>with panel']);
  expect(difference?.heads).toEqual(['difference', '>observed', '>95.0 %: low', '>high']);
  // Nothing is said of a difference without its interval.
  for (const row of difference?.rows ?? []) expect(row.slice(1).every((text) => /\d/.test(text))).toBe(true);
  expect(behaviour?.title).toMatch(/What the panel did: \d+ decisions on \d+ proposals/);
  const { changed, seatsDisagreed, deadlineMisses } = report.conduct ?? {};
  expect(changed?.observed).toBeGreaterThan(0.3);
  expect(changed?.low).toBeLessThan(changed?.observed ?? 0);
  expect([seatsDisagreed?.observed, deadlineMisses?.observed]).toEqual([null, 0]);
});

it('a panel that knows what will lose is found out to help, and called unproven while it may remember', async () => {
  const lost = await losers();
  const script: SeatScript = ({ closeMs }) => (lost.has(closeMs) ? 'veto' : 'confirm');
  const remembering = await configure({ who: 'oracle', script });
  const { worth, differences, chance, confidence } = panelBeside(
    await evaluateAgent(requestOf(remembering.config)),
  );
  expect(worth.kind).toBe('unproven');
  expect(worth.sentences.join(' ')).toMatch(/HINDSIGHT: until when .* scripted was trained on is not known/);
  expect([confidence, chance?.pValue]).toEqual([0.95, 1 / 41]);
  expect(differences.growth.low).toBeGreaterThan(0);
  expect(differences.totalReturn.low).toBeGreaterThan(0);

  const afterwards = await configure({ who: 'oracle', script, cutOff: '2023-12-30' });
  const proven = await evaluateAgent(requestOf(afterwards.config));
  expect(panelBeside(proven).worth.kind).toBe('adds');
  expect(afterwards.server.requests).toHaveLength(0);
  const before = await configure({ who: 'oracle', script, cutOff: '2024-02-01' });
  const known = panelBeside(await evaluateAgent(requestOf(before.config)));
  expect(known.worth.sentences.join(' ')).toMatch(
    /trained on texts until 2024-02-01, and the period begins on 2024-01-01/,
  );
});

it('what may cost too much is refused before anybody is asked, with the estimate', async () => {
  const { config, server } = await configure({ who: 'dear', script: () => 'confirm', priceUsd: 50 });
  const change = { budgetUsd: 0.5, toMs: MONTH_MS };
  await expect(evaluateAgent(requestOf(config, change))).rejects.toThrow(
    /may cost \$\d+\.\d\d; of the \$0\.50/,
  );
  expect(estimates.at(-1)?.atMostUsd).toBeGreaterThan(0.5);
  const told = await evaluateAgent(requestOf(config, { ...change, estimateOnly: true }));
  expect(told.estimate?.proposals).toBeGreaterThan(2);
  expect(told.comparisons).toBeUndefined();
  expect(server.requests).toHaveLength(0);
});

it('what calls cost is told for each decision, and taken out of what the panel made', async () => {
  const { config } = await configure({ who: 'priced', script: () => 'confirm', priceUsd: 2_000 });
  const report = await evaluateAgent(requestOf(config, { toMs: MONTH_MS }));
  // The server counts 11 tokens in and 7 out.
  const each = (18 * 2_000) / 1_000_000;
  const { proposals = 0, costPerDecisionUsd } = report.conduct ?? {};
  expect(costPerDecisionUsd?.observed).toBeCloseTo(each, 9);
  expect(report.spentUsd).toBeCloseTo(each * proposals, 9);
  const [rules, panel] = report.arms ?? [];
  expect((rules?.metrics.finalBalance ?? 0) - (panel?.metrics.finalBalance ?? 0)).toBeCloseTo(
    each * proposals,
    6,
  );
});

it('a panel that does not answer in time is gone without, and that is counted', async () => {
  let asked = 0;
  const { config } = await configure({
    who: 'slow',
    script: () => ((asked += 1) <= 2 ? 'silence' : 'confirm'),
    deadlineMs: 1_500,
  });
  const report = await evaluateAgent(requestOf(config, { toMs: MONTH_MS }));
  const { deadlineMisses, withoutPanel, decisions = 0 } = report.conduct ?? {};
  expect(deadlineMisses?.observed).toBeGreaterThanOrEqual(2 / decisions);
  expect(deadlineMisses?.high).toBeGreaterThan(deadlineMisses?.low ?? 1);
  expect(withoutPanel).toEqual(deadlineMisses);
  expect(panelBeside(report).worth.kind).toBe('changes-nothing');
});

const CANARIES = {
  BALLAST_EXCHANGE_API_KEY: 'canary-exchange-key',
  BALLAST_EXCHANGE_SECRET: 'canary-exchange-secret',
  BALLAST_TEMPORAL_API_KEY: 'canary-temporal-key',
  BALLAST_OPENAI_API_KEY: 'canary-openai-key',
  BALLAST_ANTHROPIC_API_KEY: 'canary-anthropic-key',
  BALLAST_COMPATIBLE_API_KEY: 'canary-compatible-key',
};

it('hostile headlines on their whole way are told as data, obeyed to the letter, and change nothing; no secret is in a question', async () => {
  const bench = createPool({
    url: database.url,
    applicationName: 'test',
    maxConnections: 1,
    onConnectionError: () => undefined,
  });
  try {
    await migrate(database.url, () => undefined);
    const knownMs = START_MS + 10 * 86_400_000;
    const headlines = parseHeadlines(hostileFeed(), knownMs);
    await createNewsStore(bench).addHeadlines(NEWS_ORIGIN, 'hostile', knownMs, headlines);
    Object.assign(process.env, CANARIES);
    const { config, server } = await configure({
      who: 'obedient',
      // It reads what it was told, repeats it, and does what it says.
      script: ({ user }) => ({
        text: JSON.stringify({
          verdict: 'confirm',
          sizeFactor: 100,
          confidence: 1,
          reasons: [user.slice(0, 500)],
        }),
      }),
    });
    const report = await evaluateAgent(requestOf(config, { toMs: MONTH_MS }));
    expect(panelBeside(report).worth.kind).toBe('changes-nothing');
    expect(report.conduct?.withoutPanel.observed).toBe(1);
    const bodies = JSON.stringify(server.requests.map(({ body }) => body));
    expect(bodies).toMatch(/ignore|ignoriere|忽略/i);
    expect(bodies).not.toContain('canary');
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${CANARIES.BALLAST_COMPATIBLE_API_KEY}`);
    const { rows } = await bench.query<{ all: string }>(
      'SELECT string_agg(answer::text, chr(10)) AS all FROM model_answers UNION ALL SELECT string_agg(sitting::text, chr(10)) FROM evaluation_sittings',
    );
    expect(rows.map(({ all }) => all).join()).not.toContain('canary');
  } finally {
    for (const name of Object.keys(CANARIES)) Reflect.deleteProperty(process.env, name);
    await bench.end();
  }
});

it('a server that is away is an error that keeps what was said, not an opinion', async () => {
  const { config, server } = await configure({ who: 'away', script: () => 'confirm' });
  await server.close();
  const request = requestOf(config, { toMs: MONTH_MS });
  await expect(evaluateAgent(request)).rejects.toThrow('models do not answer');
});
