-- Judges messages by rules that are kept as data, with settings, people's corrections and a bounded history.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- Settings

create table public.tracker_settings (
  id boolean not null default true,
  triage_threshold double precision not null default 0.8,
  event_retention_days integer not null default 90,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tracker_settings_pkey primary key (id),
  constraint tracker_settings_is_one_row check (id),
  constraint tracker_settings_triage_threshold_is_a_share
    check (triage_threshold > 0 and triage_threshold <= 1),
  -- At most a hundred years, so that no number runs out of the calendar.
  constraint tracker_settings_event_retention_days_is_bounded
    check (event_retention_days between 1 and 36500)
);
comment on table public.tracker_settings is
  'The one row of settings. Team members read it, admins change it; it is neither added nor deleted.';
comment on column public.tracker_settings.id is 'True, in the one row that there is.';
comment on column public.tracker_settings.triage_threshold is
  'How sure triage has to be, above 0 and up to 1, before a message becomes an issue by itself.';
comment on column public.tracker_settings.event_retention_days is
  'For how many days the raw body of a webhook call is kept after it was worked on. What could not be worked '
  'on is kept.';

create trigger _900_keep_timestamps before insert or update on public.tracker_settings
  for each row execute function private.keep_timestamps();

alter table public.tracker_settings enable row level security;
create policy tracker_settings_select_viewer on public.tracker_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy tracker_settings_update_admin on public.tracker_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.tracker_settings to authenticated;
grant update (id, triage_threshold, event_retention_days, created_at, updated_at)
  on public.tracker_settings to authenticated;
grant select, update on public.tracker_settings to service_role;

insert into public.tracker_settings default values;

-- Rules

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
  'segment_rule_invalid, key_change_refused (422).';
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
      private.presence(normal_words.p_words),
      '[\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+', ' ', 'g'
    )),
    U&'\2019', ''''
  )
$$;
comment on function private.normal_words(text) is
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
comment on function private.words_pattern(text) is
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
comment on function private.segment_rule_fault(public.segment_rules) is
  'What is wrong with a rule, and what to do; nulls for a good one.';

-- Null is as if left out. For an upsert of a rule that is there, by its id or its words, that is what is
-- stored (see meet_stored_issue): writers of rules take turns, so that it still is when the update comes.
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
      errcode = 'PT422', message = 'segment_rule_invalid', detail = v_fault.o_detail, hint = v_fault.o_hint;
  end if;
  return new;
end;
$$;
comment on function private.check_segment_rule() is
  'Before trigger: words as they are stored, null as if left out. Errors: segment_rule_invalid (422).';

-- Taken before the first row is written, so that whoever waits for a turn holds nothing.
create or replace function private.lock_segment_rules() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.segment_rules', 0));
  return null;
end;
$$;
comment on function private.lock_segment_rules() is
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
      errcode = 'PT422', message = 'segment_rule_invalid',
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
comment on function private.rebuild_segment_patterns() is
  'After-statement trigger of segment_rules: the only writer of segment_patterns. Errors: '
  'segment_rule_invalid (422).';

create trigger _010_lock_segment_rules before insert or update or delete or truncate on public.segment_rules
  for each statement execute function private.lock_segment_rules();
create trigger _050_refuse_key_change before update on public.segment_rules
  for each row when (old.id is distinct from new.id) execute function private.refuse_key_change();
create trigger _100_check_segment_rule before insert or update on public.segment_rules
  for each row execute function private.check_segment_rule();
create trigger _900_keep_timestamps before insert or update on public.segment_rules
  for each row execute function private.keep_timestamps();
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

-- Triage

-- The whole text counts: a megabyte is read once for each pattern that is tried, at some 7 ms.
create or replace function private.determine_segment(p_title text, p_description text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text constant text := concat_ws(' ', p_title, p_description);
  v_rules private.segment_patterns;
begin
  select * into v_rules from private.segment_patterns;
  for v_place in 1..cardinality(v_rules.patterns) loop
    if v_text ~* v_rules.patterns[v_place] then
      return v_rules.segments[v_place];
    end if;
  end loop;
  return 'misc';
end;
$$;
comment on function private.determine_segment(text, text) is 'Body of public.determine_segment.';
grant execute on function private.determine_segment(text, text) to authenticated, service_role;

create or replace function public.determine_segment(p_title text, p_description text) returns text
language sql stable security invoker set search_path = ''
begin atomic
  select private.determine_segment(
    p_title => determine_segment.p_title, p_description => determine_segment.p_description
  );
end;
comment on function public.determine_segment(text, text) is
  'The segment of a text by the enabled segment_rules found in it: that of the lowest priority, else misc. '
  'Never null.';
grant execute on function public.determine_segment(text, text) to authenticated, service_role;

-- Who reports something says so at the beginning. Further down stand logs and quotes, and a text that is long
-- enough has every word. strpos is the quick check: a pattern is only tried where the first word occurs.
create or replace function private.found_segment_rules(p_title text, p_body text)
returns setof public.segment_rules
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text constant text := replace(
    lower(concat_ws(' ', left(p_title, 1000), left(p_body, 10000))), U&'\2019', ''''
  );
