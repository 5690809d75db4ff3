import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { escapeHtml } from '../report/html/escape';
import type { ReportTable } from '../report/tables';
import { byContrast, rangeOf, shareOfRange } from './heat-map';
import { valueOf } from './objective';
import type { MapCell, StabilityMap } from './stability';
import type { SweepReport } from './sweep-report';
import { bestTable, luckTable, metricLabel, metricText, plateauText } from './sweep-tables';

/** The page needs nothing but itself, and runs nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE = `
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(30rem, 1fr)); gap: 1.5rem; }
.maps figure { margin: 0; }
h2 { margin-top: 1.5rem; }
.map { border-collapse: collapse; font-size: 0.65rem; table-layout: fixed; width: 100%; }
.map td { text-align: center; padding: 0.3rem 0; border: 1px solid transparent; }
.map th { font-weight: normal; text-align: center; overflow: hidden; }
.map td.best { border: 2px solid currentColor; font-weight: bold; }
.wide { overflow-x: auto; }
`;

/** The sweep as one self-contained HTML page with a heat map for every pair of parameters. */
export function sweepHtml(report: SweepReport): string {
  const { title, notes, plateau } = report;
  const sentences = [...(plateau === null ? [] : [plateauText(plateau)]), ...notes];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${readFileSync(join(__dirname, '../report/html/page.css'), 'utf8')}${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<ul>${sentences.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>
${table(bestTable(report))}
${table(luckTable(report))}
<h2>Stability</h2>
<p>Each place has the mean ${escapeHtml(metricLabel(report.objective))} of the trials there and in the places that touch it, whatever the other parameters were; the best trial is framed.</p>
<section class="maps">${byContrast(report.maps)
    .map((map) => heatMap(map, report))
    .join('\n')}</section>
<details><summary>Configuration</summary><pre>${escapeHtml(JSON.stringify(report.configuration, null, 2))}</pre></details>
</main>
</body>
</html>
`;
}

function table({ title, heads, rows }: ReportTable): string {
  const isNumber = heads.map((head) => head.startsWith('>'));
  const cell = (tag: string, text: string, at: number): string =>
    `<${tag}${isNumber[at] === true ? ' class="number"' : ''}>${escapeHtml(text)}</${tag}>`;
  const head = heads.map((text, at) => cell('th', text.replace(/^>/, ''), at)).join('');
  const body = rows.map((row) => `<tr>${row.map((text, at) => cell('td', text, at)).join('')}</tr>`);
  return `<section class="wide"><h2>${escapeHtml(title)}</h2><table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></section>`;
}

function heatMap(map: StabilityMap, { objective }: SweepReport): string {
  const range = rangeOf(map);
  const text = (score: number | null): string =>
    score === null ? '' : metricText(objective, valueOf(score, objective));
  const cell = ({ mean, best, trials }: MapCell, x: number, y: number): string => {
    const isBest = map.best?.x === x && map.best.y === y ? ' class="best"' : '';
    const colour = mean === null || range === null ? '' : ` style="${colourOf(shareOfRange(mean, range))}"`;
    const hint = `${map.x.name} ${map.x.labels[x] ?? ''}, ${map.y.name} ${map.y.labels[y] ?? ''}: ${trials} trials${mean === null ? '' : `, mean around ${text(mean)}`}${best === null ? '' : `, best ${text(best)}`}`;
    return `<td${isBest}${colour} title="${escapeHtml(hint)}">${mean === null ? '' : shortText(valueOf(mean, objective))}</td>`;
  };
  const rows = map.rows
    .map(
      (row, y) =>
        `<tr><th>${escapeHtml(map.y.labels[y] ?? '')}</th>${row.map((one, x) => cell(one, x, y)).join('')}</tr>`,
    )
    .toReversed();
  const foot = map.x.labels.map((label) => `<th>${escapeHtml(label)}</th>`).join('');
  return `<figure><figcaption>${escapeHtml(map.y.name)} (up) by ${escapeHtml(map.x.name)} (right)</figcaption>
<table class="map"><tbody>${rows.join('\n')}<tr><th></th>${foot}</tr></tbody></table></figure>`;
}

/** Two digits are what a place has room for; the hint has more. */
const shortText = (value: number): string => String(Number(value.toPrecision(2)));

/** From blue over white to red would not be seen by everyone: from dark blue to yellow, as viridis goes, the text turning with it. */
function colourOf(share: number): string {
  const lightness = 30 + 60 * share;
  const hue = 260 - 160 * share;
  return `background: oklch(${lightness.toFixed(0)}% 0.12 ${hue.toFixed(0)}); color: ${share > 0.5 ? '#000' : '#fff'}`;
}
