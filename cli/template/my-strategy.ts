import {
  bracketIndicators,
  bracketShape,
  defineStrategy,
  enterWithBracket,
  exit,
  hold,
  priceText,
  z,
} from 'ballast/strategy';

/**
 * Buys pullbacks in a rising market: enters when the close comes back above a quick average while a slow one rises, leaves when it
 * closes below the slow one. It is here to be changed; docs/writing-strategies.md says what there is to change it with.
 */
export const strategy = defineStrategy({
  id: 'my-strategy',
  summary: 'Buys when the close comes back above its quick average while the slow one rises.',

  // Every parameter has bounds and a default: that is what is checked, printed, searched and stored.
  parameters: z.strictObject({
    quick: z.int().min(2).max(200).default(10),
    slow: z.int().min(3).max(400).default(50),
    /** Bars over which the slow average has to have risen. */
    slopeBars: z.int().min(1).max(50).default(5),
    // Where stop, target and trail go.
    ...bracketShape,
  }),

  // What it looks at, by names of its own. How many bars have to be there before it decides follows from this.
  indicators: (parameters) => ({
    quick: { kind: 'ema', period: parameters.quick },
    slow: { kind: 'ema', period: parameters.slow },
    ...bracketIndicators(parameters),
  }),

  // Called when a bar has closed. `at(0)` is its value, `at(1)` the one before. Nothing may be kept between two calls.
  onBar(view, parameters) {
    const { close } = view;
    const { quick, slow } = view.indicators;
    const values = { close: close.at(0), quick: quick.at(0), slow: slow.at(0) };
    const because = (code: string, text: string) => () => [{ code, text, values }];
    const slowText = `the average of ${parameters.slow} bars (${priceText(slow.at(0))})`;

    if (view.position !== null)
      return close.at(0) < slow.at(0)
        ? exit(because('below-slow', `The close ${priceText(close.at(0))} is below ${slowText}`))
        : hold(because('above-slow', `The close ${priceText(close.at(0))} is not below ${slowText}`));

    const rises = slow.at(0) > slow.at(parameters.slopeBars);
    const returns = close.at(1) <= quick.at(1) && close.at(0) > quick.at(0);
    if (!rises) return hold(because('not-rising', `No entry: ${slowText} does not rise`));
    if (!returns)
      return hold(because('no-return', 'No entry: the close did not come back above its quick average'));
    return enterWithBracket(
      view,
      parameters,
      because('pullback-over', `The close came back above its quick average, and ${slowText} rises`),
    );
  },
});
