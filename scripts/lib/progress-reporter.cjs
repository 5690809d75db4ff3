const slowMs = 5_000;

/**
 * Tells of each slow test, and of each that fails, as soon as it has ended: jest's own reporter waits for the end of a file,
 * and the matrix of crash tests takes an hour.
 */
module.exports = class ProgressReporter {
  onTestCaseResult(_test, { status, duration, fullName, failureMessages }) {
    const passed = status === 'passed';
    if (status === 'pending' || (passed && (duration ?? 0) < slowMs)) return;
    const seconds = ((duration ?? 0) / 1000).toFixed(1).padStart(6);
    const reasons = failureMessages.map((message) => message.split('\n    at ')[0]);
    process.stdout.write(`${passed ? '✓' : '✕'}${seconds} s  ${[fullName, ...reasons].join('\n')}\n`);
  }
};
