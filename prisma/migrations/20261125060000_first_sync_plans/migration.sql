-- In a table that was never analysed every source looks small, and a bitmap of all its sessions cheap: made once a row, it turned
-- a first sync quadratic. The index on the job alone finds each neighbour.
alter function keep_runs(touched_session[], boolean) set enable_bitmapscan = off;

-- The planner takes the rows of a statement for one, and would compare each old row with each new one.
alter function note_changed_sessions() set enable_nestloop = off;
alter function note_changed_sessions() set enable_hashjoin = on;
alter function keep_runs(touched_session[], boolean) set enable_nestloop = on;
