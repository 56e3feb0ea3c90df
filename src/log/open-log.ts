import { pino, stdTimeFunctions, type Logger } from 'pino';

/** Logs go to standard error: JSON lines for machines, plain words where a person looks on. Never a secret. */
export async function openLog(stderr: NodeJS.WriteStream, level: string): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: ['password', '*.password', 'token', '*.token', 'authorization', '*.authorization'],
  };
  if (!stderr.isTTY) return pino(options, stderr);
  const { build: pretty } = await import('pino-pretty');
  return pino(options, pretty({ destination: stderr, ignore: 'pid,hostname', sync: true }));
}
