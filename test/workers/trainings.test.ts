import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTrainingStore, type TrainingStore } from '../../adapters/store/trainings';
import { createCandleCache } from '../../adapters/history/candle-cache';
import { candlesKey } from '../../adapters/history/port';
import { candleRows } from '../../adapters/history/rows';
import { createModelRegistry, modelFolder } from '../../adapters/models/registry';
import { trainSignalModel } from '../../backtest/learn/signal-model';
import { signalDefinition } from '../../backtest/learn/training-job';
import { marketRequest } from '../../cli/backtest-options';
import { trainingQuestion, type TrainingQuestion } from '../../cli/training-record';
import { storeModel } from '../../domain/learning/model';
import { PriceKind } from '../../domain/series';
import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';
import { createTrainings } from '../../workers/trainings';
import { createHistoryBench, temporaryFolder, type HistoryBench } from '../adapters/history/support';
import { clockMarket, dataOf, request } from '../backtest/learn/setup';
import { COIN } from '../backtest/support';
import { buildBallast } from '../cli/ballast-process';

const SYMBOL = COIN.symbol;
const bars = clockMarket(1, 800, 0.002);
const data = dataOf(bars);
const wanted = request({ features: ['change1', 'change6', 'hour'] });

/** On the server of BALLAST_TEST_POSTGRES_URL, which is started for folders that name it. */
describe('a training in the database', () => {
  let bench: HistoryBench;
  let store: TrainingStore;
  let files: ReturnType<typeof temporaryFolder>;
  beforeAll(async () => {
    buildBallast();
    bench = await createHistoryBench();
    store = createTrainingStore(bench.pool);
    files = temporaryFolder();
    const key = { venue: 'walk', symbol: SYMBOL, timeframe: '1h', price: PriceKind.Last } as const;
    await bench.history.write(candlesKey(key), candleRows(bars));
    const market = marketRequest({
      ...{ symbol: [SYMBOL], timeframe: '1h', seed: 1, balance: '10000', fee: '0.001' },
    });
    const question = trainingQuestion(signalDefinition(wanted), market, data.toMs);
    await store.create('t', question);
  });
  afterAll(async () => {
    await bench.close();
    files.remove();
  });

  /** A worker as it begins: it knows nothing of those before it. */
  const worker = (version = 'test') =>
    createTrainings({
      store,
      history: bench.history,
      candles: createCandleCache({ folder: files.folder, store: bench.history, warn: () => undefined }),
      strategies: BUILT_IN_CATALOGUE,
      folders: { strategiesDir: files.folder, stateDir: files.folder },
      codeVersion: version,
      script: join(__dirname, '../../dist/workers/training-thread.js'),
    });
  const { signal } = new AbortController();

  it('comes to the model of one process, though workers die over it', async () => {
    expect(await worker().plan('t', signal)).toEqual(['fold 1', 'fold 2', 'fold 3']);
    await worker().make('t', 1, signal);
    const dying = new AbortController();
    const step = worker().make('t', 0, dying.signal);
    dying.abort(new Error('killed'));
    await expect(step).rejects.toThrow('killed');
    expect([...(await store.parts('t')).keys()]).toEqual([1]);
    await expect(worker().conclude('t', 3, signal)).rejects.toThrow('has no part 0');
    await Promise.all([worker().make('t', 2, signal), worker().make('t', 0, signal)]);
    const id = await worker().conclude('t', 3, signal);
    const here = trainSignalModel(wanted, data);
    expect(id).toBe(storeModel(here.model, new Date().toISOString()).id);
    expect(createModelRegistry(modelFolder(files.folder)).load(id).model).toMatchObject({ kind: 'signal' });
  });

  it('leaves a whole model where it was concluded, though its worker died before the file was there', async () => {
    const folder = modelFolder(files.folder);
    const [id = ''] = createModelRegistry(folder)
      .list()
      .models.map((model) => model.id);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    const ofDead = `${id}.json.${spawnSync(process.execPath, ['--version']).pid}.new`;
    const ofAnother = `other.json.${process.ppid}.new`;
    for (const name of [ofDead, ofAnother]) writeFileSync(join(folder, name), '{"id":');
    expect(await worker().conclude('t', 3, signal)).toBe(id);
    expect(readdirSync(folder).sort()).toEqual(['index.json', `${id}.json`, ofAnother].sort());
    expect(createModelRegistry(folder).load(id).id).toBe(id);
  });

  it('is not gone on with on other bars or by other code, and tells what cannot be learnt', async () => {
    const found = (await store.find('t'))?.definition as TrainingQuestion;
    await store.create('short', {
      ...found,
      market: { ...found.market, toMs: data.fromMs + 100 * 3_600_000 },
    });
    await expect(worker().plan('short', signal)).rejects.toMatchObject({ name: 'UserError' });
    await expect(worker().plan('none', signal)).rejects.toThrow('no training none');
    await expect(worker('newer').make('t', 7, signal)).rejects.toThrow('The code has changed');
    await bench.pool.query(`UPDATE trainings SET ground = jsonb_set(ground::jsonb, '{dataHash}', '"other"')`);
    await expect(worker().make('t', 7, signal)).rejects.toThrow('market history has changed');
  });
});
