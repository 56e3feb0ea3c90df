import type { ShownSession } from './view.ts';
import { escapeXml, prolog } from './write-xml.ts';

/** A body: whole, or in pieces where it may be long. */
export type Body = string | Iterable<string>;

export type Reply = {
  readonly status: number;
  readonly body: Body;
  readonly headers?: Record<string, string>;
  /** Sessions whose every value stands in the body. */
  readonly shows?: readonly ShownSession[];
};

export const ok = (body: Body, shows: readonly ShownSession[] = []): Reply => ({ status: 200, body, shows });

/** Enterprise Manager's own Error document. */
export const problem = (status: number, message: string): Reply => ({
  status,
  body: `${prolog}<Error xmlns="http://www.veeam.com/ent/v1.0" Message="${escapeXml(message)}" StatusCode="${status}"><FirstChanceExceptionMessage /><StackTrace /></Error>`,
});
