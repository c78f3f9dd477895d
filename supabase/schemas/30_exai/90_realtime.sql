-- The tables whose changes clients receive over Realtime; row security decides who sees which row.

alter publication supabase_realtime
  add table public.exai_issues, public.exai_issue_updates, public.exai_issue_checklist;
