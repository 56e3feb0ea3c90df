import { pino, type Logger } from 'pino';
import { build as pretty } from 'pino-pretty';

/** Logs go to standard error: JSON lines for machines, plain words where a person looks on. Never a secret. */
export function openLog(stderr: NodeJS.WriteStream, level: string): Logger {
  const options = {
    level,
    base: null,
    redact: ['password', '*.password', 'token', '*.token', 'authorization', '*.authorization'],
  };
  if (!stderr.isTTY) return pino(options, stderr);
  return pino(options, pretty({ destination: stderr, ignore: 'pid,hostname', sync: true }));
}
