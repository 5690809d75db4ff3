/* global jest, testTimeoutMs */
// Jest's own `testTimeout` is ignored in a project's configuration.
jest.setTimeout(testTimeoutMs);
