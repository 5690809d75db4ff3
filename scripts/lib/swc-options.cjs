/**
 * How TypeScript becomes JavaScript, for the build and for the tests alike: CommonJS, and dynamic `import()` is kept
 * so that packages which exist only as ES modules (ccxt) can be loaded. Exports are announced, so that ES modules (strategies of
 * users) can import them by name.
 */
module.exports = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2023', keepClassNames: true },
  module: { type: 'commonjs', ignoreDynamic: true, exportInteropAnnotation: true },
};
