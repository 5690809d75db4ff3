const { default: TestRunner } = require('jest-runner');

/** The projects whose suites start whole systems that get killed: two of them at once would only measure the machine. */
const systemProjects = ['crash', 'crash-full'];

/**
 * Runs the suites of whole systems one after another, and beside them all others in jest's workers: a system that was killed
 * mostly waits, for deadlines to pass and for servers to come back, and leaves the processors to the others meanwhile.
 */
module.exports = class LanesRunner extends TestRunner {
  async runTests(tests, watcher, options) {
    if (options.serial) {
      await super.runTests(tests, watcher, options);
      return;
    }
    const isSystem = ({ context }) => systemProjects.includes(context.config.displayName?.name);
    const lane = (chosen, serial) =>
      chosen.length === 0 ? undefined : super.runTests(chosen, watcher, { ...options, serial });
    await Promise.all([
      lane(tests.filter(isSystem), true),
      lane(
        tests.filter((test) => !isSystem(test)),
        false,
      ),
    ]);
  }
};
