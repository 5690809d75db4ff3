/* global jest, testTimeoutMs, niceness */
const { setPriority } = require('node:os');

// Jest's own `testTimeout` is ignored in a project's configuration.
jest.setTimeout(testTimeoutMs);
if (typeof niceness === 'number') setPriority(niceness);
