const { default: TestRunner } = require('jest-runner');

/** Runs its project's suites one after another: crash tests start whole systems, and two of them at once only measure the machine. */
module.exports = class SerialRunner extends TestRunner {
  isSerial = true;
};
