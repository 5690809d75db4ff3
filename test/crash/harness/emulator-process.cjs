/**
 * The exchange as a process of its own: `node emulator-process.cjs OPTIONS`, where OPTIONS is JSON: the emulator's own
 * options, with `market` (the simulator's seed) in the place of an opened market. Prints no keys.
 */
const { startEmulator } = require('../../../dist/emulator/main.js');
const { openMarketSource } = require('../../../dist/emulator/market/open-market.js');

async function main() {
  const { market, ...options } = JSON.parse(process.argv[2] ?? '{}');
  const log = (level, message, fields) => {
    process.stdout.write(
      `${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`,
    );
  };
  const onFailure = () => process.exit(1);
  await startEmulator({ ...options, source: await openMarketSource(market), log, onFailure });
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
