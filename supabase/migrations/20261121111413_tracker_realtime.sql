-- Lets clients follow issues, comments and messages from Circle live.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

alter publication supabase_realtime add table public.issues, public.comments, public.circle_issues;
