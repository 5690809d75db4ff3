import { defineCommand, noOptions } from '../command';
import { openModels } from '../models';
import { columns, createOutput } from '../output';

export const modelsCommand = defineCommand({
  command: 'models',
  describe: 'Trained models, each verified: what they were trained on and what they are worth',
  builder: noOptions,
  run: (options) => {
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    const { models, faults } = openModels(options).list();
    output.result({ models, faults }, () => {
      output.table(
        columns('id', 'kind', 'pairs', 'bars', 'from', 'to', 'better than nothing'),
        models.map(({ id, kind, symbols, timeframe, trainedFrom, trainedTo, isBetter }) => [
          ...[id, kind, symbols.join(' '), timeframe, trainedFrom.slice(0, 10), trainedTo.slice(0, 10)],
          isBetter ? 'yes' : 'no',
        ]),
        'There are no models. Train one with: ballast train learned --symbol BTC/USDT --from … --to …',
      );
      for (const { problem } of faults) output.say(problem);
    });
    return Promise.resolve();
  },
});
