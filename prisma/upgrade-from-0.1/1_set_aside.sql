-- A database of version 0.1.0 on its way to the tables of today. Everything runs in one transaction of src/db/migrate: this
-- script, the migrations, and 2_carry_over.sql. Killed at any moment, the database is what it was.
--
-- The old tables go into a schema of their own, so that the migrations make theirs as they do in an empty database: both have the
-- same catalog afterwards. The views of schema `report` stay and are replaced in place, with their grants and with the views
-- of others that stand on them.

-- Writers take their source first: in any other order they and this would wait for each other.
lock table sources in access exclusive mode;
lock table sessions, tasks, jobs, servers, sync_runs, unreadable_records, discovered_computers in access exclusive mode;

-- Nobody is to be woken for rows that are only copied.
drop trigger note_change on sources;
drop trigger note_change on servers;
drop trigger note_change on jobs;
drop trigger note_change on sessions;
drop trigger note_change on tasks;
drop trigger note_change on sync_runs;
drop trigger note_change on unreadable_records;
drop trigger note_change on discovered_computers;
drop trigger keep_runs_of_new on sessions;
drop trigger keep_runs_of_changed on sessions;
drop trigger keep_runs_of_deleted on sessions;
drop trigger keep_session_names_of_new on sessions;
drop trigger keep_session_names_of_changed on sessions;
drop function note_change();
drop function note_new_sessions();
drop function note_changed_sessions();
drop function note_deleted_sessions();
drop function keep_session_names();
drop function keep_runs(touched_session[], boolean);
drop function rebuild_session_names();
drop function rebuild_figures();
drop function settle_computers(integer, integer);
drop type touched_session;

-- A table that moves takes its indexes and sequences along, but not its statistics.
drop statistics sessions_words_stats;
drop statistics if exists sessions_place_stats;
drop table listed_stretches;
drop table listed_records;
drop table changes;

create schema session_history_0_1;
alter table sources set schema session_history_0_1;
alter table servers set schema session_history_0_1;
alter table jobs set schema session_history_0_1;
alter table discovered_computers set schema session_history_0_1;
alter table sessions set schema session_history_0_1;
alter table computers set schema session_history_0_1;
alter table session_names set schema session_history_0_1;
alter table tasks set schema session_history_0_1;
alter table sync_runs set schema session_history_0_1;
alter table unreadable_records set schema session_history_0_1;
alter table task_backlog set schema session_history_0_1;
alter table backfills set schema session_history_0_1;
alter table api_keys set schema session_history_0_1;
alter table installation set schema session_history_0_1;

-- The migrations note themselves in their place.
delete from _prisma_migrations;
