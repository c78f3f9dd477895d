-- The support system's tables and functions have a schema of their own: its `users` is another table than
-- that of the agents.

create schema if not exists support;
comment on schema support is
  'Conversations with members, and escalations that reach a person. Exposed; clients set db.schema to it.';
grant usage on schema support to anon, authenticated, service_role;
