/** Preloaded into a process that is measured: says on stderr how much memory it has had at most and how long it has worked. */
const process = require('node:process');

process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  process.stderr.write(`usage ${maxRSS * 1024} bytes ${(userCPUTime + systemCPUTime) / 1000} ms\n`);
});
