import { pino, stdTimeFunctions, type Logger } from 'pino';

/** In a line of JSON, what a terminal acts on, as it is or escaped, but for tabs and line breaks; or (kept) any other escape. */
const acting = /(\\u00[01][\da-f]|\\[bfr]|[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069])|\\./g;

/**
 * Logs go to standard error: JSON lines for machines, plain words where a person looks on. Never a secret, and nothing that moves a
 * cursor: names come from strangers.
 */
export async function openLog(stderr: NodeJS.WriteStream, level: string): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: ['password', '*.password', 'token', '*.token', 'authorization', '*.authorization'],
    hooks: {
      streamWrite: (line: string) =>
        line.replace(acting, (part, isActing?: string) => (isActing === undefined ? part : ' ')),
    },
  };
  if (!stderr.isTTY) return pino(options, stderr);
  const { build: pretty } = await import('pino-pretty');
  return pino(options, pretty({ destination: stderr, ignore: 'pid,hostname', sync: true }));
}
