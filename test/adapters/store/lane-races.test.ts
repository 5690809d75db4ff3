import { grant } from '../../../adapters/store/grant';
import { LAST_DECIDED } from '../../../adapters/store/journal';
import { openLane } from '../../../adapters/store/lanes';
import type { GrantResult } from '../../../adapters/store/port';
import { inTransaction, type Transaction } from '../../../adapters/store/transaction';
import { ACCOUNT, BAR_MS, createBench, grantRequest, SESSION, type Bench } from './support';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench(8);
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

const STRATEGY = 'rsi';
const LANE = { account: ACCOUNT, strategy: STRATEGY, entriesPaused: false, reason: 'test' };
const ask = (generation: number, barCloseMs = BAR_MS) =>
  grantRequest({ strategy: STRATEGY, lane: { generation }, barCloseMs });

/** Does `work` in a transaction, and commits it only when somebody waits for what it has locked. */
const holding = <T>(work: (tx: Transaction) => Promise<T>, begun: () => void): Promise<T> =>
  inTransaction(bench.pool, async (tx) => {
    const result = await work(tx);
    begun();
    while (!(await isSomebodyWaiting()));
    return result;
  });

async function isSomebodyWaiting(): Promise<boolean> {
  const { rowCount } = await bench.pool.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rowCount !== 0;
}

/** Both at once: `second` begins when `first` has done its work, and `first` commits when `second` waits for it. */
async function overlap<A, B>(
  first: (tx: Transaction) => Promise<A>,
  second: () => Promise<B>,
): Promise<readonly [A, B]> {
  const later: Promise<B>[] = [];
  const earlier = await holding(first, () => later.push(second()));
  const [answer] = later;
  if (answer === undefined) throw new Error('The second one never began.');
  return [earlier, await answer];
}

it('a lane that is opened during a grant waits for it, and whoever opened it finds the position', async () => {
  const generation = await bench.store.openLane(LANE);
  const [granted, found] = await overlap(
    (tx) => grant(tx, ask(generation)),
    async () => {
      await bench.store.openLane({ ...LANE, entriesPaused: true });
      return bench.store.livePositions(ACCOUNT);
    },
  );
  expect(granted).toMatchObject({ granted: true });
  expect(found.map(({ positionId }) => positionId)).toEqual([ask(generation).positionId]);
});

it('a grant that is asked for while the next lane is opened waits for it, and is refused', async () => {
  const generation = await bench.store.openLane(LANE);
  const [opened, answer] = await overlap(
    (tx) => openLane(tx, LANE),
    () => bench.store.grant(ask(generation)),
  );
  expect(opened).toBe(generation + 1);
  expect(answer).toMatchObject({ granted: false, code: 'lane-superseded' });
  expect(await bench.store.livePositions(ACCOUNT)).toEqual([]);
  expect(await bench.store.grant(ask(opened))).toMatchObject({ granted: true });
});

it('opens nothing behind the back of whoever pauses, whatever the order', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < 20; round += 1) {
    const session = `round-${round}`;
    await bench.store.openAccount(ACCOUNT, session);
    const generation = await bench.store.openLane(LANE);
    const request = grantRequest({ session, strategy: STRATEGY, lane: { generation } });
    const pause = async () => {
      const paused = await bench.store.openLane({ ...LANE, entriesPaused: true });
      return { paused, found: await bench.store.livePositions(ACCOUNT) };
    };
    const asking = (): Promise<GrantResult> => bench.store.grant(request);
    // Both begin at once; which of them is first, PostgreSQL decides.
    const [answers, { paused, found }] = await Promise.all([
      Promise.all(round % 2 === 0 ? [asking()] : [asking(), asking()]),
      pause(),
    ]);
    expect(paused).toBe(generation + 1);
    for (const answer of answers) {
      expect(found).toHaveLength(answers.some(({ granted }) => granted) ? 1 : 0);
      seen.add(answer.granted ? 'granted' : answer.code);
    }
    expect(await bench.store.livePositions(ACCOUNT)).toEqual(found);
  }
  expect([...seen].every((what) => what === 'granted' || what === 'lane-superseded')).toBe(true);
});

it('numbers lanes that are opened at once one after the other', async () => {
  const opened = await Promise.all(Array.from({ length: 12 }, () => bench.store.openLane(LANE)));
  expect(opened.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
});

it('finds the newest decided bars in a long journal without reading it', async () => {
  const symbols = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT'];
  await bench.pool.query(
    `INSERT INTO decisions (account, session, strategy, symbol, bar_close_ms, outcome, reasons)
     SELECT $1, $2, strategy, symbol, $3::bigint + bar * 60000, 'hold', '[]'
     FROM unnest(ARRAY['ema-cross', 'rsi']) strategy, unnest($4::text[]) symbol, generate_series(0, 1999) bar`,
    [ACCOUNT, SESSION, BAR_MS, symbols],
  );
  await bench.pool.query('ANALYZE decisions');
  const { rows } = await bench.pool.query<{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${LAST_DECIDED}`,
    [ACCOUNT, SESSION, STRATEGY],
  );
  const nodes = rows.flatMap((row) => row['QUERY PLAN'].flatMap(({ Plan: plan }) => nodesOf(plan)));
  const scans = nodes.filter((node) => node['Relation Name'] === 'decisions');
  expect(new Set(scans.map((node) => node['Index Name']))).toEqual(new Set(['decisions_pkey']));
  // One entry for each question; rows removed by a filter would have been read as well.
  for (const scan of scans) {
    expect(scan['Actual Rows']).toBeLessThanOrEqual(1);
    expect(scan['Rows Removed by Filter'] ?? 0).toBe(0);
  }
  expect(await bench.store.lastDecided(ACCOUNT, SESSION, STRATEGY)).toEqual(
    symbols.map((symbol) => ({ symbol, barCloseMs: BAR_MS + 1_999 * 60_000 })),
  );
});

interface Plan {
  readonly Plans?: readonly Plan[];
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
}

const nodesOf = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