begin
  return query
  select r.*
  from public.segment_rules as r
  where r.is_enabled
    and strpos(v_text, split_part(r.words, ' ', 1)) > 0
    and v_text ~ ('(^|\W)' || private.words_pattern(r.words) || '(\W|$)');
end;
$$;
comment on function private.found_segment_rules(text, text) is
  'The enabled rules whose words are in the first 1,000 characters of the title or the first 10,000 of the '
  'body.';

-- Rounded, so that equal evidence compares equal to a threshold in whatever order the rules are stored.
create or replace function private.issue_likelihood(p_title text, p_body text) returns double precision
language plpgsql stable security definer set search_path = '' as $$
declare
  v_weight double precision;
  v_doubt double precision := 1::double precision;
begin
  for v_weight in
    select r.weight from private.found_segment_rules(issue_likelihood.p_title, issue_likelihood.p_body) as r
  loop
    v_doubt := v_doubt * (1 - v_weight);
  end loop;
  return round((1 - v_doubt)::numeric, 6)::double precision;
end;
$$;
comment on function private.issue_likelihood(text, text) is
  'How likely a text is an issue, 0 to 1: 1 - (1 - weight of each rule found, multiplied); 0 for none.';

create or replace function private.explain_triage(p_title text, p_body text)
returns table (words text, segment text, weight double precision, priority smallint)
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_team_role('viewer');
  return query
  select r.words, r.segment, r.weight, r.priority
  from private.found_segment_rules(explain_triage.p_title, explain_triage.p_body) as r
  order by r.priority, r.weight desc, r.words collate "C";
end;
$$;
comment on function private.explain_triage(text, text) is 'Body of public.explain_triage.';
grant execute on function private.explain_triage(text, text) to authenticated, service_role;

create or replace function public.explain_triage(p_title text, p_body text)
returns table (words text, segment text, weight double precision, priority smallint)
language sql stable security invoker set search_path = ''
begin atomic
  select e.words, e.segment, e.weight, e.priority
  from private.explain_triage(p_title => explain_triage.p_title, p_body => explain_triage.p_body) as e;
end;
comment on function public.explain_triage(text, text) is
  'The rules that speak for a text being an issue, in the order of their priority; how likely it is one is '
  '1 - (1 - weight) multiplied over them. Looks at the first 1,000 characters of the title and 10,000 of '
  'the body. Team. Errors: not_signed_in (401), team_role_required (403).';
grant execute on function public.explain_triage(text, text) to authenticated, service_role;

create or replace function private.check_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_statuses constant text[] := array['waiting_for_help', 'in_progress', 'resolved', 'blocked', 'archived'];
  v_segments constant text[] := array['auth', 'code', 'tool', 'misc'];
begin
  new.description := coalesce(new.description, old.description, '');
  new.tags := private.sorted_tags(coalesce(new.tags, old.tags));
  new.segment := coalesce(
    new.segment, old.segment, private.determine_segment(new.title, new.description)
  );
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'issue_status_unknown', detail = format('%L is no status.', new.status),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  if new.segment <> all (v_segments) then
    raise exception using
      errcode = 'PT422', message = 'issue_segment_unknown', detail = format('%L is no segment.', new.segment),
      hint = 'Use one of: ' || array_to_string(v_segments, ', ') || '.';
  end if;
  return new;
end;
$$;

-- Corrections

