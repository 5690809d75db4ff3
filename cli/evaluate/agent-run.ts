import { createSittingStore } from '../../adapters/store/evaluations';
import { createNewsStore } from '../../adapters/store/stories';
import { vaderScorer } from '../../adapters/news/vader';
import { runBacktest } from '../../backtest/backtest';
import { ArmName, evaluate, type ArmRun, type Evaluation } from '../../backtest/evaluation/evaluation';
import { runRounds } from '../../backtest/evaluation/rounds';
import { withoutObserved } from '../../backtest/observed';
import { UserError } from '../../domain/errors';
import { ObservedKind } from '../../domain/observations';
import { identityOf } from '../../domain/strategies/prepare';
import { loadInput, optionsOf, sourceOutside, type InputRequest, type LoadedInput } from '../backtest-input';
import { observedBy } from '../backtest-observations';
import { historySource, type BarSources } from '../backtest-source';
import { withMarketData, type MarketData } from '../market-data';
import type { Progress } from '../progress-bar';
import { BriefMaker, loadBriefData } from './agent-brief';
import { dollars } from './agent-cost';
import { hindsightIn, openPanel, type AskablePanel } from './agent-models';
import { PanelRoom } from './agent-panel';
import { settleRecorded, type CostEstimate, type PanelSeed } from './agent-estimate';

export interface AgentRequest extends InputRequest {
  readonly arms: readonly ArmName[];
  readonly seeds: number;
  readonly bootstrap: number;
  readonly chanceRuns: number;
  readonly confidence: number;
  /** Dollars that this run may spend; what is left of the month unless given. */
  readonly budgetUsd: number | undefined;
  /** Bars that the panel sits on at once. */
  readonly atOnce: number;
  readonly anonymise: boolean;
  /** Only say what it may cost. */
  readonly estimateOnly: boolean;
  readonly progress: Progress;
  /** Hears what it may cost, before anybody is asked. */
  readonly onEstimate: (estimate: CostEstimate) => void;
}

export interface AgentReport extends Partial<Evaluation> {
  readonly title: string;
  readonly notes: readonly string[];
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly estimate: CostEstimate | null;
  /** Dollars that this run has spent: what is recorded costs nothing. */
  readonly spentUsd: number;
}

/** A seed and its market. */
interface SeedMarket {
  readonly seed: number;
  readonly source: BarSources;
  readonly loaded: LoadedInput;
}

/**
 * Runs the arms over the same bars and says what they are worth.
 * @throws UserError naming what is missing, what would cost too much, or who does not answer
 */
export async function evaluateAgent(request: AgentRequest): Promise<AgentReport> {
  return withMarketData({ ...optionsOf(request), json: true }, async (data) => {
    const panel = request.arms.includes(ArmName.Panel) ? await openPanel(data, request.anonymise) : undefined;
    try {
      return await evaluateOn(data, request, panel);
    } finally {
      await panel?.manager.close();
    }
  });
}

async function evaluateOn(
  data: MarketData,
  request: AgentRequest,
  panel: AskablePanel | undefined,
): Promise<AgentReport> {
  const { progress, estimateOnly, bootstrap, chanceRuns, confidence, source } = request;
  const markets = await loadMarkets(data, request);
  const [{ loaded }] = markets;
  const rooms = panel && (await seatPanels(data, request, panel, markets));
  const head = headOf(request, loaded, panel);
  const spending = panel && rooms && (await settleRecorded(panel, rooms, request.budgetUsd));
  if (spending !== undefined) request.onEstimate(spending.estimate);
  const estimate = spending?.estimate ?? null;
  if (estimateOnly) return { ...head, estimate, spentUsd: 0 };
  spending?.limit.check(spending.estimate.proposals);
  const arms = await Promise.all(
    request.arms.map(async (name) => ({
      name,
      runs:
        name === ArmName.Panel ? await sit(request, rooms ?? []) : markets.map((one) => runArm(name, one)),
    })),
  );
  progress.begin('the same answers at random', chanceRuns);
  const evaluation = evaluate(arms, {
    ...{ runs: bootstrap, chanceRuns, confidence, seed: source.seed },
    ...{ sharedDays: !source.simulate, fromMs: loaded.fromMs },
    hindsight: panel === undefined ? [] : hindsightIn(data.config, panel.settings, loaded.fromMs),
    onChance: (done) => {
      progress.update(done, '');
    },
  });
  progress.end();
  return { ...head, ...evaluation, estimate, spentUsd: spending?.limit.total ?? 0 };
}

/** The markets of the seeds: recorded bars are the same for all of them, simulated ones are each their own. */
async function loadMarkets(
  data: MarketData,
  request: AgentRequest,
): Promise<readonly [SeedMarket, ...SeedMarket[]]> {
  const { source, seeds } = request;
  const load = async (seed: number): Promise<SeedMarket> => {
    const wanted = { ...request, source: { ...source, seed } };
    const outside = sourceOutside(wanted, () => data.config.stateDir) ?? (await historySource(data));
    return { seed, source: outside, loaded: await loadInput(outside, wanted) };
  };
  const first = await load(source.seed);
  const others = Array.from({ length: seeds - 1 }, (_, index) => source.seed + index + 1);
  const rest = await Promise.all(
    others.map((seed) => (source.simulate ? load(seed) : Promise.resolve({ ...first, seed }))),
  );
  return [first, ...rest];
}

