-- A login that may read schema `report` and nothing else; its password is in the environment variable BI_PASSWORD.
-- Run with psql 15 or newer, as an account that may create roles, after `session-history migrate`. Safe to repeat.
\set ON_ERROR_STOP on
\getenv password BI_PASSWORD
\if :{?password}
\else
  \set password ''
\endif
select :'password' = '' as is_missing \gset
\if :is_missing
  do $$ begin raise exception 'BI_PASSWORD is empty. Choose a password for the login analyst, in .env.'; end $$;
\endif
select 'create role analyst login in role session_history_reader'
where not exists (select from pg_roles where rolname = 'analyst') \gexec
select format('alter role analyst password %L', :'password') \gexec
