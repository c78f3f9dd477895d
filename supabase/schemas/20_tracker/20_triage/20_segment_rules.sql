-- The words by which messages are judged: which segment one means, and how far one says that it is an issue.

create table public.segment_rules (
  id uuid not null default gen_random_uuid(),
  words text not null,
  segment text not null,
  priority smallint not null,
  weight double precision not null default 0,
  is_enabled boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint segment_rules_pkey primary key (id),
  constraint segment_rules_words_key unique (words),
  constraint segment_rules_words_are_short check (length(words) <= 100),
  constraint segment_rules_words_are_lower_case check (words = lower(words)),
  constraint segment_rules_words_can_be_matched
    check (words ~ '^\w+([-.''/+#&@:]+\w+)*( \w+([-.''/+#&@:]+\w+)*)*$'),
  constraint segment_rules_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  constraint segment_rules_weight_is_a_share check (weight between 0 and 1)
);
comment on table public.segment_rules is
  'Rules by whole words, in any case. Team members read them, admins write them. Errors on write: '
  'tracker_segment_rule_invalid, key_change_forbidden (422).';
comment on column public.segment_rules.words is
  'A word or a few: stored in lower case with one blank between two, found whatever the case and the blanks.';
comment on column public.segment_rules.segment is 'auth, code, tool or misc.';
comment on column public.segment_rules.priority is
  'Which rule''s segment counts where several are found: the lowest number''s; of one number, auth before '
  'code before tool before misc.';
comment on column public.segment_rules.weight is
  'How far the words alone say that a message is an issue, 0 to 1.';
comment on column public.segment_rules.is_enabled is 'Whether the rule is looked at.';

-- One row, so that whoever changes the rules changes this row, and two who do it at once can't both succeed
-- with what each of them saw.
create table private.segment_patterns (
  id boolean not null default true,
  segments text[] not null default '{}',
  patterns text[] not null default '{}',
  constraint segment_patterns_pkey primary key (id),
  constraint segment_patterns_is_one_row check (id),
  constraint segment_patterns_has_a_segment_each check (cardinality(segments) = cardinality(patterns))
);
comment on table private.segment_patterns is
  'The enabled rules as regular expressions, one for a priority and segment, in the order in which they are '
  'tried. Kept by a trigger of segment_rules.';

alter table private.segment_patterns enable row level security;
insert into private.segment_patterns default values;

-- Blanks of all kinds are one blank, and the apostrophe of telephones is the one of keyboards.
create or replace function private.normal_words(p_words text) returns text
language sql immutable security invoker set search_path = '' as $$
  select replace(
    lower(regexp_replace(
      private.non_blank(normal_words.p_words),
      '[\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+', ' ', 'g'
    )),
    U&'\2019', ''''
  )
$$;
comment on function private.normal_words is
  'Words as a rule has them: trimmed, in lower case, one blank between two; null for none.';

-- Not SQL: it is called in the middle of queries that have to be fast, and could not be inlined.
create or replace function private.words_pattern(p_words text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return replace(
    replace(
      regexp_replace(p_words, '([-./+#&@:])', '\\\1', 'g'),
      ' ', '[\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+'
    ),
    '''', '[''\u2019]'
  );
end;
$$;
comment on function private.words_pattern is
  'The words of a rule as a regular expression, without the ends of words around it.';

create or replace function private.segment_rule_fault(
  p_rule public.segment_rules, out o_detail text, out o_hint text
)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_rule.words is null then
    o_detail := 'words holds no word.';
    o_hint := 'Give one word or a few.';
  elsif length(p_rule.words) > 100 then
    o_detail := format('words has %s characters, 100 are allowed.', length(p_rule.words));
    o_hint := 'Give fewer words; several rules may say the same.';
  elsif p_rule.words !~ '^\w.*\w$|^\w$' then
    o_detail := format(
      'words %L does not begin and end with a letter, a digit or an underscore.', p_rule.words
    );
    o_hint := 'Leave off what stands around the words: whole words are found beside any punctuation.';
  elsif p_rule.words !~ '^[-\w .''/+#&@:]+$' then
    o_detail := format('words %L has a character that can''t be matched.', p_rule.words);
    o_hint := 'Use letters, digits, underscores, blanks and - . '' / + # & @ : only.';
  elsif p_rule.words ~ '( [^\w ]|[^\w ] )' then
    o_detail := format('words %L has punctuation beside a blank.', p_rule.words);
    o_hint := 'Let each word begin and end with a letter, a digit or an underscore.';
  elsif p_rule.segment is null or p_rule.segment not in ('auth', 'code', 'tool', 'misc') then
    o_detail := format('The rule %L has the segment %L.', p_rule.words, p_rule.segment);
    o_hint := 'Use one of: auth, code, tool, misc.';
  elsif p_rule.priority is null then
    o_detail := format('The rule %L has no priority.', p_rule.words);
    o_hint := 'Give a number; where several rules are found, the lowest one''s segment counts.';
  elsif p_rule.weight not between 0 and 1 then
    o_detail := format('The rule %L has the weight %s.', p_rule.words, p_rule.weight);
    o_hint := 'Give 0 to 1: how far the words alone say that a message is an issue.';
  end if;
