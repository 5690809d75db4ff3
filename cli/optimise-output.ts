import { byContrast, heatMapLines } from '../backtest/optimise/heat-map';
import { sweepHtml } from '../backtest/optimise/sweep-html';
import { sweepJson, type SweepReport } from '../backtest/optimise/sweep-report';
import { bestTable, luckTable, plateauText } from '../backtest/optimise/sweep-tables';
import { createOutput, type Output } from './output';
import { printTable, writeFile } from './report-output';

/** Writes the files that are asked for, then prints the result. @throws UserError when a file cannot be written */
export function putOutSweep(
  report: SweepReport,
  options: { readonly json?: string; readonly html?: string; readonly maps: number },
): void {
  const isPrinted = options.json === '';
  const output = createOutput(isPrinted, (text) => process.stdout.write(text));
  const written = [
    ...(isPrinted || options.json === undefined ? [] : [writeFile(options.json, sweepJson(report))]),
    ...(options.html === undefined ? [] : [writeFile(options.html, sweepHtml(report))]),
  ];
  output.result(report, () => {
    print(report, output, options.maps);
    for (const file of written) output.say(`Written: ${file}`);
  });
}

function print(report: SweepReport, output: Output, maps: number): void {
  const { title, notes, trials, failed, passedOver, best, plateau, objective } = report;
  output.say(title);
  for (const note of notes) output.say(`Note: ${note}`);
  output.say(
    `${trials} trials, ${failed} of them without a score; ${passedOver} proposals were refused by the strategy's schema or made before, and are none.`,
  );
  if (best.length === 0) {
    output.say('No trial has a score: fewer trades than --min-trades, or nothing that varies.');
    return;
  }
  printTable(bestTable(report), output);
  printTable(luckTable(report), output);
  if (plateau !== null) output.say(`\n${plateauText(plateau)}`);
  for (const map of byContrast(report.maps).slice(0, maps)) {
    output.say('');
    for (const line of heatMapLines(map, objective)) output.say(line);
  }
}
