-- What clients may subscribe to; row security decides who sees which row. Without a list of columns: Realtime
-- reads the WAL with wal2json, which uses only the tables of a publication. Clients name columns.

alter publication supabase_realtime add table public.tasks, public.pull_requests;
