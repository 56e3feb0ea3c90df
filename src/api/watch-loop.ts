/** Of the time, how much the process was busy when it has none to spare, and milliseconds over which that is measured. */
const crowded = 0.5;
const measuredMs = 100;

/** What it returns tells whether the process was busy for most of the time lately. */
export function watchLoop(): () => boolean {
  let before = performance.eventLoopUtilization();
  let since = performance.now();
  let isBusy = false;
  return () => {
    const now = performance.now();
    if (now - since >= measuredMs) {
      isBusy = performance.eventLoopUtilization(before).utilization > crowded;
      before = performance.eventLoopUtilization();
      since = now;
    }
    return isBusy;
  };
}
