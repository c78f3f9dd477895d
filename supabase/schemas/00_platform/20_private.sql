-- The schema behind the API: helpers, security-definer bodies, trigger functions, operational tables.

create schema if not exists private;
comment on schema private is
  'Never exposed and without USAGE for any API role: reached through wrappers, policies, defaults and '
  'triggers only.';
