const { default: Sequencer } = require('@jest/test-sequencer');

/** Where no durations are known, as after a fresh clone, what is known to be long begins first; otherwise a long suite runs alone at the end. */
const longFirst = ['crash', 'crash-full', 'workflows'];

module.exports = class LongFirstSequencer extends Sequencer {
  sort(tests) {
    const rank = ({ context }) => (longFirst.includes(context.config.displayName?.name) ? 0 : 1);
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
