import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRIC_GROUPS, formatMetric } from '../../backtest/report/catalogue';
import { equityCsv, tradesCsv } from '../../backtest/report/csv';
import { joinBars, MOST_TRADES, pageData, thinOut } from '../../backtest/report/html/chart-data';
import { escapeHtml, scriptCode, scriptJson } from '../../backtest/report/html/escape';
import { reportHtml } from '../../backtest/report/html/page';
import { createReport, reportJson } from '../../backtest/report/report';
import { breakdownTables, metricTables } from '../../backtest/report/tables';
import { readTradeList } from '../../backtest/trade-list/read';
import { ownMetrics, performanceMetrics } from '../../domain/performance/metrics';
import { day, handWorked, points } from '../domain/performance/hand-worked';

const report = createReport({ title: 'by hand', input: { ...handWorked, buyAndHold: handWorked.equity } });

it('every metric of our own is shown, once', () => {
  const shown = METRIC_GROUPS.flatMap(({ metrics }) => metrics.map(({ name }) => name));
  expect(shown.toSorted()).toEqual(Object.keys(ownMetrics(handWorked)).sort());
});

it('every metric is explained in docs/metrics.md', () => {
  const docs = readFileSync(join(__dirname, '../../docs/metrics.md'), 'utf8');
  const isExplained = (name: string): boolean => docs.includes(`\`${name}\``);
  const bare = (name: string): string => name.replace(/^(buyAndHold|freqtrade|jesse|nautilus)\./, '');
  const missing = Object.keys(performanceMetrics(handWorked)).filter(
    (name) => !isExplained(name) && !isExplained(bare(name)),
  );
  expect(missing).toEqual([]);
});

it.each([
  ['money', 1_234.5, '1,234.50'],
  ['fraction', -0.0123, '-1.23 %'],
  ['fraction', -0.00001, '0.00 %'],
  ['money', -0.001, '0.00'],
  ['ratio', 0.0162, '0.0162'],
  ['ratio', 1.617, '1.62'],
  ['count', 1_234, '1,234'],
  ['days', 4, '4.0'],
  ['span', 90_000_000, '1d 1h'],
  ['money', null, '–'],
] as const)('%s %d is written %s', (kind, value, text) => {
  expect(formatMetric(kind, value)).toBe(text);
});

it('tables say what is defined; a group that says nothing is left out', () => {
  const [result] = metricTables(report);
  expect(result).toMatchObject({
    title: 'Result',
    rows: expect.arrayContaining([['Total return', '7.81 %']]) as unknown,
  });
  const bare = createReport({
    title: '',
    input: { ...handWorked, trades: [{ closeTimeMs: day(1), profit: 1 }], buyAndHold: undefined },
  });
  expect(breakdownTables(bare).map(({ title }) => title)).toEqual(['By month']);
});

describe('files', () => {
  it('the trades as CSV, and the whole as JSON, are read again to the same metrics', () => {
    const fromCsv = readTradeList(tradesCsv(report), 'trades.csv').trades;
    expect(fromCsv).toEqual(handWorked.trades);
    const fromJson = readTradeList(reportJson(report), 'report.json');
    expect(fromJson.equity).toEqual(report.equity);
    expect(performanceMetrics({ ...report, ...fromJson })).toEqual(report.metrics);
  });

  it('the equity as CSV', () => {
    expect(equityCsv(report).split('\n').slice(0, 2)).toEqual([
      'date,equity',
      '2024-01-29T00:00:00.000Z,1000',
    ]);
  });
});

