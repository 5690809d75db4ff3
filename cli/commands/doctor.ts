import { defineCommand, noOptions } from '../command';
import { withContext } from '../context';
import { examine, Verdict } from '../doctor';
import { UnavailableError } from '../failure';

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' };

export const doctorCommand = defineCommand({
  command: 'doctor',
  describe: 'Check Temporal, PostgreSQL, the exchange, clocks, disk, key rights and strategies of your own',
  builder: noOptions,
  run: (options) =>
    withContext(options, async (context) => {
      const findings = await examine(context);
      const failed = findings.filter(({ verdict }) => verdict === Verdict.Fail);
      context.output.result({ ok: failed.length === 0, findings }, () => {
        for (const { verdict, what, text, todo } of findings) {
          context.output.say(`${MARKS[verdict]}  ${what.padEnd(14)}${text}`);
          if (todo !== undefined) context.output.say(`      ${''.padEnd(14)}→ ${todo}`);
        }
      });
      if (failed.length > 0)
        throw new UnavailableError(`Failed: ${failed.map(({ what }) => what).join(', ')}.`);
    }),
});
