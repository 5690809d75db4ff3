import { UserError } from '../domain/errors';
import { Lane, laneProblem } from '../domain/lane';
import { findAdviser } from '../domain/learning/adjuster';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import { filtersFrom } from '../domain/strategies/filters/registry';
import { modelProblem } from '../domain/strategies/can-run';
import { liveRefusal } from '../domain/strategies/quotes';
import { panelOf } from './deliberation';
import { conversingModels, isHeadlineScorer } from './embedded-model';
import { issueAt, type ConfigIssue } from './issues';
import type { MergedLayers } from './layers';
import { LIVE_CONFIRMATION, Mode, type Settings } from './schema';
import { nearest } from './suggestion';

/** Limits which live trading does not take from defaults: their owner has to have written them. */
const OWN_LIMITS = [
  'maxPositionFraction',
  'maxExposureFraction',
  'dailyLossFraction',
  'maxDrawdownFraction',
] as const;

/** Faults that no single setting shows: settings which contradict each other, or the code that is there. */
export const inconsistencies = (
  layers: MergedLayers,
  settings: Settings,
  { keysAreNeeded = true }: { readonly keysAreNeeded?: boolean } = {},
): readonly ConfigIssue[] => [
  ...(keysAreNeeded ? keyIssues(layers, settings) : []),
  ...modeIssues(layers, settings),
  ...nameIssues(layers, settings),
  ...pairIssues(layers, settings),
  ...modelIssues(layers, settings),
  ...newsIssues(layers, settings),
  ...panelIssues(layers, settings),
  ...referenceIssues(layers, settings),
];

function modeIssues(layers: MergedLayers, settings: Settings): ConfigIssue[] {
  const { mode, live } = settings;
  if (mode === Mode.Shadow) {
    const problem = 'is planned but not built yet; there are simulated, replay, paper, testnet and live';
    return [issueAt(layers, ['mode'], problem)];
  }
  if (mode === Mode.Paper) return paperIssues(layers, settings);
  if (mode !== Mode.Live) return [];
  const issues: ConfigIssue[] = [];
  if (live.confirm !== LIVE_CONFIRMATION) {
    issues.push(
      issueAt(
        layers,
        ['live', 'confirm'],
        `mode live trades real money: write "${LIVE_CONFIRMATION}" here to confirm`,
      ),
    );
  }
  for (const limit of OWN_LIMITS) {
    if (layers.origins.has(`risk.${limit}`)) continue;
    issues.push(
      issueAt(layers, ['risk', limit], 'mode live takes no default for this limit: write your own'),
    );
  }
  return issues;
}

function keyIssues(layers: MergedLayers, { mode, exchange }: Settings): ConfigIssue[] {
  if (mode !== Mode.Testnet && mode !== Mode.Live) return [];
  const issues: ConfigIssue[] = [];
  const network = mode === Mode.Live ? 'the exchange' : "the exchange's test network";
  for (const [key, variable] of [
    ['apiKey', 'BALLAST_EXCHANGE_API_KEY'],
    ['secret', 'BALLAST_EXCHANGE_SECRET'],
  ] as const) {
    if (exchange[key] !== undefined || exchange[`${key}File`] !== undefined) continue;
    const problem = `mode ${mode} needs keys of ${network}: set ${variable}, or exchange.${key}File to a file that holds it`;
    issues.push(issueAt(layers, ['exchange', key], problem));
  }
  return issues;
}

function paperIssues(layers: MergedLayers, { market, strategies }: Settings): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (market.speed !== 1)
    issues.push(issueAt(layers, ['market', 'speed'], 'mode paper keeps the time of its venue: must be 1'));
  if ((market.live.restUrl === undefined) !== (market.live.wsUrl === undefined)) {
    const problem = 'restUrl and wsUrl go together: half of the data would come from another market';
    issues.push(issueAt(layers, ['market', 'live'], problem));
  }
  if (strategies.length === 0)
    issues.push(issueAt(layers, ['strategies'], 'mode paper mirrors the pairs of its strategies: name one'));
  return issues;
}

/** A reference that says the same whatever is told, or never the same. */
function referenceIssues(layers: MergedLayers, { mode, exchange, market }: Settings): ConfigIssue[] {
  const { reference } = market;
  if (reference === undefined || reference.restUrl !== undefined) return [];
  const at = (problem: string): ConfigIssue[] => [issueAt(layers, ['market', 'reference', 'venue'], problem)];
  if (reference.venue === exchange.venue)
    return at(
      `"${reference.venue}" is the venue that is traded: its candles agree with themselves; name another`,
    );
  if (mode !== Mode.Simulated) return [];
  return at('no venue knows the prices of a made-up market: leave market.reference out in mode simulated');
}

const nameIssues = (layers: MergedLayers, { strategies }: Settings): ConfigIssue[] =>
  strategies.flatMap(({ name }, index) =>
    strategies.findIndex((other) => other.name === name) < index
      ? [issueAt(layers, ['strategies', index, 'name'], 'another strategy has this name; names are unique')]
      : [],
  );

/** What nobody would notice until an entry is made without the panel that somebody relies on. */
function panelIssues(layers: MergedLayers, { deliberation, models, strategies }: Settings): ConfigIssue[] {
  const unknown = (deliberation.strategies ?? []).flatMap((wanted, index) =>
    strategies.some(({ name }) => name === wanted)
      ? []
      : [
          issueAt(
            layers,
            ['deliberation', 'strategies', index],
            `no configured strategy is called "${wanted}"`,
          ),
        ],
  );
  const incapable = deliberation.seats.flatMap(({ role }) =>
    (models.roles[role] ?? []).flatMap((name, index) => {
      const model = models.available.find((candidate) => candidate.name === name);
      if (model === undefined || !isHeadlineScorer(model)) return [];
      const problem = `"${name}" judges headlines and cannot deliberate: name a large model here (docs/models.md), or none`;
      return [issueAt(layers, ['models', 'roles', role, index], problem)];
    }),
  );
  return [...unknown, ...(deliberation.enabled ? incapable : [])];
}