create table public.segment_corrections (
  id uuid not null default gen_random_uuid(),
  issue_id uuid,
  title text not null,
  description text not null,
  old_segment text not null,
  new_segment text not null,
  corrected_by text not null,
  corrected_by_user_id uuid,
  corrected_at timestamptz not null default clock_timestamp(),
  constraint segment_corrections_pkey primary key (id),
  constraint segment_corrections_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete set null,
  constraint segment_corrections_corrected_by_user_id_fkey foreign key (corrected_by_user_id)
    references auth.users (id) on delete set null,
  constraint segment_corrections_title_is_bounded check (length(title) <= 20000),
  constraint segment_corrections_description_is_bounded check (length(description) <= 20000),
  constraint segment_corrections_old_segment_differs check (old_segment <> new_segment)
);
comment on table public.segment_corrections is
  'One row a time that a person changed an issue''s segment. The team reads it; a trigger writes it, and '
  'nothing takes a row away.';
comment on column public.segment_corrections.issue_id is 'The issue; null once it is deleted.';
comment on column public.segment_corrections.title is
  'The issue''s title before the change, its first 20,000 characters.';
comment on column public.segment_corrections.description is
  'The issue''s description before the change, its first 20,000 characters.';
comment on column public.segment_corrections.old_segment is
  'The segment before, whether the rules or a person chose it.';
comment on column public.segment_corrections.corrected_by is 'Display name of who changed it.';
comment on column public.segment_corrections.corrected_by_user_id is
  'The account that changed it; null once it is deleted.';

create index segment_corrections_issue_id_idx on public.segment_corrections (issue_id);
create index segment_corrections_corrected_by_user_id_idx
  on public.segment_corrections (corrected_by_user_id);

-- An import may run for a signed-in person, who has decided nothing by it: it says so with app.import.
create or replace function private.keep_segment_correction() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if auth.uid() is null or current_setting('app.import', true) = 'on' then
    return null;
  end if;
  insert into public.segment_corrections (
    issue_id, title, description, old_segment, new_segment, corrected_by, corrected_by_user_id
  )
  values (
    new.id, left(old.title, 20000), left(old.description, 20000), old.segment, new.segment,
    private.actor_name(),
    -- A token may outlive its account; the correction still happened.
    (select u.id from auth.users as u where u.id = auth.uid())
  );
  return null;
end;
$$;
comment on function private.keep_segment_correction() is
  'After trigger of issues: the only writer of segment_corrections.';

-- Test data is no example.
create trigger _120_keep_segment_correction after update on public.issues
  for each row when (old.segment is distinct from new.segment and not new.is_test)
  execute function private.keep_segment_correction();

alter table public.segment_corrections enable row level security;
create policy segment_corrections_select_viewer on public.segment_corrections
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.segment_corrections to authenticated, service_role;

-- Retention

-- What was done with nothing left to do. An event that failed or could not be read stays for a person.
-- Events that come in meanwhile wait for as long as it takes to read the table once; a migration is one
-- transaction, which can't do it concurrently.
-- squawk-ignore require-concurrent-index-creation
create index circle_events_done_processed_at_idx
  on private.circle_events (processed_at) where status in ('processed', 'hint');

create or replace function private.prune_tracker_history(batch integer default 100000) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_events_count integer;
  v_runs_count integer;
begin
  -- One that is being worked on again just now is left for another night.
  delete from private.circle_events as e
  where e.id in (
    select o.id
    from private.circle_events as o
    where o.status in ('processed', 'hint')
      and o.processed_at < now() - make_interval(
        days => (select s.event_retention_days from public.tracker_settings as s)
      )
    order by o.processed_at
    limit prune_tracker_history.batch
    for update skip locked
  );
  get diagnostics v_events_count = row_count;
  delete from cron.job_run_details as d
  where d.runid in (
    select o.runid
    from cron.job_run_details as o
    where coalesce(o.end_time, o.start_time) < now() - interval '7 days'
    order by o.runid
    limit prune_tracker_history.batch
  );
  get diagnostics v_runs_count = row_count;
  return jsonb_build_object('circle_events', v_events_count, 'cron_runs', v_runs_count);
end;
$$;
comment on function private.prune_tracker_history(integer) is
  'Deletes events that were worked on longer ago than event_retention_days and records of cron jobs older '
  'than 7 days, up to so many of each, and returns how many: {circle_events, cron_runs}. What is left over '
  'goes with the next call. For the scheduler.';

select cron.schedule(
  'tracker-prune-history', '37 3 * * *', $$select private.prune_tracker_history()$$
);
