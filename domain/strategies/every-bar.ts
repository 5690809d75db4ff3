import { z } from 'zod';
import { hold, type Because, type Strategy } from '../strategy';
import { bracketIndicators, bracketShape, enterWithBracket } from './bracket';
import { erase } from './prepare';

const parametersSchema = z.strictObject({
  ...bracketShape,
  stopAtr: bracketShape.stopAtr.default(2),
});
export type EveryBarParameters = z.infer<typeof parametersSchema>;

type Why = Because<EveryBarParameters, 'atr'>;

const ALWAYS: Why = () => [{ code: 'every-bar', text: 'Every bar is a candidate' }];
const HOLD = hold<EveryBarParameters, 'atr'>(() => [
  { code: 'in-position', text: 'Stop, target and time end the position' },
]);

const strategy: Strategy<EveryBarParameters, 'atr'> = {
  id: 'every-bar',
  summary: 'Enters whenever it is flat: what a model chooses from, and a baseline.',
  parameters: parametersSchema,
  indicators: bracketIndicators,
  onBar: (view, parameters) => (view.position === null ? enterWithBracket(view, parameters, ALWAYS) : HOLD),
};

/** Proposes an entry at every bar. Not to be traded by itself, so it is in no list of strategies. */
export const everyBarStrategy = erase(strategy);
