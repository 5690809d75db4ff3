import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { percent, span, thousands, utcTime } from '../../../domain/display';
import { holdingMs } from '../../../domain/performance/trade-metrics';
import type { TradeRecord } from '../../../domain/performance/types';
import { formatMetric, METRIC_GROUPS, UNDEFINED } from '../catalogue';
import type { Report } from '../report';
import { foldTables } from '../../truth/fold-tables';
import {
  assessmentTables,
  breakdownTables,
  metricTables,
  peerTables,
  withoutTables,
  type ReportTable,
} from '../tables';
import { pageData, type ChartData } from './chart-data';
import { escapeHtml, scriptCode, scriptJson } from './escape';

/** Forbids the page every request: whatever it needs is in it. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

/** The build which needs no loader; the package exports its folder by package.json alone. */
const LIBRARY = join(
  dirname(require.resolve('lightweight-charts/package.json')),
  'dist/lightweight-charts.standalone.production.js',
);

/** What stands in large letters. */
const HEADLINES = [
  'totalReturn',
  'cagr',
  'sharpe',
  'sortino',
  'maxDrawdown',
  'profitFactor',
  'winRate',
  'trades',
];

/** Which of them are good when they are above zero (1) and which are bad (−1); the others have no colour. */
const TONES: Readonly<Record<string, number>> = { totalReturn: 1, cagr: 1, maxDrawdown: -1 };

/**
 * The report as one self-contained HTML page: nothing is loaded from anywhere, the chart library (TradingView's
 * Lightweight Charts, Apache-2.0, with its attribution) is inside.
 */
export function reportHtml(report: Report, charts: ChartData = {}): string {
  const { data, shownTrades, thinned } = pageData(report, charts);
  const library = readFileSync(LIBRARY, 'utf8');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(report.title)}</title>
<style>${beside('page.css')}</style>
</head>
<body>
<main>
${header(report)}
${notes([...report.notes, ...thinned])}
<section class="charts" aria-label="Charts">
<div id="controls"></div>
<div id="legend" aria-live="off"></div>
<div id="chart"></div>
</section>
<section class="grid">${metricTables(report).map(card).join('\n')}</section>
${[...foldTables(report.walkForward), ...withoutTables(report), ...assessmentTables(report), ...breakdownTables(report)].map(wideCard).join('\n')}
${tradesTable(shownTrades)}
${details('Formulas of other tools', `<div class="grid">${peerTables(report).map(card).join('\n')}</div>`)}
${details('Configuration', `<pre>${escapeHtml(JSON.stringify(report.configuration, null, 2))}</pre>`)}
</main>
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${scriptCode(library)}</script>
<script>${scriptCode(beside('client.js'))}</script>
</body>
</html>
`;
}

const beside = (file: string): string => readFileSync(join(__dirname, file), 'utf8');

function header({ title, startMs, endMs, metrics }: Report): string {
  const known = METRIC_GROUPS.flatMap((group) => group.metrics);
  const tiles = known
    .filter(({ name }) => HEADLINES.includes(name))
    .sort((a, b) => HEADLINES.indexOf(a.name) - HEADLINES.indexOf(b.name))
    .map(({ name, label, kind }) => {
      const value = metrics[name] ?? null;
      const tone = value === null ? '' : toneOf(value * (TONES[name] ?? 0));
      return `<div class="tile"><dt>${escapeHtml(label)}</dt><dd class="${tone}">${escapeHtml(formatMetric(kind, value))}</dd></div>`;
    });
  const period = `${utcTime(startMs, 'minutes')} to ${utcTime(endMs, 'minutes')} UTC`;
  return `<header><h1>${escapeHtml(title)}</h1><p class="quiet">${period}</p><dl class="tiles">${tiles.join('')}</dl></header>`;
}

const toneOf = (value: number): string => (value > 0 ? 'up' : value < 0 ? 'down' : '');

const notes = (sentences: readonly string[]): string =>
  sentences.length === 0
    ? ''
    : `<ul class="notes">${sentences.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`;

const details = (summary: string, content: string): string =>
  `<details class="card"><summary>${escapeHtml(summary)}</summary>${content}</details>`;

const card = (table: ReportTable): string =>
  `<section class="card"><h2>${escapeHtml(table.title)}</h2>${tableOf({ ...table, heads: [] })}</section>`;

const wideCard = (table: ReportTable): string =>
  `<section class="card"><h2>${escapeHtml(table.title)}</h2>${tableOf(table)}</section>`;

/** A table; without heads the first column is text and the others are numbers. */
function tableOf({ heads, rows }: Pick<ReportTable, 'heads' | 'rows'>): string {
  const isNumber = (index: number): boolean => heads[index]?.startsWith('>') ?? index > 0;
  const cell = (tag: 'td' | 'th', text: string, index: number): string =>
    `<${tag}${isNumber(index) ? ' class="number"' : ''}>${escapeHtml(text)}</${tag}>`;
  const head = heads.map((text, index) => cell('th', text.replace(/^>/, ''), index)).join('');
  const body = rows.map((row) => `<tr>${row.map((text, index) => cell('td', text, index)).join('')}</tr>`);
  return `<div class="scroll"><table>${head === '' ? '' : `<thead><tr>${head}</tr></thead>`}<tbody>${body.join('')}</tbody></table></div>`;
}

/** Every row knows its place in the data, so that the script can show the trade in the chart. */
function tradesTable(trades: readonly TradeRecord[]): string {
  if (trades.length === 0) return '';
  const heads = ['closed (UTC)', 'pair', 'side', '>quantity', '>entry', '>exit', '>profit', 'exit', '>held'];
  const rows = trades.map((trade) => [
    utcTime(trade.closeTimeMs, 'minutes'),
    trade.symbol ?? UNDEFINED,
    trade.side ?? UNDEFINED,
    exact(trade.quantity),
    exact(trade.entryPrice),
    exact(trade.exitPrice),
    thousands(trade.profit),
    trade.exitReason ?? UNDEFINED,
    held(trade),
  ]);
  const won = trades.filter(({ profit }) => profit > 0).length;
  return `<section class="card"><h2>Trades</h2><p class="quiet">${trades.length} listed, ${percent(won / trades.length, 0)} of them won. Choose one to see it in the chart.</p><div class="tall" id="trades">${tableOf({ heads, rows })}</div></section>`;
}

const exact = (value: number | undefined): string =>
  value === undefined ? UNDEFINED : String(Number(value.toPrecision(8)));

const held = (trade: TradeRecord): string => {
  const heldMs = holdingMs(trade);
  return heldMs === undefined ? UNDEFINED : span(heldMs);
};
