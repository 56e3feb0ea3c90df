/**
 * Gives the computer of each job in a CTE `named` (job_id, computer) to the job's sessions that have no task of their own to
 * tell. $1 is the source.
 */
export const passOnComputers = `
update sessions as session
set computer = named.computer
from named
where session.source_id = $1::integer
  and session.job_id = named.job_id
  and session.kind = 'computer'
  and not session.computer_is_exact
  and session.computer is distinct from named.computer`;