/** A pause that nobody would take is one that somebody relies on. */
const newsIssues = (layers: MergedLayers, { news, strategies }: Settings): ConfigIssue[] => [
  ...redditIssues(layers, news),
  ...news.breaking.strategies.flatMap((wanted, index) =>
    strategies.some(({ name }) => name === wanted)
      ? []
      : [
          issueAt(
            layers,
            ['news', 'breaking', 'strategies', index],
            `no configured strategy is called "${wanted}"`,
          ),
        ],
  ),
];

function redditIssues(layers: MergedLayers, news: Settings['news']): ConfigIssue[] {
  const hasId = (news.redditClientId ?? news.redditClientIdFile) !== undefined;
  const hasSecret = (news.redditClientSecret ?? news.redditClientSecretFile) !== undefined;
  if (hasId === hasSecret) return [];
  const missing = hasId ? 'redditClientSecret' : 'redditClientId';
  const problem = 'redditClientId and redditClientSecret go together: give both, or none';
  return [issueAt(layers, ['news', missing], problem)];
}

/** What of the configured strategies does not fit the ones there are; nothing when those are not known. */
export function strategyIssues(
  layers: MergedLayers,
  settings: Settings,
  catalogue: StrategyCatalogue | undefined,
): readonly ConfigIssue[] {
  const { strategies, models } = settings;
  if (catalogue === undefined) return [];
  const known = catalogue.strategies.map(({ id }) => id);
  return strategies.flatMap((entry, index) => {
    const at = (name: keyof typeof entry, problem: string): ConfigIssue[] => [
      issueAt(layers, ['strategies', index, name], problem),
    ];
    const fault = catalogue.faults.find(({ id }) => id === entry.strategy);
    if (fault !== undefined) return at('strategy', `${fault.file} could not be loaded: ${fault.problem}`);
    if (!known.includes(entry.strategy)) {
      const guess = nearest(entry.strategy, known);
      const hint = guess === undefined ? `known: ${known.join(', ')}` : `did you mean "${guess}"?`;
      return at('strategy', `there is no such strategy; ${hint}`);
    }
    try {
      const strategy = catalogue.find(entry.strategy).parse(entry.parameters);
      for (const symbol of entry.symbols) strategy.needs({ symbol, timeframe: entry.timeframe });
      const refusal = liveRefusal(strategy);
      if (refusal !== undefined) return at('strategy', refusal);
      const unready = modelProblem(strategy, conversingModels(models), entry.filters);
      if (entry.enabled && unready !== undefined)
        return at('strategy', `${unready.problem}. ${unready.todo}`);
      const slow = laneProblem({
        ...strategy,
        ...entry,
        hasPanel: panelOf(settings, entry.name) !== undefined,
      });
      if (entry.lane === Lane.Fast && slow !== undefined) return at('lane', `${slow.problem}. ${slow.todo}`);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return at('parameters', error.message);
    }
    try {
      if (entry.adviser !== undefined) findAdviser(catalogue.models, entry.adviser, entry.timeframe);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return at('adviser', error.message);
    }
    try {
      const own = { symbol: entry.symbols[0] ?? '', timeframe: entry.timeframe };
      for (const filter of filtersFrom(entry.filters)) filter.needs(own);
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return at('filters', error.message);
    }
  });
}

/** Settings that mean something only together. */
function pairIssues(layers: MergedLayers, { temporal, postgres, strategies }: Settings): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const quotes = [
    ...new Set(strategies.flatMap(({ symbols }) => symbols.map((symbol) => symbol.split('/')[1]))),
  ];
  if (quotes.length > 1) {
    const problem = `an account counts its money in one currency; these pairs are quoted in ${quotes.join(' and ')}`;
    issues.push(issueAt(layers, ['strategies'], problem));
  }
  if (temporal.address === undefined && !temporal.embedded.enabled) {
    issues.push(issueAt(layers, ['temporal', 'address'], 'needed when temporal.embedded.enabled is false'));
  }
  if (postgres.url === undefined && postgres.urlFile === undefined && !postgres.embedded.enabled) {
    issues.push(
      issueAt(
        layers,
        ['postgres', 'url'],
        'needed (BALLAST_POSTGRES_URL) when postgres.embedded.enabled is false',
      ),
    );
  }
  if ((temporal.tls.clientCertFile === undefined) !== (temporal.tls.clientKeyFile === undefined)) {
    issues.push(issueAt(layers, ['temporal', 'tls'], 'clientCertFile and clientKeyFile go together'));
  }
  return issues;
}

function modelIssues(layers: MergedLayers, { models }: Settings): ConfigIssue[] {
  const names = models.available.map(({ name }) => name);
  const repeated = names.flatMap((name, index) =>
    names.indexOf(name) < index
      ? [
          issueAt(
            layers,
            ['models', 'available', index, 'name'],
            'another model has this name; names are unique',
          ),
        ]
      : [],
  );
  const unknown = Object.entries(models.roles).flatMap(([role, chain]) =>
    chain.flatMap((name, index) => {
      if (names.includes(name)) return [];
      const guess = nearest(name, names);
      const hint =
        guess === undefined ? `there are: ${names.join(', ') || 'none'}` : `did you mean "${guess}"?`;
      return [
        issueAt(
          layers,
          ['models', 'roles', role, index],
          `no model of models.available has this name; ${hint}`,
        ),
      ];
    }),
  );
  return [...repeated, ...unknown];
}
