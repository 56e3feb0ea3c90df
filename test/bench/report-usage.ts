import { writeFileSync } from 'node:fs';
import process from 'node:process';

/** Loaded into every measured process before anything else: at its end it says what the operating system counted for it. */
const file = process.env['BENCH_USAGE_FILE'];
if (file !== undefined) {
  // A process started by the measured one must not write over its figures.
  delete process.env['BENCH_USAGE_FILE'];
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    writeFileSync(
      file,
      JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1_000, peakMb: maxRSS / 1_024 }),
    );
  });
}