end;
$$;
comment on function private.segment_rule_fault is
  'What is wrong with a rule, and what to do; nulls for a good one.';

-- Null is as if left out. For an upsert of a rule that is there, by its id or its words, that is what is
-- stored (see complete_issue_upsert): writers of rules take turns, so that it still is when the update comes.
create or replace function private.check_segment_rule() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.segment_rules := old;
  v_fault record;
begin
  new.words := private.normal_words(new.words);
  if tg_op = 'INSERT' then
    select * into v_stored
    from public.segment_rules as r
    where r.id = new.id or r.words = new.words
    order by (r.id = new.id) desc
    limit 1;
  end if;
  new.words := coalesce(new.words, v_stored.words);
  new.segment := coalesce(new.segment, v_stored.segment);
  new.priority := coalesce(new.priority, v_stored.priority);
  new.weight := coalesce(new.weight, v_stored.weight, 0);
  new.is_enabled := coalesce(new.is_enabled, v_stored.is_enabled, true);
  v_fault := private.segment_rule_fault(new);
  if v_fault.o_detail is not null then
    raise exception using
      errcode = 'PT422', message = 'tracker_segment_rule_invalid',
      detail = v_fault.o_detail, hint = v_fault.o_hint;
  end if;
  return new;
end;
$$;
comment on function private.check_segment_rule is
  'Before trigger: words as they are stored, null as if left out. '
  'Errors: tracker_segment_rule_invalid (422).';

-- Taken before the first row is written, so that whoever waits for a turn holds nothing.
create or replace function private.lock_segment_rules() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.segment_rules', 0));
  return null;
end;
$$;
comment on function private.lock_segment_rules is
  'Before-statement trigger: serialises changes of the rules.';

-- A rule's words begin and end with a letter, so `(^|\W)…(\W|$)` finds the same as `\y…\y`. A connection
-- compiles each pattern once, at a cost that grows faster than its length, and keeps some thirty of them:
-- hence the two limits. A pattern that can't be compiled fails here, not in every import after it.
create or replace function private.rebuild_segment_patterns() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_segments text[];
  v_patterns text[];
  v_length bigint;
begin
  select coalesce(array_agg(p.segment order by p.priority, p.place), '{}'),
    coalesce(array_agg(p.pattern order by p.priority, p.place), '{}'), max(p.length)
  into v_segments, v_patterns, v_length
  from (
    select r.priority, r.segment, array_position(array['auth', 'code', 'tool', 'misc'], r.segment) as place,
      sum(length(r.words)) as length,
      '(^|\W)(' || string_agg(private.words_pattern(r.words), '|' order by r.words collate "C") || ')(\W|$)'
        as pattern
    from public.segment_rules as r
    where r.is_enabled
    group by r.priority, r.segment
  ) as p;
  if v_length > 2000 or cardinality(v_patterns) > 20 then
    raise exception using
      errcode = 'PT422', message = 'tracker_segment_rule_invalid',
      detail = case when v_length > 2000
        then format('The words of one priority and segment have %s characters, 2000 are allowed.', v_length)
        else format('There are %s pairs of priority and segment, 20 are allowed.', cardinality(v_patterns))
      end,
      hint = case when v_length > 2000 then 'Disable or delete some, or give some another priority.'
        else 'Let more rules share a priority.'
      end;
  end if;
  perform from unnest(v_patterns) as u (pattern) where '' ~* u.pattern;
  update private.segment_patterns as p set segments = v_segments, patterns = v_patterns
  where p.id and (p.segments, p.patterns) is distinct from (v_segments, v_patterns);
  return null;
end;
$$;
comment on function private.rebuild_segment_patterns is
  'After-statement trigger of segment_rules: the only writer of segment_patterns. '
  'Errors: tracker_segment_rule_invalid (422).';

create trigger _010_lock_segment_rules before insert or update or delete or truncate on public.segment_rules
  for each statement execute function private.lock_segment_rules();
create trigger _050_reject_key_change before update on public.segment_rules
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_check_segment_rule before insert or update on public.segment_rules
  for each row execute function private.check_segment_rule();
create trigger _900_set_timestamps before insert or update on public.segment_rules
  for each row execute function private.set_timestamps();
create trigger _500_rebuild_segment_patterns
  after insert or update or delete or truncate on public.segment_rules
  for each statement execute function private.rebuild_segment_patterns();

alter table public.segment_rules enable row level security;
create policy segment_rules_select_viewer on public.segment_rules
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy segment_rules_insert_admin on public.segment_rules
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy segment_rules_update_admin on public.segment_rules
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy segment_rules_delete_admin on public.segment_rules
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.segment_rules to authenticated;
grant insert (id, words, segment, priority, weight, is_enabled, created_at, updated_at)
  on public.segment_rules to authenticated;
grant update (id, words, segment, priority, weight, is_enabled, created_at, updated_at)
  on public.segment_rules to authenticated;
grant select, insert, update, delete on public.segment_rules to service_role;

-- Words for a failure are strong, words for getting in are middling, words for what one works with are weak:
-- two strong ones pass the threshold of 0.8, none does alone.
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
