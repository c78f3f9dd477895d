-- The tables whose changes clients can subscribe to; row level security decides who receives which row.

alter publication supabase_realtime add table
  support.conversations, support.messages, support.escalations;
