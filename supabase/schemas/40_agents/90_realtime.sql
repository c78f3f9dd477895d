-- What clients may follow live; row security decides who sees which row. Without a list of columns: Realtime
-- reads the log with wal2json, which goes by the tables of a publication alone. Clients name columns.

alter publication supabase_realtime add table public.tasks, public.pull_requests;
