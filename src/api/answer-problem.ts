import type { FastifyReply, FastifyRequest } from 'fastify';
import { classifyDatabaseError } from '../db/classify-database-error.ts';
import { limitRepeats } from '../log/limit-repeats.ts';
import { Problem, problemKinds, type ProblemKind } from './problems.ts';

export const problemType = 'application/problem+json';

/** Answers any error: what went wrong here goes to the log whole, and to the client as a fixed sentence. */
export async function answerProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const problem = asProblem(error);
  if (hasLeft(request, error)) request.log.debug({ url: request.url }, 'the client left');
  else if (problem.kind === 'internal')
    request.log.error({ err: error, url: request.url }, 'a request failed');
  else if (problemKinds[problem.kind].status >= 500)
    request.log.warn({ url: request.url, error: String(error) }, 'a request failed');
  else if (refusals.has(problem.kind)) noteRefusal(request, problem);
  // It marks an answer that there is none of.
  reply.removeHeader('etag');
  if (problem.retryAfter !== undefined) reply.header('retry-after', problem.retryAfter);
  if (problem.kind === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  await reply
    .code(problemKinds[problem.kind].status)
    .header('cache-control', 'no-store')
    .type(problemType)
    .send(describeProblem(problem, request.id));
}

const refusals: ReadonlySet<ProblemKind> = new Set([
  'unauthorized',
  'forbidden',
  'misdirected',
  'too-many-requests',
]);
const limited = limitRepeats(60_000);

/** For whoever looks later who knocked: the same kind from the same address once a minute, without what the address asked for. */
function noteRefusal(request: FastifyRequest, { kind }: Problem): void {
  const { ip: address, method, access } = request;
  limited(`${kind} ${address}`, (heldBack) => {
    request.log.warn(
      {
        address,
        method,
        path: request.url.split('?', 1)[0]?.slice(0, 200),
        refusal: kind,
        ...(access?.key !== undefined && { keyId: access.key.id }),
        ...(heldBack > 0 && { heldBack }),
      },
      'a request was refused',
    );
  });
}

/** Whether it failed because nobody waits for it any more. */
function hasLeft({ raw }: FastifyRequest, error: unknown): boolean {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return raw.socket.destroyed && (code === 'ERR_STREAM_PREMATURE_CLOSE' || name === 'AbortError');
}

/** The body of a problem. */
export function describeProblem({ kind, message, errors }: Problem, requestId: string) {
  const { status, title } = problemKinds[kind];
  return {
    type: `/problems/${kind}`,
    title,
    status,
    detail: message,
    requestId,
    ...(errors !== undefined && { errors }),
  };
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code = '', statusCode = 500 } = error as { readonly code?: string; readonly statusCode?: number };
  if (code === '57014')
    return new Problem('query-timeout', 'The database gave the question up.', { retryAfter: 60 });
  if (statusCode === 413) return new Problem('too-large', 'The body is too large.');
  if (statusCode >= 400 && statusCode < 500) return new Problem('bad-request', (error as Error).message);
  if (classifyDatabaseError(error).kind === 'transient')
    return new Problem('unavailable', 'The database does not answer.', { retryAfter: 10 });
  return new Problem('internal', 'The log has it under the request id.');
}
