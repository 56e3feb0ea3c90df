/**
 * The computer a child job stands for, as far as names tell. Veeam calls a child job `<parent job> - <computer>`, and both
 * parts may hold ` - ` themselves: the longest known job name that fits is taken, and without one the whole name.
 */
export function guessComputer(childJobName: string, jobNames: ReadonlySet<string>): string {
  let end = childJobName.lastIndexOf(separator);
  while (end > 0) {
    const computer = childJobName.slice(end + separator.length);
    if (computer !== '' && jobNames.has(childJobName.slice(0, end))) return computer;
    end = childJobName.lastIndexOf(separator, end - 1);
  }
  return childJobName;
}

const separator = ' - ';
