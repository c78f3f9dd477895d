-- What clients may follow live; row security decides who sees which row.

alter publication supabase_realtime add table public.tasks, public.pull_requests;
