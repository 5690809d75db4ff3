/**
 * How TypeScript becomes JavaScript, for the build and for the tests alike: CommonJS, and dynamic `import()` is kept
 * so that packages which exist only as ES modules (ccxt) can be loaded.
 */
module.exports = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2023', keepClassNames: true },
  module: { type: 'commonjs', ignoreDynamic: true },
};
