import type { SimulatorParameters } from '../simulator-parameters';
import { type DynamicsTargets, simulatedFacts } from './fit-dynamics';
import { fitParameters, measureTargets } from './fit-parameters';
import { loadFitData } from './load-fit-data';

/** Samples whose mean stands for the simulated market in the table; drawn with another seed than the fit's. */
const TABLE_SAMPLES = 12;
const TABLE_SEED_OFFSET = 1_000;
const SIGNIFICANT_DIGITS = 6;

/** The same structure with every number cut to the digits that a fit can know. */
function rounded<T>(value: T): T {
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'number' ? Number(part.toPrecision(SIGNIFICANT_DIGITS)) : part,
  );
  return JSON.parse(text) as T;
}

function renderSource(parameters: SimulatorParameters, recorded: DynamicsTargets): string {
  return `import type { DynamicsTargets } from './fit/fit-dynamics';
import type { SimulatorParameters } from './simulator-parameters';

/** Written by \`npm run fit:simulator\`; docs/market.md says how. Do not edit by hand. */
export const FITTED_PARAMETERS: SimulatorParameters = ${JSON.stringify(parameters)};

/** The statistics of the recording that the parameters were fitted to; ${parameters.symbols
    .slice(0, 2)
    .map(({ symbol }) => symbol)
    .join(' and ')}. */
export const FITTED_FACTS: DynamicsTargets = ${JSON.stringify(recorded)};
`;
}

const cell = (value: number): string =>
  Math.abs(value) < 0.01 ? value.toExponential(2) : value.toPrecision(3);

/** Recorded against simulated, as a Markdown table. */
function renderTable(
  symbols: readonly string[],
  recorded: DynamicsTargets,
  simulated: DynamicsTargets,
): string {
  const [first = '', second = ''] = symbols;
  const lines = [
    `| statistic | ${first} recorded | simulated | ${second} recorded | simulated |`,
    '|---|---|---|---|---|',
  ];
  const [[firstRecorded, secondRecorded], [firstSimulated, secondSimulated]] = [
    recorded.series,
    simulated.series,
  ];
  for (const name in firstRecorded) {
    const key = name as keyof typeof firstRecorded;
    const values = [firstRecorded[key], firstSimulated[key], secondRecorded[key], secondSimulated[key]];
    lines.push(`| ${name} | ${values.map(cell).join(' | ')} |`);
  }
  lines.push('', '| pair | recorded | simulated |', '|---|---|---|');
  for (const name in recorded.pair) {
    const key = name as keyof typeof recorded.pair;
    lines.push(`| ${name} | ${cell(recorded.pair[key])} | ${cell(simulated.pair[key])} |`);
  }
  return lines.join('\n');
}

/**
 * Fits the simulator to a data folder. Returns the constants as TypeScript source and the table of docs/market.md.
 * Deterministic for the same data, seed and number of evaluations.
 */
export async function runFit(options: {
  readonly dataDir: string;
  readonly seed: number;
  readonly evaluations: number;
  readonly report: (line: string) => void;
}): Promise<{ readonly source: string; readonly table: string }> {
  const data = await loadFitData(options.dataDir);
  const recorded = rounded(measureTargets(data));
  const parameters = rounded(fitParameters(data, options));
  const simulated = simulatedFacts(parameters, options.seed + TABLE_SEED_OFFSET, TABLE_SAMPLES);
  const symbols = parameters.symbols.map(({ symbol }) => symbol);
  return {
    source: renderSource(parameters, recorded),
    table: renderTable(symbols, recorded, simulated),
  };
}
