-- The rules of a new installation.

-- Words for failures have high weights, words about signing in middle ones, words for tools low ones: two
-- high ones reach the default threshold of 0.8, one alone does not.
insert into public.segment_rules (segment, priority, words, weight) values
  ('auth', 10, 'auth', 0.4), ('auth', 10, 'login', 0.45), ('auth', 10, 'account', 0.3),
  ('auth', 10, 'password', 0.45), ('auth', 10, 'credential', 0.4), ('auth', 10, 'sign in', 0.45),
  ('auth', 10, 'signin', 0.45), ('auth', 10, 'oauth', 0.4), ('auth', 10, 'jwt', 0.4),
  ('auth', 10, 'token', 0.3), ('auth', 10, 'refresh token', 0.4), ('auth', 10, 'authentication', 0.4),
  ('auth', 10, 'signup', 0.4), ('auth', 10, 'sign up', 0.4),
  ('code', 20, 'code', 0.15), ('code', 20, 'error', 0.65), ('code', 20, 'bug', 0.7),
  ('code', 20, 'exception', 0.7), ('code', 20, 'null', 0.5), ('code', 20, 'undefined', 0.6),
  ('code', 20, 'runtime', 0.4), ('code', 20, 'syntax', 0.4), ('code', 20, 'function', 0.15),
  ('code', 20, 'variable', 0.15), ('code', 20, 'method', 0.1), ('code', 20, 'class', 0.1),
  ('code', 20, 'object', 0.1), ('code', 20, 'property', 0.1), ('code', 20, 'api', 0.2),
  ('code', 20, 'endpoint', 0.3), ('code', 20, 'crash', 0.7), ('code', 20, 'timeout', 0.6),
  ('tool', 30, 'tool', 0.1), ('tool', 30, 'cursor', 0.15), ('tool', 30, 'editor', 0.15),
  ('tool', 30, 'environment', 0.15), ('tool', 30, 'development', 0.1), ('tool', 30, 'ide', 0.15),
  ('tool', 30, 'extension', 0.2), ('tool', 30, 'plugin', 0.2), ('tool', 30, 'vs code', 0.15),
  ('tool', 30, 'vscode', 0.15), ('tool', 30, 'taskmaster', 0.15), ('tool', 30, '10xcoder', 0.15),
  ('tool', 30, 'pipeline', 0.2), ('tool', 30, 'integration', 0.2), ('tool', 30, 'cli', 0.15),
  ('tool', 30, 'command line', 0.15);