async function seatPanels(
  data: MarketData,
  request: AgentRequest,
  panel: AskablePanel,
  markets: readonly SeedMarket[],
): Promise<readonly PanelSeed[]> {
  const news = request.source.simulate
    ? null
    : { store: createNewsStore(data.pool), scorer: vaderScorer.name };
  const makers = new Map<LoadedInput, Promise<BriefMaker>>();
  const makerOf = ({ source, loaded }: SeedMarket): Promise<BriefMaker> => {
    const { markets: bars, fromMs } = loaded;
    const known =
      makers.get(loaded) ??
      loadBriefData(source, bars, { ...request, fromMs }, news).then((all) => new BriefMaker(all));
    makers.set(loaded, known);
    return known;
  };
  const store = createSittingStore(data.pool);
  return Promise.all(
    markets.map(async (market) => {
      const maker = await makerOf(market);
      const room = new PanelRoom(market.seed, {
        ...{ manager: panel.manager, settings: panel.settings, identities: panel.identities, store },
        ...{ briefOf: (entry) => maker.of(entry), nowMs: Date.now },
      });
      return { seed: market.seed, input: market.loaded.input, room, known: new Map() };
    }),
  );
}

/** An arm that asks nobody. */
function runArm(name: ArmName, { seed, loaded }: SeedMarket): ArmRun {
  const input = name === ArmName.Rules ? withoutObserved(loaded.input, [ObservedKind.Mood]) : loaded.input;
  return { seed, input, result: runBacktest(input), heard: [] };
}

/** The arm of the panel, seed by seed. */
async function sit(
  { progress, atOnce }: AgentRequest,
  seeds: readonly PanelSeed[],
): Promise<readonly ArmRun[]> {
  const runs: ArmRun[] = [];
  for (const { seed, input, room, known } of seeds) {
    progress.begin(`the panel, seed ${seed}`, 1);
    const settled = await runRounds({
      ...{ input, known, atOnce },
      keyOf: (entry) => room.keyOf(entry),
      ask: (bar) => room.ask(bar),
      onRound: (done, total) => {
        progress.update(total === 0 ? 1 : done / total, `${done} of ${total} proposals`);
      },
    });
    progress.end();
    runs.push({ seed, input, ...settled });
  }
  return runs;
}

function headOf(request: AgentRequest, loaded: LoadedInput, panel: AskablePanel | undefined) {
  const { symbols, timeframe, seeds, source, startingBalance, fees, rules } = request;
  const names = request.runs.map(({ name }) => name).join(', ');
  return {
    title: `What models are worth to ${names} on ${symbols.join(', ')} ${timeframe}, ${seeds} seeds`,
    notes: [`Bars from ${loaded.description}.`, ...loaded.notes, ...seedNotes(request)],
    configuration: {
      strategies: request.runs.map(({ name, strategy }) => ({ name, ...identityOf(strategy) })),
      ...{ symbols, timeframe, data: loaded.description, balance: startingBalance, fees, rules },
      ...{ arms: request.arms, seeds: Array.from({ length: seeds }, (_, index) => source.seed + index) },
      ...(panel && { panel: panel.settings, models: panel.identities }),
    },
  };
}

const seedNotes = ({ source, seeds }: AgentRequest): readonly string[] =>
  source.simulate
    ? [
        `Each of the ${seeds} seeds has a simulated market of its own. What is said of a simulator holds for no real market.`,
      ]
    : [
        'All seeds trade the same recorded bars: they differ in the seed that models are asked with, and in nothing else.',
      ];

/** Which arms there are. @throws UserError when one that was asked for cannot differ from the rules */
export function checkArms(arms: readonly ArmName[], request: InputRequest): void {
  if (!arms.includes(ArmName.Rules) || arms.length < 2)
    throw new UserError(
      '--arms needs rules and at least one other: mood, panel.',
      'Write --arms rules,panel',
    );
  const kinds = observedBy(request).map(({ kind }) => kind);
  if (arms.includes(ArmName.Mood) && !kinds.includes(ObservedKind.Mood))
    throw new UserError(
      '--arms mood: no strategy looks at moods, so the arm would be the rules once more.',
      'Take strategies that do (docs/strategies.md), or leave the arm out: --arms rules,panel',
    );
}

/** One line about what it may cost. */
export const estimateText = ({ proposals, perProposalUsd, atMostUsd, limitUsd }: CostEstimate): string =>
  proposals === 0
    ? 'Everything the panel has to say is recorded as far as can be seen: nobody needs to be asked, and it costs nothing.'
    : `About ${proposals} proposals have to be asked about, at most $${dollars(perProposalUsd)} each and $${dollars(atMostUsd)} in all; $${dollars(limitUsd)} may be spent. What models say changes what follows, so the number may too.`;
