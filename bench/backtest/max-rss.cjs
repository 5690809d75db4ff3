/** Preloaded into a process that is measured: says on stderr how much memory it has had at most, in bytes. */
const process = require('node:process');

process.on('exit', () => {
  process.stderr.write(`max-rss ${process.resourceUsage().maxRSS * 1024}\n`);
});
