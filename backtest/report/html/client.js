/** Draws the charts of the page from the data that stands in it. Runs in the browser; nothing is loaded. */
(function drawReport() {
  const { createChart, createSeriesMarkers, CandlestickSeries, LineSeries, AreaSeries, HistogramSeries } =
    window.LightweightCharts;
  const data = JSON.parse(document.getElementById('data').textContent);
  const LABEL_PIXELS = 24;
  const element = document.getElementById('chart');
  const legend = document.getElementById('legend');
  const controls = document.getElementById('controls');
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const faded = (name, alpha) =>
    colour(name) +
    Math.round(alpha * 255)
      .toString(16)
      .padStart(2, '0');
  const points = (pairs) => pairs.map(([time, value]) => ({ time, value }));
  const number = (value, digits) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

  const chart = createChart(element, {
    autoSize: true,
    layout: { attributionLogo: true, background: { color: 'transparent' }, panes: { enableResize: true } },
    timeScale: { timeVisible: true, minBarSpacing: 0.001, lockVisibleTimeRangeOnResize: true },
    localization: { locale: 'en' },
  });

  /** From the lowest to the highest value. */
  const extent = (...lists) => {
    const values = lists.flat().map(([, value]) => value);
    const of = (choose, start) => values.reduce((found, value) => choose(found, value), start);
    return of(Math.max, -Infinity) - of(Math.min, Infinity);
  };
  /** Holding may move so much more than the account that equity would be a flat line: then the axis is that of equity. */
  let heldFits = extent(data.equity) >= extent(data.equity, data.buyAndHold) / 4;
  function scaleOfHeld(original) {
    return heldFits ? original() : null;
  }

  const hasPrices = data.prices.length > 0;
  const pane = hasPrices
    ? { price: 0, equity: 1, drawdown: 2, profits: 3 }
    : { equity: 0, drawdown: 1, profits: 2 };
  const price = hasPrices
    ? chart.addSeries(CandlestickSeries, { priceLineVisible: false }, pane.price)
    : undefined;
  const markers = price && createSeriesMarkers(price, []);
  const equity = chart.addSeries(LineSeries, { lineWidth: 2, priceLineVisible: false }, pane.equity);
  const held =
    data.buyAndHold.length > 0
      ? chart.addSeries(
          LineSeries,
          {
            lineWidth: 1,
            priceLineVisible: false,
            lastValueVisible: false,
            autoscaleInfoProvider: scaleOfHeld,
          },
          pane.equity,
        )
      : undefined;
  const percentage = { type: 'custom', minMove: 0.01, formatter: (value) => `${value.toFixed(2)} %` };
  const drawdown = chart.addSeries(
    AreaSeries,
    { lineWidth: 1, priceLineVisible: false, priceFormat: percentage },
    pane.drawdown,
  );
  const profits = chart.addSeries(
    HistogramSeries,
    { priceLineVisible: false, lastValueVisible: false },
    pane.profits,
  );
  equity.setData(points(data.equity));
  held?.setData(points(data.buyAndHold));
  drawdown.setData(points(data.drawdown));
  const shares = hasPrices ? [5, 3, 1.6, 1.6] : [4, 2, 2];
  chart.panes().forEach((part, index) => part.setStretchFactor(shares[index] ?? 1));

  let symbol = data.prices[0]?.symbol;
  const barsOf = () => data.prices.find((series) => series.symbol === symbol)?.bars ?? [];

  /** The opening of the bar in which something happened. */
  function barAt(bars, time) {
    let low = 0;
    let high = bars.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (bars[middle][0] <= time) low = middle;
      else high = middle - 1;
    }
    return bars[low]?.[0];
  }

  function drawPrice() {
    if (price === undefined) return;
    const bars = barsOf();
    price.setData(bars.map(([time, open, high, low, close]) => ({ time, open, high, low, close })));
    const lowest = bars.reduce((least, bar) => Math.min(least, bar[3]), Infinity);
    const digits = lowest >= 100 ? 2 : lowest >= 1 ? 4 : 8;
    price.applyOptions({ priceFormat: { type: 'price', precision: digits, minMove: 10 ** -digits } });
    markers.setMarkers(
      data.trades
        .filter((trade) => trade.symbol === symbol)
        .flatMap((trade) => marksOf(trade, bars))
        .sort((a, b) => a.time - b.time),
    );
  }

  function marksOf(trade, bars) {
    const isShort = trade.side === 'short';
    const exit = {
      time: barAt(bars, trade.close),
      position: isShort ? 'belowBar' : 'aboveBar',
      shape: 'circle',
      color: trade.profit >= 0 ? colour('up') : colour('down'),
    };
    if (trade.open === null) return [exit];
    const entry = {
      time: barAt(bars, trade.open),
      position: isShort ? 'aboveBar' : 'belowBar',
      shape: isShort ? 'arrowDown' : 'arrowUp',
      color: colour('accent'),
    };
    return [entry, exit];
  }

  /** Colours are those of the page; they change with the system's. */
  function paint() {
    chart.applyOptions({
      layout: { textColor: colour('quiet'), panes: { separatorColor: colour('line') } },
      grid: { vertLines: { color: faded('line', 0.6) }, horzLines: { color: faded('line', 0.6) } },
      rightPriceScale: { borderColor: colour('line') },
      timeScale: { borderColor: colour('line') },
    });
    const [up, down] = [colour('up'), colour('down')];
    price?.applyOptions({
      upColor: up,
      downColor: down,
      wickUpColor: up,
      wickDownColor: down,
      borderVisible: false,
    });
    equity.applyOptions({ color: colour('accent') });
    held?.applyOptions({ color: colour('second') });
    drawdown.applyOptions({
      lineColor: down,
      topColor: faded('down', 0.05),
      bottomColor: faded('down', 0.35),
      invertFilledArea: true,
    });
    profits.setData(data.profits.map(([time, value]) => ({ time, value, color: value >= 0 ? up : down })));
    drawPrice();
  }

  function entry(name, tone, value) {
    const item = document.createElement('span');
    if (tone !== undefined) {
      const swatch = document.createElement('i');
      swatch.style.background = colour(tone);
      item.append(swatch);
    }
    const strong = document.createElement('b');
    strong.textContent = value;
    item.append(`${name} `, strong);
    return item;
  }

  /** The last value at or before a time: not every series has one at every time. */
  const at = (pairs, time) => {
    let found;
    for (const pair of pairs) {
      if (pair[0] > time) break;
      found = pair;
    }
    return found?.[1];
  };

  function tell(time) {
    const items = [
      entry('', undefined, `${new Date(time * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`),
    ];
    const bar = hasPrices ? barsOf().find(([start]) => start === barAt(barsOf(), time)) : undefined;
    if (bar !== undefined)
      items.push(entry(symbol, undefined, `O ${bar[1]} H ${bar[2]} L ${bar[3]} C ${bar[4]}`));
    const values = [
      ['Equity', 'accent', at(data.equity, time), 2, ''],
      [
        heldFits ? 'Buy and hold' : 'Buy and hold (off the scale)',
        'second',
        at(data.buyAndHold, time),
        2,
        '',
      ],
      ['Drawdown', 'down', at(data.drawdown, time), 2, ' %'],
      ['Profit of the day', 'up', new Map(data.profits).get(time - (time % 86400)), 2, ''],
    ];
    for (const [name, tone, value, digits, unit] of values)
      if (value !== undefined) items.push(entry(name, tone, `${number(value, digits)}${unit}`));
    legend.replaceChildren(...items);
  }

  const lastTime = data.equity.at(-1)?.[0];
  chart.subscribeCrosshairMove(({ time }) => {
    const shown = time ?? lastTime;
    if (shown !== undefined) tell(shown);
  });

  function addControls() {
    if (data.prices.length > 1) {
      const select = document.createElement('select');
      select.setAttribute('aria-label', 'Pair');
      for (const series of data.prices) select.append(new Option(series.symbol, series.symbol));
      select.addEventListener('change', () => {
        symbol = select.value;
        drawPrice();
      });
      controls.append(select);
    }
    const whole = document.createElement('button');
    whole.textContent = 'Whole period';
    whole.addEventListener('click', showWhole);
    controls.append(whole);
    if (held !== undefined) addFit();
  }

  /** Whether the equity axis has room for buy and hold. */
  function addFit() {
    const fit = document.createElement('button');
    const name = () => {
      fit.textContent = heldFits ? 'Scale to equity' : 'Scale to buy and hold';
    };
    name();
    fit.addEventListener('click', () => {
      heldFits = !heldFits;
      name();
      // Options that are set anew make the axis look at the series again.
      held.applyOptions({ autoscaleInfoProvider: (original) => scaleOfHeld(original) });
      if (lastTime !== undefined) tell(lastTime);
    });
    controls.append(fit);
  }

  /** All of it, with room for the labels at both ends of the time axis. */
  function showWhole() {
    const drawn = [barsOf(), data.equity, data.buyAndHold, data.drawdown, data.profits];
    const last = new Set(drawn.flatMap((list) => list.map(([time]) => time))).size - 1;
    const margin = (last * LABEL_PIXELS) / Math.max(1, element.clientWidth);
    chart.timeScale().setVisibleLogicalRange({ from: -margin, to: last + margin });
  }

  function showTrade(index) {
    const trade = data.trades[index];
    if (trade === undefined) return;
    if (data.prices.some((series) => series.symbol === trade.symbol)) {
      symbol = trade.symbol;
      const select = controls.querySelector('select');
      if (select !== null) select.value = symbol;
      drawPrice();
    }
    const from = trade.open ?? trade.close - 86400;
    const margin = Math.max((trade.close - from) * 2, hasPrices ? 3600 : 10 * 86400);
    chart.timeScale().setVisibleRange({ from: from - margin, to: trade.close + margin });
    element.scrollIntoView({ behavior: 'smooth', block: 'center' });
  }

  document.querySelectorAll('#trades tbody tr').forEach((row, index) => {
    row.tabIndex = 0;
    const choose = () => {
      document.querySelector('#trades tr.chosen')?.classList.remove('chosen');
      row.classList.add('chosen');
      showTrade(index);
    };
    row.addEventListener('click', choose);
    row.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') choose();
    });
  });

  addControls();
  paint();
  showWhole();
  if (lastTime !== undefined) tell(lastTime);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    paint();
    if (lastTime !== undefined) tell(lastTime);
  });
})();