describe('the page', () => {
  const evil = '</script><script>alert("x")</script><!-- & \u2028';
  const trades = handWorked.trades.map((trade) => ({
    ...trade,
    strategy: `${evil}${trade.side}`,
    symbol: evil,
    exitReason: evil,
  }));
  const page = reportHtml(
    createReport({
      title: evil,
      input: { ...handWorked, trades },
      configuration: { name: evil },
      notes: [evil],
    }),
    { bars: { [evil]: [{ timeMs: day(0), open: 1, high: 1, low: 1, close: 1 }] } },
  );

  it('holds four script elements’ worth of nothing but its own code, whatever strings it is given', () => {
    // The data, the library and the script of the page.
    expect(page.match(/<script[ >]/g)).toHaveLength(3);
    expect(page.match(/<\/script>/g)).toHaveLength(3);
    expect(page).not.toContain('alert("x")');
    expect(page).not.toContain('<!-- &');
    const data = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    expect(JSON.parse(data)).toMatchObject({
      prices: [{ symbol: evil }],
      trades: [{ symbol: evil }, {}, {}, {}],
    });
  });

  it('loads nothing, and keeps the attribution of its chart library', () => {
    const outside = page.replace(/<script[ >][\s\S]*?<\/script>/g, '');
    expect(outside).not.toMatch(/\b(src|href)=|@import|url\(/);
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('TradingView Lightweight Charts');
    expect(page).toContain('attributionLogo: true');
  });

  it('escapes in every place', () => {
    expect(escapeHtml(`<a href="x">'&`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
    expect(scriptJson(['</script>', '\u2028'])).toBe('["\\u003c/script\\u003e","\\u2028"]');
    expect(scriptCode('"</SCRIPT><!--"')).toBe('"<\\/SCRIPT><\\!--"');
  });
});

describe('thinning out', () => {
  it('joined bars have the first open, the last close and the extremes of all', () => {
    const bars = [1, 2, 3, 4, 5].map((value, index) => ({
      timeMs: index,
      open: value,
      high: value + 0.5,
      low: value - 0.5,
      close: value + 0.1,
    }));
    expect(joinBars(bars, 3)).toEqual([
      { timeMs: 0, open: 1, high: 2.5, low: 0.5, close: 2.1 },
      { timeMs: 2, open: 3, high: 4.5, low: 2.5, close: 4.1 },
      { timeMs: 4, open: 5, high: 5.5, low: 4.5, close: 5.1 },
    ]);
    expect(joinBars(bars, 5)).toBe(bars);
  });

  it('a curve keeps its ends, its highest and its lowest, and stays in order', () => {
    const curve = Array.from(
      { length: 10_001 },
      (_, index) => [index, index === 5_000 ? 99 : index === 7_000 ? -99 : Math.sin(index)] as const,
    );
    const kept = thinOut(curve, 100);
    expect(kept.length).toBeLessThanOrEqual(100);
    expect([kept[0], kept.at(-1)]).toEqual([curve[0], curve.at(-1)]);
    expect(kept).toEqual(
      expect.arrayContaining([
        [5_000, 99],
        [7_000, -99],
      ]),
    );
    expect(kept.map(([time]) => time)).toEqual(kept.map(([time]) => time).toSorted((a, b) => a - b));
  });

  it('too many trades and bars are thinned, and the page says so', () => {
    const trades = Array.from({ length: MOST_TRADES + 5 }, (_, index) => ({
      closeTimeMs: day(index / 1_000),
      profit: index + 1,
    }));
    const bars = Array.from({ length: 20_000 }, (_, index) => ({
      timeMs: day(0) + index * 60_000,
      open: 1,
      high: 2,
      low: 1,
      close: 1,
    }));
    const { shownTrades, thinned, data } = pageData(
      createReport({ title: '', input: { ...handWorked, trades, equity: points(1, 2) } }),
      { bars: { X: bars } },
    );
    expect(shownTrades).toEqual(trades.slice(5));
    expect(data.prices[0]?.bars).toHaveLength(5_000);
    expect(thinned).toEqual([
      'The price chart of X joins its 20000 bars into 5000.',
      'Marked and listed are the 2000 trades with the largest results of 2005; all of them are in the numbers.',
    ]);
  });
});
