-- Messages are merged order-free whatever shape they come in, judged by rules that admins keep, wait in a
-- queue where nobody is sure, and can be replayed; issues can be searched, and views show how they fare.

set local lock_timeout = '5s';
set local statement_timeout = '10min';

-- schemas/00_platform/50_texts.sql

-- One answer to the question when a text says nothing.

-- Spaces of other scripts and characters without a width count too. Check constraints repeat the list as a
-- class, since a role that writes may call nothing here. In plpgsql, because a function of language sql is
-- planned anew in each statement that calls it, and this one is called several times for each row.
create or replace function private.presence(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return nullif(
    btrim(
      p_text,
      E' \t\n\r\f\x0b\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008'
        '\u2009\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff'
    ),
    ''
  );
end;
$$;

-- schemas/10_team/10_team_members.sql

-- Ranks make "at least an agent" one comparison; an unknown role has no rank and passes nothing. Policies
-- ask this in each statement, so it is plpgsql: a function of language sql is planned anew each time.
create or replace function private.team_role_rank(p_role text) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array_position(array['viewer', 'agent', 'admin'], p_role);
end;
$$;

create or replace function private.team_role() returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select m.role from public.team_members as m where m.user_id = auth.uid());
end;
$$;

create or replace function private.has_team_role(minimum text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(private.team_role_rank(private.team_role()) >= private.team_role_rank(minimum), false);
end;
$$;

-- schemas/10_team/20_callers.sql

-- Who is calling: what elevated functions ask before they act, and the name that they write down.

-- In plpgsql, as all that triggers ask for each row: a function of language sql is planned anew each time.
create or replace function private.is_trusted_caller() returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  -- `role` and session_user are not changed by security definer, so this sees past the function that asks.
  return coalesce(nullif(current_setting('role'), 'none'), session_user)
    in ('service_role', 'postgres', 'supabase_admin');
end;
$$;

create or replace function private.actor_name() returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  if v_user_id is null then
    return coalesce(nullif(btrim(current_setting('app.actor', true)), ''), 'system');
  end if;
  return coalesce(
    private.member_name(v_user_id),
    (select nullif(split_part(u.email, '@', 1), '') from auth.users as u where u.id = v_user_id),
    v_user_id::text
  );
end;
$$;

-- schemas/20_tracker/12_issue_lifecycle.sql

-- What the database keeps about an issue whoever writes it: allowed values, resolution, people.

create or replace function private.sorted_tags(p_tags text[]) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_tag text;
  v_last text := '';
  v_is_sorted boolean := array_ndims(p_tags) = 1 and array_lower(p_tags, 1) = 1;
begin
  if coalesce(p_tags, '{}') = '{}' then
    return '{}'::text[];
  end if;
  foreach v_tag in array p_tags loop
    v_is_sorted := v_is_sorted and v_tag > v_last collate "C" and private.presence(v_tag) = v_tag;
    exit when v_is_sorted is not true;
    v_last := v_tag;
  end loop;
  if v_is_sorted then
    return p_tags;
  end if;
  return (
    select coalesce(array_agg(distinct v.tag collate "C" order by v.tag collate "C"), '{}')
    from unnest(p_tags) as t (tag)
    cross join lateral private.presence(t.tag) as v (tag)
    where v.tag is not null
  );
end;
$$;

-- PostgREST's upsert is `insert … on conflict (id) do update set <each column sent> = excluded.…`, and what
-- before-insert triggers make of a row is what `excluded` holds. So where the row is there already, they must
-- not fill in anything that would then be written over it: what was sent as null gets the value that is
-- there (null itself would fail as not-null before the conflict is seen). The row is locked as the update
-- will lock it, so that this value is still the one when the update comes.
create or replace function private.meet_stored_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.issues;
begin
  select * into v_old from public.issues as i where i.id = new.id for update;
  if found then
    new.seq_id := coalesce(nullif(new.seq_id, 0), v_old.seq_id);
    new.status := coalesce(new.status, v_old.status);
    new.is_test := coalesce(new.is_test, v_old.is_test);
    new.description := coalesce(new.description, v_old.description);
    new.segment := coalesce(new.segment, v_old.segment);
    new.tags := coalesce(new.tags, v_old.tags);
    new.submitted_by := coalesce(private.presence(new.submitted_by), v_old.submitted_by);
    new.resolved_by := coalesce(private.presence(new.resolved_by), v_old.resolved_by);
  elsif private.is_trusted_caller() and new.seq_id <> 0 then
    perform private.pass_issue_number(new.seq_id);
  else
    new.seq_id := nextval('public.issues_seq_id_seq')::integer;
  end if;
  return new;
end;
$$;

create or replace function private.check_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_statuses constant text[] := array['waiting_for_help', 'in_progress', 'resolved', 'blocked', 'archived'];
  v_segments constant text[] := array['auth', 'code', 'tool', 'misc'];
begin
  new.description := coalesce(new.description, old.description, '');
  new.status := coalesce(new.status, old.status, 'waiting_for_help');
  new.is_test := coalesce(new.is_test, old.is_test, false);
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
drop trigger _110_check_issue on public.issues;
create trigger _110_check_issue before update on public.issues
  for each row when (
    old.status is distinct from new.status or old.segment is distinct from new.segment
    or old.tags is distinct from new.tags or new.description is null or new.is_test is null
  )
  execute function private.check_issue();

-- schemas/20_tracker/13_tracker_settings.sql

-- What an admin sets for the tracker as a whole.

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

-- schemas/20_tracker/14_segment_rules.sql

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

-- schemas/20_tracker/15_triage.sql

-- How a text is judged by the rules: which segment it belongs to, and how likely it is an issue.

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

-- schemas/20_tracker/16_segment_corrections.sql

-- What people corrected: examples of texts that the rules put into the wrong segment, to learn from.

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

-- schemas/20_tracker/30_issue_status_logs.sql

create or replace function private.log_issue_status() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id uuid := auth.uid();
begin
  -- A token may outlive its account; the change still happened.
  if v_user_id is not null and not exists (select from auth.users as u where u.id = v_user_id) then
    v_user_id := null;
  end if;
  insert into public.issue_status_logs (issue_id, old_status, new_status, changed_by, changed_by_user_id)
  values (new.id, old.status, new.status, private.actor_name(), v_user_id);
  return null;
end;
$$;

-- schemas/20_tracker/40_tags.sql

-- Between `on conflict do nothing` and the row that refers to the tag, somebody may delete it.
create or replace function private.hold_tags(p_names text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_held_count integer;
begin
  loop
    perform from public.tags as t where t.name = any (p_names)
    order by t.name collate "C"
    for key share;
    get diagnostics v_held_count = row_count;
    exit when v_held_count = cardinality(p_names);
    insert into public.tags (name)
    select u.name from unnest(p_names) as u (name) order by u.name collate "C"
    on conflict on constraint tags_pkey do nothing;
  end loop;
end;
$$;

-- issues.tags → issue_tags. The row is read again: a statement that writes both shapes has moved on by now.
-- A tag whose row somebody is deleting stays in the array until they have, or for good if they give up.
create or replace function private.put_tag_array_into_rows() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_tags text[];
  v_new text[];
  v_left text[];
  v_row_count integer;
begin
  if tg_op = 'INSERT' then
    insert into public.issue_tags (issue_id, tag_name)
    select new.id, t.name from public.tags as t where t.name = any (new.tags)
    order by t.name collate "C"
    for key share
    on conflict on constraint issue_tags_pkey do nothing;
    get diagnostics v_row_count = row_count;
    if v_row_count < cardinality(new.tags) then
      perform private.hold_tags(new.tags);
      insert into public.issue_tags (issue_id, tag_name)
      select new.id, u.name from unnest(new.tags) as u (name)
      on conflict on constraint issue_tags_pkey do nothing;
    end if;
    return null;
  end if;
  select i.tags into v_tags from public.issues as i where i.id = new.id;
  if not found then
    return null;
  end if;
  delete from public.issue_tags as t
  where t.issue_id = new.id and t.tag_name in (
    select l.tag_name from public.issue_tags as l
    where l.issue_id = new.id and l.tag_name = any (old.tags) and l.tag_name <> all (v_tags)
    for update skip locked
  );
  v_new := array(
    select u.name from unnest(v_tags) as u (name)
    where not exists (
      select from public.issue_tags as t where t.issue_id = new.id and t.tag_name = u.name
    )
    order by u.name collate "C"
  );
  perform private.hold_tags(v_new);
  insert into public.issue_tags (issue_id, tag_name) select new.id, u.name from unnest(v_new) as u (name)
  on conflict on constraint issue_tags_pkey do nothing;
  select array_agg(t.tag_name) into v_left
  from public.issue_tags as t
  where t.issue_id = new.id and t.tag_name <> all (v_tags);
  if v_left is not null then
    update public.issues as i set tags = private.sorted_tags(i.tags || v_left) where i.id = new.id;
  end if;
  return null;
end;
$$;
drop trigger _200_lock_tagged_issue on public.issue_tags;
-- A row that a trigger inserts comes from the array, whose issue and tags are held by then.
create trigger _200_lock_tagged_issue before insert on public.issue_tags
  for each row when (pg_trigger_depth() = 0) execute function private.lock_tagged_issue();
create trigger _210_lock_tagged_issue before delete on public.issue_tags
  for each row execute function private.lock_tagged_issue();
drop trigger _300_put_tag_row_into_array on public.issue_tags;
create trigger _300_put_tag_row_into_array after insert on public.issue_tags
  for each row when (pg_trigger_depth() = 0) execute function private.put_tag_row_into_array();
create trigger _305_put_tag_row_into_array after delete on public.issue_tags
  for each row execute function private.put_tag_row_into_array();

-- schemas/20_tracker/51_circle_issues.sql

-- Checked at once: a tracker that has run for months has some thousands of messages.
alter table public.circle_issues
  add column segment text,
  add column sender_verdict double precision,
  add column triaged_by text,
  add column triaged_by_user_id uuid,
  add column triaged_at timestamptz,
  add column triage_notes text,
  add column field_versions jsonb not null default '{}',
  -- squawk-ignore constraint-missing-not-valid, adding-foreign-key-constraint
  add constraint circle_issues_triaged_by_user_id_fkey foreign key (triaged_by_user_id)
    references auth.users (id) on delete set null,
  -- squawk-ignore constraint-missing-not-valid
  add constraint circle_issues_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  -- squawk-ignore constraint-missing-not-valid
  add constraint circle_issues_sender_verdict_is_a_share check (sender_verdict between 0 and 1),
  -- squawk-ignore constraint-missing-not-valid
  add constraint circle_issues_triaged_by_matches_triaged_at
    check ((triaged_by is null) = (triaged_at is null)),
  -- squawk-ignore constraint-missing-not-valid
  add constraint circle_issues_field_versions_is_object check (jsonb_typeof(field_versions) = 'object'),
  drop constraint circle_issues_mapped_to_issue_id_fkey;
-- Deferrable so that an import can write the message with the number of its issue before the issue.
alter table public.circle_issues
  -- squawk-ignore constraint-missing-not-valid, adding-foreign-key-constraint
  add constraint circle_issues_mapped_to_issue_id_fkey foreign key (mapped_to_issue_id)
    references public.issues (id) on delete set null deferrable initially immediate;
update public.circle_issues as c set
  segment = case lower(btrim(c.raw_data #>> '{Issue_Details,type}'))
    when 'auth' then 'auth' when 'auth/login' then 'auth'
    when 'code' then 'code' when 'code generation' then 'code' when 'tool' then 'tool'
    when 'misc' then 'misc' when 'other' then 'misc' when 'other/misc' then 'misc'
  end,
  sender_verdict = case lower(c.raw_data #>> '{Issue_Details,is_issue}')
    when 'true' then 1 when 'yes' then 1 when '1' then 1
    when 'false' then 0 when 'no' then 0 when '0' then 0
  end
where jsonb_typeof(c.raw_data -> 'Issue_Details') = 'object';

comment on column public.circle_issues.triage_confidence is
  'How sure that decision is, 0 to 1; while none has been made, how likely this is an issue.';
comment on column public.circle_issues.raw_data is 'The newest version of the message, as it was sent.';
comment on column public.circle_issues.segment is
  'The segment that its sender named; null where none did and the words decide.';
comment on column public.circle_issues.sender_verdict is
  'How likely this is an issue by its sender''s word, 0 to 1: 1 is a plain yes, 0 a plain no.';
comment on column public.circle_issues.triaged_by is
  'Display name of the person who decided; what comes later doesn''t change a person''s decision.';
comment on column public.circle_issues.triaged_by_user_id is 'The account that decided, if one did.';
comment on column public.circle_issues.triaged_at is 'When a person decided.';
comment on column public.circle_issues.triage_notes is 'What that person said about it.';
comment on column public.circle_issues.field_versions is
  'The import''s: for each field that is not of the newest version the version that it is from, in seconds '
  'since 1970, and null for a field that nobody sent and that stands in for it.';
-- squawk-ignore require-concurrent-index-creation
create index circle_issues_triaged_by_user_id_idx on public.circle_issues (triaged_by_user_id);
-- squawk-ignore require-concurrent-index-creation
create index circle_issues_waiting_created_at_idx on public.circle_issues (created_at) where not is_triaged;
-- squawk-ignore require-concurrent-index-creation
create index circle_issues_spaceless_chat_room_uuid_idx on public.circle_issues (chat_room_uuid)
  where space_id is null or space_name is null;

create or replace function private.fill_circle_space() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_space record;
begin
  select s.space_id::text as space_id, s.space_name into v_space
  from public.circle_spaces as s
  where s.chat_room_uuid = new.chat_room_uuid;
  if found then
    -- Marked as what nobody sent, so that any version of the message that names its space counts for more.
    if new.space_id is null and v_space.space_id is not null then
      new.space_id := v_space.space_id;
      new.field_versions := new.field_versions || '{"space_id": null}';
    end if;
    if new.space_name is null then
      new.space_name := v_space.space_name;
      new.field_versions := new.field_versions || '{"space_name": null}';
    end if;
  end if;
  return new;
end;
$$;

create or replace function private.fill_spaces_of_messages() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- What fill_circle_space() fills in; nothing else changes.
  update public.circle_issues as c set chat_room_uuid = c.chat_room_uuid
  where c.chat_room_uuid = new.chat_room_uuid and (c.space_id is null or c.space_name is null);
  return null;
end;
$$;
comment on function private.fill_spaces_of_messages() is
  'After trigger of circle_spaces: messages that came before their room was known get its space now.';

-- A person's decision carries their name whatever they write; the import writes none. Whoever changes
-- whether a message is triaged, or as which issue, has decided, and can't take the name off again.
create or replace function private.keep_triager() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_decided constant boolean := tg_op = 'INSERT'
    or new.triaged_by is not null and new.triaged_by is distinct from old.triaged_by
    or new.is_triaged is distinct from old.is_triaged
    or new.mapped_to_issue_id is distinct from old.mapped_to_issue_id
      -- What the deletion of the issue does to its messages is no decision.
      and (
        new.mapped_to_issue_id is not null
        or exists (select from public.issues as i where i.id = old.mapped_to_issue_id)
      );
begin
  if current_setting('app.import', true) = 'on' or private.is_trusted_caller() then
    if new.triaged_by is distinct from old.triaged_by
      and new.triaged_by_user_id is not distinct from old.triaged_by_user_id
    then
      new.triaged_by_user_id := null;
    end if;
  elsif v_is_decided then
    new.triaged_by := private.actor_name();
    new.triaged_by_user_id := auth.uid();
    new.triaged_at := clock_timestamp();
  else
    new.triaged_by := old.triaged_by;
    new.triaged_by_user_id := private.kept_account(old.triaged_by_user_id, new.triaged_by_user_id);
    new.triaged_at := old.triaged_at;
  end if;
  new.triaged_at := case when new.triaged_by is not null then coalesce(new.triaged_at, clock_timestamp()) end;
  new.triaged_by_user_id := case when new.triaged_by is not null then new.triaged_by_user_id end;
  return new;
end;
$$;
comment on function private.keep_triager() is
  'Before trigger: a person''s decision stands under their name, at its time, over any client; one of a '
  'server''s under the name that it gives. An import, which says so with app.import, decides for nobody.';
create trigger _400_keep_triager before insert on public.circle_issues
  for each row when (
    new.triaged_by is not null or new.is_triaged and current_setting('app.import', true) is distinct from 'on'
  )
  execute function private.keep_triager();
create trigger _410_keep_triager before update on public.circle_issues
  for each row when (
    (old.triaged_by, old.triaged_by_user_id, old.triaged_at, old.is_triaged, old.mapped_to_issue_id)
    is distinct from (
      new.triaged_by, new.triaged_by_user_id, new.triaged_at, new.is_triaged, new.mapped_to_issue_id
    )
  )
  execute function private.keep_triager();

create trigger _500_fill_spaces_of_messages after insert or update on public.circle_spaces
  for each row execute function private.fill_spaces_of_messages();
grant insert (
  id, message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
  is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
  edited_at, created_at, updated_at, segment, sender_verdict, triaged_by, triaged_by_user_id, triaged_at,
  triage_notes, field_versions
) on public.circle_issues to authenticated;
grant update (
  id, message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
  is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
  edited_at, created_at, updated_at, segment, sender_verdict, triaged_by, triaged_by_user_id, triaged_at,
  triage_notes, field_versions
) on public.circle_issues to authenticated;

-- schemas/20_tracker/52_circle_replies.sql

alter table public.circle_replies
  -- squawk-ignore ban-drop-not-null
  alter column reply_index drop not null,
  add column field_versions jsonb not null default '{}',
  -- squawk-ignore constraint-missing-not-valid
  add constraint circle_replies_field_versions_is_object check (jsonb_typeof(field_versions) = 'object');

comment on column public.circle_replies.reply_index is
  'Its place in the payload that it was sent in, from 1; null where it came by itself.';
comment on column public.circle_replies.raw_data is 'The newest version of the reply, as it was sent.';
comment on column public.circle_replies.field_versions is 'The import''s, as in circle_issues.';
grant insert (
  id, message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
  edited_at, created_at, updated_at, field_versions
) on public.circle_replies to authenticated;
grant update (
  id, message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
  edited_at, created_at, updated_at, field_versions
) on public.circle_replies to authenticated;

-- schemas/20_tracker/54_circle_imports.sql

alter table private.circle_imports
  add column submitted_by text,
  add column issue_id uuid;
update private.circle_imports as m set issue_id = i.id, submitted_by = i.submitted_by
from public.circle_issues as c
join public.issues as i on i.id = c.mapped_to_issue_id
where c.id = m.circle_issue_id;

comment on table private.circle_imports is
  'One row a message that has been imported. A message with a row here and no issue had its issue taken '
  'away by a person, and is not imported again by itself.';
comment on column private.circle_imports.issue_id is
  'The issue that it wrote, whether or not that is still there: no foreign key.';
-- The view beside which this is read has the caller's rights; nobody has USAGE on the schema for more.
create policy circle_imports_select_viewer on private.circle_imports
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.circle_imports to authenticated, service_role;

-- schemas/20_tracker/55_circle_events.sql

alter table private.circle_events
  add column next_attempt_at timestamptz;
update private.circle_events as e set next_attempt_at = clock_timestamp() where e.status = 'received';
-- squawk-ignore require-concurrent-index-deletion
drop index private.circle_events_waiting_attempts_received_at_idx;

comment on column private.circle_events.status is
  'received: not worked on yet. processed: imported. failed: at least one message was refused, or working on '
  'it ended in an error. hint: ids only, nothing to import. unrecognised: no shape that we know. '
  'unreadable: no JSON that can be stored.';
comment on column private.circle_events.next_attempt_at is
  'When the scheduler works on it again; null when nobody is to, because it is done or was tried too often.';
-- squawk-ignore require-concurrent-index-creation
create index circle_events_next_attempt_at_idx on private.circle_events (next_attempt_at)
  where next_attempt_at is not null;
-- Events are only ever added at the end.
-- squawk-ignore require-concurrent-index-creation
create index circle_events_received_at_idx on private.circle_events using brin (received_at);
-- squawk-ignore require-concurrent-index-creation
create index circle_events_failed_received_at_idx on private.circle_events (received_at)
  where status in ('failed', 'unreadable', 'unrecognised');

-- schemas/20_tracker/70_circle_values.sql

-- Reading values out of what Circle and n8n send: nothing here raises, what can't be read is null. All of it
-- in plpgsql, which keeps its plans; an import calls these some twenty times.

create or replace function private.parsed_time(p_text text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  -- ISO 8601 only: PostgreSQL itself would also take `now`, `infinity` and local formats.
  if p_text !~ '^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?\s*$'
  then
    return null;
  end if;
  if p_text ~ '(Z|:\d\d(\.\d+)?\s*[+-]\d\d(:?\d\d)?)\s*$' then
    return p_text::timestamptz;
  end if;
  return (p_text::timestamp) at time zone 'UTC';
exception
  when invalid_datetime_format or datetime_field_overflow or invalid_time_zone_displacement_value then
    return null;
end;
$$;

create or replace function private.parsed_integer(p_text text) returns integer
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case when p_text ~ '^\d{1,9}$' then p_text::integer end;
end;
$$;

create or replace function private.parsed_share(p_text text) returns double precision
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case when p_text ~ '^\s*(0(\.\d{1,15})?|1(\.0{1,15})?)\s*$' then p_text::double precision end;
end;
$$;
comment on function private.parsed_share(text) is 'A decimal number from 0 to 1; null if it is none.';

create or replace function private.parsed_boolean(p_text text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case lower(btrim(p_text))
    when 'true' then true when 'yes' then true when '1' then true
    when 'false' then false when 'no' then false when '0' then false
  end;
end;
$$;

create or replace function private.parsed_id(p_value jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case when jsonb_typeof(p_value) in ('number', 'string') then private.presence(p_value #>> '{}') end;
end;
$$;
comment on function private.parsed_id(jsonb) is 'An id as text, from a number or a text; else null.';

create or replace function private.parsed_text(p_value jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when jsonb_typeof(p_value) in ('string', 'number', 'boolean')
      and private.presence(p_value #>> '{}') is not null then p_value #>> '{}'
  end;
end;
$$;
comment on function private.parsed_text(jsonb) is 'A text that is not blank, as it came; else null.';

create or replace function private.circle_title(p_title text, p_body text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_body text;
begin
  if private.presence(p_title) is not null then
    return private.presence(p_title);
  end if;
  -- A title is one line; a body of a megabyte need not be searched for it.
  v_body := private.presence(regexp_replace(left(p_body, 1000), '\s+', ' ', 'g'));
  return coalesce(
    case when length(v_body) > 50 then left(v_body, 50) || '...' else v_body end, 'Untitled message'
  );
end;
$$;

create or replace function private.segment_of_type(p_type text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case lower(btrim(p_type))
    when 'auth' then 'auth' when 'auth/login' then 'auth'
    when 'code' then 'code' when 'code generation' then 'code'
    when 'tool' then 'tool'
    when 'misc' then 'misc' when 'other' then 'misc' when 'other/misc' then 'misc'
  end;
end;
$$;

-- Posts and comments come as HTML where nothing plainer is with them.
create or replace function private.text_of_html(p_html text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := p_html;
begin
  if v_text is null or strpos(v_text, '<') = 0 and strpos(v_text, '&') = 0 then
    return v_text;
  end if;
  v_text := regexp_replace(v_text, '\s*(<br\s*/?>|</(p|div|li|h[1-6]|blockquote|pre|tr)>)\s*', E'\n', 'gi');
  v_text := regexp_replace(v_text, '<[a-z/!][^<>]*>', '', 'gi');
  v_text := replace(replace(replace(v_text, '&nbsp;', ' '), '&#39;', ''''), '&quot;', '"');
  v_text := replace(replace(replace(v_text, '&lt;', '<'), '&gt;', '>'), '&amp;', '&');
  return btrim(v_text, E' \n\r\t');
end;
$$;
comment on function private.text_of_html(text) is
  'HTML as plain text: a line a block, without tags, the commonest entities decoded.';

-- schemas/20_tracker/71_circle_captures.sql

-- What a payload says about messages, whatever its shape: one capture for the message at its root and one for
-- each reply. The shapes are told apart by their keys.

create type private.circle_capture as (
  message_id text,
  thread_id text,
  title text,
  body text,
  author_name text,
  author_email text,
  link text,
  attachments jsonb,
  chat_room_uuid text,
  space_id text,
  space_name text,
  posted_at timestamptz,
  edited_at timestamptz,
  reply_index integer,
  is_thread boolean,
  segment text,
  sender_verdict double precision,
  raw_data jsonb
);
comment on type private.circle_capture is
  'A message or reply as one payload tells it. Null: the payload doesn''t say.';

create or replace function private.circle_shape(p_payload jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if jsonb_typeof(p_payload) <> 'object' then
    return 'unrecognised';
  end if;
  return case
    when jsonb_typeof(p_payload -> 'Parent_Message') = 'object' then 'envelope'
    when jsonb_typeof(p_payload -> 'type') = 'string' and jsonb_typeof(p_payload -> 'data') = 'object'
      then 'hint'
    when jsonb_typeof(p_payload -> 'parent_message') = 'object' then 'chat_thread'
    when p_payload ? 'parent_message_id'
      and (p_payload ?| array['parent_body', 'parent_sender']
        or not p_payload ? 'id' and jsonb_typeof(p_payload -> 'replies') = 'array')
      then 'flat_thread'
    when jsonb_typeof(p_payload #> '{message,content}') = 'object' then 'message_content'
    when not p_payload ? 'id' then 'unrecognised'
    when p_payload ?| array['chat_room_uuid', 'chat_room_participant_id'] then 'chat_message'
    when p_payload #>> '{body,record_type}' = 'Comment' or p_payload ?| array['post_id', 'post']
      then 'comment'
    when p_payload #>> '{body,record_type}' = 'Post'
      or p_payload ?| array['body_plain_text', 'display_title']
      or p_payload ?& array['slug', 'space_id', 'name'] then 'post'
    else 'unrecognised'
  end;
end;
$$;
comment on function private.circle_shape(jsonb) is
  'envelope: n8n''s {Type, Parent_Message, …}. flat_thread, message_content: n8n''s older ones. '
  'chat_message, '
  'chat_thread, post, comment: records of Circle''s APIs. hint: Circle''s {type, data}, ids only. Else '
  'unrecognised.';

create or replace function private.name_of_sender(p_sender jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case jsonb_typeof(p_sender)
    when 'object' then p_sender ->> 'name' when 'array' then null else p_sender #>> '{}' end;
end;
$$;
comment on function private.name_of_sender(jsonb) is
  'A sender''s name: of a text, or of an object that has one.';

-- The envelope's shapes differ in their keys: a single message has sender, body and attachments, the root of
-- a thread has parent_sender, parent_body and parent_attachments, and a reply's author stands under "replier
-- <n>". For a message outside a thread, n8n sends the message id as thread id. Records of chat name the id
-- `id`; the older flat threads have reply_id and sender_name.
create or replace function private.read_chat_message(p_message jsonb) returns private.circle_capture
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  m record;
  v private.circle_capture;
begin
  if jsonb_typeof(p_message) <> 'object' then
    return v;
  end if;
  -- One pass over the keys, where `->` would search for each.
  select * into m from jsonb_to_record(p_message) as r (
    message_id jsonb, reply_id jsonb, id jsonb, chat_thread_id jsonb, reply_index text, parent_sender jsonb,
    sender jsonb, sender_name text, author_email text, parent_body jsonb, body jsonb, rich_text_body jsonb,
    message_url text, chat_room_uuid text, space_id jsonb, space_name text, parent_attachments jsonb,
    attachments jsonb, created_at text, sent_at text, parent_created_at text, edited_at text,
    replies_count text
  );
  v.message_id := private.parsed_id(coalesce(m.message_id, m.reply_id, m.id));
  v.thread_id := nullif(private.parsed_id(m.chat_thread_id), v.message_id);
  v.author_name := private.presence(coalesce(
    p_message ->> ('replier ' || m.reply_index),
    private.name_of_sender(coalesce(m.parent_sender, m.sender)), m.sender_name
  ));
  if v.author_name is null then
    select private.presence(k.value) into v.author_name
    from jsonb_each_text(p_message) as k where k.key ~ '^replier( \d+)?$' order by k.key limit 1;
  end if;
  v.author_email := private.presence(coalesce(m.author_email, m.sender ->> 'email'));
  v.body := coalesce(
    private.parsed_text(m.parent_body), private.parsed_text(m.body),
    private.parsed_text(m.rich_text_body -> 'circle_ios_fallback_text')
  );
  v.link := private.presence(m.message_url);
  v.chat_room_uuid := private.presence(m.chat_room_uuid);
  v.space_id := private.parsed_id(m.space_id);
  v.space_name := private.presence(m.space_name);
  v.attachments := coalesce(m.parent_attachments, m.attachments, m.rich_text_body -> 'attachments');
  if jsonb_typeof(v.attachments) <> 'array' then
    v.attachments := null;
  end if;
  v.posted_at := private.parsed_time(coalesce(m.created_at, m.sent_at, m.parent_created_at));
  v.edited_at := private.parsed_time(m.edited_at);
  v.reply_index := private.parsed_integer(m.reply_index);
  v.is_thread := coalesce(private.parsed_integer(m.replies_count) > 0, false);
  v.raw_data := p_message;
  return v;
end;
$$;
comment on function private.read_chat_message(jsonb) is
  'The fields of a chat message or reply, of an envelope or of an API record.';

-- Posts and comments are counted apart from chat messages, and from each other: their ids carry a prefix.
create or replace function private.read_post_or_comment(p_record jsonb, p_prefix text)
returns private.circle_capture
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_capture;
  v_author constant jsonb := coalesce(p_record -> 'author', p_record -> 'user');
  v_html constant text := coalesce(
    p_record #>> '{body,body}', p_record #>> '{body,html}', private.parsed_text(p_record -> 'body')
  );
begin
  v.message_id := p_prefix || private.parsed_id(p_record -> 'id');
  v.title := case when p_prefix = 'post_' then
    coalesce(private.parsed_text(p_record -> 'name'), private.parsed_text(p_record -> 'display_title'))
  end;
  v.body := coalesce(
    private.parsed_text(p_record -> 'body_plain_text'), private.parsed_text(p_record -> 'body_text'),
    private.parsed_text(p_record #> '{tiptap_body,circle_ios_fallback_text}'),
    private.presence(private.text_of_html(v_html))
  );
  v.author_name := private.presence(coalesce(v_author ->> 'name', p_record ->> 'user_name'));
  v.author_email := private.presence(coalesce(v_author ->> 'email', p_record ->> 'user_email'));
  v.link := private.presence(p_record ->> 'url');
  v.attachments := case
    when jsonb_typeof(p_record #> '{tiptap_body,attachments}') = 'array'
      then p_record #> '{tiptap_body,attachments}'
    when jsonb_typeof(p_record #> '{body,attachments}') = 'array' then p_record #> '{body,attachments}'
  end;
  v.space_id := coalesce(
    private.parsed_id(p_record -> 'space_id'), private.parsed_id(p_record #> '{space,id}')
  );
  v.space_name := private.presence(coalesce(p_record ->> 'space_name', p_record #>> '{space,name}'));
  v.posted_at := private.parsed_time(coalesce(p_record ->> 'published_at', p_record ->> 'created_at'));
  v.edited_at := private.parsed_time(coalesce(p_record #>> '{body,updated_at}', p_record ->> 'updated_at'));
  v.raw_data := p_record;
  return v;
end;
$$;
comment on function private.read_post_or_comment(jsonb, text) is
  'The fields of a post or comment, of the Admin or the Headless API.';

-- A reply by itself says little about the message that it answers: enough to hold its place.
create or replace function private.read_circle_root(p_item jsonb, p_shape text)
returns private.circle_capture
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_capture;
  v_details constant jsonb := coalesce(p_item -> 'Issue_Details', p_item #> '{message,content}');
  v_is_issue constant boolean := private.parsed_boolean(v_details ->> 'is_issue');
  v_confidence constant double precision := coalesce(private.parsed_share(v_details ->> 'confidence'), 1);
begin
  case p_shape
    when 'envelope' then
      v := private.read_chat_message(p_item -> 'Parent_Message');
    when 'chat_thread' then
      v := private.read_chat_message(p_item -> 'parent_message');
      v.thread_id := coalesce(v.thread_id, private.parsed_id(p_item -> 'id'));
      v.space_id := coalesce(v.space_id, private.parsed_id(p_item #> '{chat_room,embedded_space,id}'));
    when 'flat_thread' then
      v := private.read_chat_message(p_item - array['id', 'message_id', 'created_at', 'edited_at']);
      v.message_id := private.parsed_id(p_item -> 'parent_message_id');
      v.edited_at := private.parsed_time(p_item ->> 'parent_edited_at');
    when 'message_content' then
      v := private.read_chat_message(p_item || (p_item #> '{message,content}'));
    when 'post' then
      v := private.read_post_or_comment(p_item, 'post_');
    when 'comment' then
      v.message_id := 'post_'
        || coalesce(private.parsed_id(p_item -> 'post_id'), private.parsed_id(p_item #> '{post,id}'));
      v.is_thread := true;
      return v;
    else
      v.message_id := private.parsed_id(p_item -> 'parent_message_id');
      if v.message_id is not null then
        v.thread_id := nullif(private.parsed_id(p_item -> 'chat_thread_id'), v.message_id);
        v.chat_room_uuid := private.presence(p_item ->> 'chat_room_uuid');
        v.is_thread := true;
        return v;
      end if;
      v := private.read_chat_message(p_item);
  end case;
  v.thread_id := nullif(v.thread_id, v.message_id);
  v.is_thread := coalesce(v.is_thread, false) or p_shape in ('chat_thread', 'flat_thread')
    or coalesce(lower(p_item ->> 'Type') = 'thread', false)
    or private.circle_replies_of(p_item, p_shape) #> '{0}' is not null;
  v.title := coalesce(private.presence(private.parsed_text(v_details -> 'issue_title')), v.title);
  v.segment := private.segment_of_type(v_details ->> 'type');
  v.sender_verdict := case when v_is_issue then v_confidence when not v_is_issue then 1 - v_confidence end;
  v.raw_data := p_item;
  return v;
end;
$$;
comment on function private.read_circle_root(jsonb, text) is
  'What a payload of this shape says about the message at its root, the sender''s verdict included.';

create or replace function private.circle_replies_of(p_item jsonb, p_shape text) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_replies constant jsonb := p_item -> case p_shape when 'envelope' then 'Replies' else 'replies' end;
  v_is_reply constant boolean := p_shape = 'comment'
    or p_shape = 'chat_message' and private.parsed_id(p_item -> 'parent_message_id') is not null;
begin
  return case when v_is_reply then jsonb_build_array(p_item) else '[]' end
    || case jsonb_typeof(v_replies) when 'array' then v_replies else '[]' end;
end;
$$;
comment on function private.circle_replies_of(jsonb, text) is
  'The replies in a payload of this shape: an array, often empty.';

create or replace function private.read_circle_replies(p_item jsonb, p_shape text)
returns setof private.circle_capture
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_capture;
  v_reply jsonb;
begin
  for v_reply in
    select e.value from jsonb_array_elements(private.circle_replies_of(p_item, p_shape)) as e (value)
  loop
    v := case
      when p_shape in ('comment', 'post') then private.read_post_or_comment(v_reply, 'comment_')
      else private.read_chat_message(v_reply)
    end;
    return next v;
  end loop;
end;
$$;
comment on function private.read_circle_replies(jsonb, text) is
  'What a payload of this shape says about each of its replies.';

create or replace function private.circle_root_id(p_item jsonb, p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_shape
    when 'hint' then null
    when 'unrecognised' then null
    when 'envelope' then private.parsed_id(p_item #> '{Parent_Message,message_id}')
    when 'chat_message' then coalesce(
      private.parsed_id(p_item -> 'parent_message_id'), private.parsed_id(p_item -> 'message_id'),
      private.parsed_id(p_item -> 'id')
    )
    else (private.read_circle_root(p_item, p_shape)).message_id
  end;
end;
$$;
comment on function private.circle_root_id(jsonb, text) is
  'The id of the message at a payload''s root, null where there is none: what an import locks first.';

create type private.circle_item as (
  item jsonb,
  index integer,
  shape text,
  message_id text,
  is_last boolean
);
comment on type private.circle_item is
  'One element of a payload: its place from 0, its shape, the id of the message at its root, and whether it '
  'is the last one about that message.';

-- Lists of the APIs come as pages: {records: […]}.
create or replace function private.circle_items(p_payload jsonb) returns private.circle_item[]
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_items constant jsonb := case
    when jsonb_typeof(p_payload) = 'array' then p_payload
    when jsonb_typeof(p_payload -> 'records') = 'array' then p_payload -> 'records'
    else jsonb_build_array(p_payload)
  end;
  v_shape text;
begin
  if jsonb_array_length(v_items) = 1 then
    v_shape := private.circle_shape(v_items -> 0);
    return array[
      row(v_items -> 0, 0, v_shape, private.circle_root_id(v_items -> 0, v_shape), true)::private.circle_item
    ];
  end if;
  return array(
    select row(
      e.value, e.place::integer - 1, s.shape, r.message_id,
      lead(r.message_id) over (order by r.message_id collate "C", e.place) is distinct from r.message_id
    )::private.circle_item
    from jsonb_array_elements(v_items) with ordinality as e (value, place)
    cross join lateral (select private.circle_shape(e.value) as shape) as s
    cross join lateral (select private.circle_root_id(e.value, s.shape) as message_id) as r
    order by r.message_id collate "C", e.place
  );
end;
$$;
comment on function private.circle_items(jsonb) is
  'The elements of a payload, which is one, an array, or a page {records}, in the order of their message '
  'ids, which '
  'is the order of locks.';

create type private.circle_triage as (
  likelihood double precision,
  is_sure boolean,
  is_triaged boolean,
  confidence double precision
);
comment on type private.circle_triage is
  'What is thought of a message: how likely it is an issue, whether that is sure enough to make one, and '
  'the two '
  'columns of circle_issues.';

-- A capture is judged by its own words alone, so that it doesn't matter what came before it. Once any of them
-- was sure, the message has an issue.
create or replace function private.judge_circle_message(p_verdict double precision, p_title text, p_body text)
returns private.circle_triage
language plpgsql stable security definer set search_path = '' as $$
declare
  v_threshold constant double precision := (select s.triage_threshold from public.tracker_settings as s);
  v private.circle_triage;
begin
  v.likelihood := coalesce(p_verdict, private.issue_likelihood(p_title, p_body));
  v.is_sure := v.likelihood >= v_threshold;
  v.is_triaged := v.is_sure or coalesce(p_verdict + v_threshold <= 1, false);
  v.confidence := case when v.is_triaged and not v.is_sure then 1 - v.likelihood else v.likelihood end;
  return v;
end;
$$;
comment on function private.judge_circle_message(double precision, text, text) is
  'Whether a message is an issue: by its sender''s verdict, else by its words. The threshold is '
  'tracker_settings.triage_threshold.';

-- schemas/20_tracker/73_format_circle_message_description.sql

-- A message from Circle as text: what an issue's description starts as.

create or replace function private.quoted_lines(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return regexp_replace(regexp_replace(p_text, '\r\n?|\n', E'\n> ', 'g'), '\n> (?=\n|$)', E'\n>', 'g');
end;
$$;

create or replace function private.attachment_lines(p_attachments jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_attachments = '[]' then
    return null;
  end if;
  return (
    select string_agg(
      'Attachment: ' || case jsonb_typeof(a.item)
        when 'object' then coalesce(
          nullif(concat_ws(' ', coalesce(a.item ->> 'name', a.item ->> 'filename'), a.item ->> 'url'), ''),
          a.item::text
        )
        else a.item #>> '{}'
      end,
      E'\n' order by a.place
    )
    from jsonb_array_elements(p_attachments) with ordinality as a (item, place)
  );
end;
$$;

create or replace function private.quoted_replies(p_circle_issue_id uuid) returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select string_agg(
      '> **' || regexp_replace(r.author_name, '\s+', ' ', 'g') || '**: ' || private.quoted_lines(
        concat_ws(E'\n', nullif(r.body, ''), private.attachment_lines(r.attachments))
      ),
      -- Payloads of part of a thread count their replies anew, so the time goes first.
      E'\n\n' order by r.posted_at, r.reply_index, r.message_id collate "C"
    )
    from public.circle_replies as r
    where r.circle_issue_id = p_circle_issue_id
  );
end;
$$;
comment on function private.quoted_replies(uuid) is
  'The replies to a message as Markdown, in the order in which they were posted; null for none.';

create or replace function private.format_circle_message(p_message public.circle_issues) returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  return concat_ws(
    E'\n\n',
    nullif(p_message.body, ''),
    case when p_message.is_thread then private.quoted_replies(p_message.id) end,
    private.attachment_lines(p_message.attachments),
    case when p_message.link is not null then concat(
      E'---\nMessage ID: ', p_message.message_id, ' | Posted: ',
      to_char(
        coalesce(p_message.posted_at, p_message.created_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'
      ),
      E'\n', p_message.link
    ) end
  );
end;
$$;

-- schemas/20_tracker/74_merge_circle_captures.sql

-- Captures of a message come in any order, any number of times, and in part. Each field is a register: it
-- holds the value of the newest version that has one, and of several of one version the greatest, so that the
-- row is the same whatever order they came in. A version is the time of the edit, else of the posting.

create or replace function private.circle_version(p_edited_at timestamptz, p_posted_at timestamptz)
returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- Before all times that a timestamptz can hold, and unlike -infinity a number in jsonb too.
  return coalesce(extract(epoch from coalesce(p_edited_at, p_posted_at)), -1e15);
end;
$$;
comment on function private.circle_version(timestamptz, timestamptz) is
  'The version of a message, in seconds since 1970; one without any time is older than all others.';

-- The time zone, so that times compare as texts by the same rule in every session.
create or replace function private.merge_circle_fields(
  p_stored jsonb, p_versions jsonb, p_capture jsonb, out o_values jsonb, out o_versions jsonb
)
language plpgsql stable security invoker set search_path = '' set timezone = 'UTC' as $$
declare
  v_stored_version constant numeric := private.circle_version(
    (p_stored ->> 'edited_at')::timestamptz, (p_stored ->> 'posted_at')::timestamptz
  );
  v_capture_version constant numeric := private.circle_version(
    (p_capture ->> 'edited_at')::timestamptz, (p_capture ->> 'posted_at')::timestamptz
  );
  v_newest_version numeric;
  v_merged jsonb;
begin
  select coalesce(jsonb_object_agg(w.field, w.register), '{}') into v_merged
  from (
    select distinct on (r.field) r.field, jsonb_build_array(r.version, r.value) as register
    from (
      select
        s.key as field, s.value,
        -- A client may have written something else there.
        case when jsonb_typeof(p_versions -> s.key) = 'number' then (p_versions -> s.key)::numeric
          else v_stored_version end as version
      from jsonb_each(p_stored) as s
      where p_capture ? s.key and p_versions -> s.key is distinct from 'null'
      union all
      select n.key, n.value, v_capture_version from jsonb_each(p_capture) as n
    ) as r
    where r.value <> 'null'
    order by r.field, r.version desc, (r.value #>> '{}') collate "C" desc
  ) as w;
  v_newest_version := private.circle_version(
    (v_merged #>> '{edited_at,1}')::timestamptz, (v_merged #>> '{posted_at,1}')::timestamptz
  );
  select
    jsonb_object_agg(k.field, v_merged -> k.field -> 1),
    coalesce(
      jsonb_object_agg(k.field, v_merged -> k.field -> 0) filter (
        where (v_merged -> k.field ->> 0)::numeric <> v_newest_version
          or not v_merged ? k.field
          and k.field in ('title', 'body', 'author_name', 'attachments', 'raw_data')
      ),
      '{}'
    )
  into o_values, o_versions
  from jsonb_object_keys(p_capture) as k (field);
end;
$$;
comment on function private.merge_circle_fields(jsonb, jsonb, jsonb) is
  'Merges a capture into a stored row, both as {field: value}. Returns the values, null where nobody has '
  'sent '
  'one, and what field_versions is to hold.';

create or replace function private.check_circle_id(p_message_id text, p_code text) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_message_id is not null and length(p_message_id) <= 255 then
    return;
  end if;
  if p_code = 'circle_reply_id_invalid' then
    raise exception using
      errcode = 'PT422', message = 'circle_reply_id_invalid',
      detail = 'Each reply needs an id, a number or text of 1 to 255 characters.',
      hint = 'Send the id that Circle gave the reply.';
  end if;
  raise exception using
    errcode = 'PT422', message = 'circle_message_id_invalid',
    detail = 'A message needs an id, a number or text of 1 to 255 characters.',
    hint = 'Send the id that Circle gave the message.';
end;
$$;
comment on function private.check_circle_id(text, text) is
  'Errors: circle_message_id_invalid, circle_reply_id_invalid (422).';

create or replace function private.merge_circle_message(
  p_message public.circle_issues, p_root private.circle_capture
) returns public.circle_issues
language plpgsql stable security definer set search_path = '' as $$
declare
  v_merged record;
  v public.circle_issues;
begin
  select * into v_merged
  from private.merge_circle_fields(
    to_jsonb(p_message), p_message.field_versions,
    to_jsonb(p_root) - array['message_id', 'reply_index', 'is_thread']
  );
  v := jsonb_populate_record(p_message, v_merged.o_values);
  v.field_versions := v_merged.o_versions;
  v.title := coalesce(v.title, private.circle_title(null, v.body));
  v.body := coalesce(v.body, '');
  v.author_name := coalesce(v.author_name, 'Unknown');
  v.attachments := coalesce(v.attachments, '[]');
  v.raw_data := coalesce(v.raw_data, '{}');
  v.is_thread := p_message.is_thread or coalesce(p_root.is_thread, false);
  -- What was filled in for a room stays as long as the room does.
  if v.chat_room_uuid is not distinct from p_message.chat_room_uuid then
    if v.space_id is null and p_message.space_id is not null then
      v.space_id := p_message.space_id;
      v.field_versions := v.field_versions || '{"space_id": null}';
    end if;
    if v.space_name is null and p_message.space_name is not null then
      v.space_name := p_message.space_name;
      v.field_versions := v.field_versions || '{"space_name": null}';
    end if;
  end if;
  return v;
end;
$$;
comment on function private.merge_circle_message(public.circle_issues, private.circle_capture) is
  'The row of a message with a capture merged into it; nothing is written.';

create or replace function private.insert_circle_message(
  p_root private.circle_capture, p_triage private.circle_triage, p_issue_id uuid,
  out o_message public.circle_issues
)
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.circle_issues (
    message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
    is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
    edited_at, segment, sender_verdict, field_versions
  )
  values (
    p_root.message_id, p_root.thread_id, private.circle_title(p_root.title, p_root.body),
    coalesce(p_root.body, ''), coalesce(p_root.author_name, 'Unknown'), p_root.author_email,
    p_root.space_name, p_root.space_id, p_root.link, coalesce(p_root.is_thread, false),
    p_triage.is_triaged, p_triage.confidence,
    coalesce(p_root.raw_data, '{}'), p_issue_id, coalesce(p_root.attachments, '[]'), p_root.chat_room_uuid,
    p_root.posted_at, p_root.edited_at, p_root.segment, p_root.sender_verdict,
    '{}'::jsonb
      || case when p_root.title is null then '{"title": null}' else '{}' end::jsonb
      || case when p_root.body is null then '{"body": null}' else '{}' end::jsonb
      || case when p_root.author_name is null then '{"author_name": null}' else '{}' end::jsonb
      || case when p_root.attachments is null then '{"attachments": null}' else '{}' end::jsonb
      || case when p_root.raw_data is null then '{"raw_data": null}' else '{}' end::jsonb
  )
  on conflict on constraint circle_issues_message_id_key do nothing
  returning * into o_message;
end;
$$;
comment on function private.insert_circle_message(private.circle_capture, private.circle_triage, uuid) is
  'Inserts the first capture of a message and returns its row; null where the message is there already.';

create or replace function private.merge_circle_reply(
  p_message public.circle_issues, p_reply private.circle_capture
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.circle_replies;
  v_parent public.circle_issues;
  v_merged record;
  v public.circle_replies;
begin
  select * into v_stored from public.circle_replies as r where r.message_id = p_reply.message_id for update;
  if v_stored.circle_issue_id = p_message.id and v_stored.raw_data = p_reply.raw_data then
    return null;
  end if;
  select * into v_parent from public.circle_issues as c where c.id = v_stored.circle_issue_id;
  select * into v_merged
  from private.merge_circle_fields(
    to_jsonb(v_stored) || jsonb_build_object('parent', v_parent.message_id), v_stored.field_versions,
    jsonb_build_object(
      'parent', p_message.message_id, 'author_name', p_reply.author_name, 'body', p_reply.body,
      'attachments', p_reply.attachments, 'link', p_reply.link, 'reply_index', p_reply.reply_index,
      'posted_at', p_reply.posted_at, 'edited_at', p_reply.edited_at, 'raw_data', p_reply.raw_data
    )
  );
  v := jsonb_populate_record(v_stored, v_merged.o_values);
  update public.circle_replies as r set
    circle_issue_id = case v_merged.o_values ->> 'parent'
      when p_message.message_id then p_message.id else v_stored.circle_issue_id end,
    reply_index = v.reply_index, author_name = coalesce(v.author_name, 'Unknown'),
    body = coalesce(v.body, ''), attachments = coalesce(v.attachments, '[]'), link = v.link,
    raw_data = coalesce(v.raw_data, '{}'), posted_at = v.posted_at, edited_at = v.edited_at,
    field_versions = v_merged.o_versions
  where r.id = v_stored.id;
  return nullif(v_parent.id, p_message.id);
end;
$$;
comment on function private.merge_circle_reply(public.circle_issues, private.circle_capture) is
  'Merges a capture of a reply into its row. Returns the other message under which the reply stood before, '
  'whose issue has to be brought up to date; null for none.';

create or replace function private.store_circle_replies(
  p_message public.circle_issues, p_item jsonb, p_shape text, out o_count integer, out o_others uuid[]
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.circle_capture;
begin
  o_count := 0;
  o_others := '{}';
  for v in
    select r.* from private.read_circle_replies(p_item, p_shape) as r order by r.message_id collate "C"
  loop
    perform private.check_circle_id(v.message_id, 'circle_reply_id_invalid');
    insert into public.circle_replies (
      message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
      edited_at, created_at, field_versions
    )
    values (
      v.message_id, p_message.id, v.reply_index, coalesce(v.author_name, 'Unknown'), coalesce(v.body, ''),
      coalesce(v.attachments, '[]'), v.link, v.raw_data, v.posted_at, v.edited_at,
      coalesce(v.posted_at, now()),
      '{}'::jsonb
        || case when v.body is null then '{"body": null}' else '{}' end::jsonb
        || case when v.author_name is null then '{"author_name": null}' else '{}' end::jsonb
        || case when v.attachments is null then '{"attachments": null}' else '{}' end::jsonb
    )
    on conflict on constraint circle_replies_message_id_key do nothing;
    if not found then
      o_others := array_remove(o_others || private.merge_circle_reply(p_message, v), null);
    end if;
    o_count := o_count + 1;
  end loop;
end;
$$;
comment on function private.store_circle_replies(public.circle_issues, jsonb, text) is
  'Stores the replies of a payload; one that is missing from it stays. Returns how many there were, and the '
  'other messages that had one of them. Errors: circle_reply_id_invalid (422).';

-- schemas/20_tracker/75_import_circle_message.sql

-- Turns one element of a payload into a message, its replies, and an issue if it is one.
--
-- Lock order, for everything that imports or deletes: event, the turn of each message and reply, issues by
-- id, messages by message id, replies by message id, tags. Deleting an issue locks it and then reaches its
-- messages, so an import has to lock the issues that its messages have before the first message; and since
-- it learns which those are from the messages, imports of the same message take turns before they look.

create or replace function private.turns_of_messages(p_items private.circle_item[]) returns integer[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_item private.circle_item;
  v_turns integer[] := '{}'::integer[];
begin
  -- 1024 turns for all messages there are, so that no payload runs out of locks.
  foreach v_item in array p_items loop
    v_turns := v_turns || (hashtext(v_item.message_id) & 1023);
    if v_item.shape = 'envelope' and v_item.item #> '{Replies,0}' is null then
      continue;
    end if;
    v_turns := v_turns || array(
      select hashtext(coalesce(e.value ->> 'message_id', e.value ->> 'reply_id', e.value ->> 'id')) & 1023
      from jsonb_array_elements(private.circle_replies_of(v_item.item, v_item.shape)) as e (value)
    );
  end loop;
  return v_turns;
end;
$$;
comment on function private.turns_of_messages(private.circle_item[]) is
  'The turns of the messages and replies in a payload, in no order, some of them several times.';

create or replace function private.take_turns(p_turns integer[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_turns integer[] := p_turns;
  v_turn integer;
begin
  if cardinality(v_turns) > 1 then
    v_turns := array(select distinct u.turn from unnest(v_turns) as u (turn) order by u.turn);
  end if;
  foreach v_turn in array v_turns loop
    perform pg_advisory_xact_lock(hashtext('public.circle_issues'), v_turn);
  end loop;
end;
$$;
comment on function private.take_turns(integer[]) is
  'Imports that have a message or reply in common take turns, from here to the end of their transactions.';

create or replace function private.lock_issues_of_messages(p_items private.circle_item[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_item private.circle_item;
  v_issue_id uuid;
  v_issue_ids uuid[] := '{}'::uuid[];
begin
  foreach v_item in array p_items loop
    select c.mapped_to_issue_id into v_issue_id
    from public.circle_issues as c where c.message_id = v_item.message_id;
    if v_issue_id is not null then
      v_issue_ids := v_issue_ids || v_issue_id;
    end if;
  end loop;
  if v_issue_ids <> '{}' then
    perform from public.issues as i where i.id = any (v_issue_ids) order by i.id for no key update;
  end if;
end;
$$;
comment on function private.lock_issues_of_messages(private.circle_item[]) is
  'Locks the issues of these messages, in the order of their ids, before any message is locked.';

create or replace function private.update_circle_message(
  p_root private.circle_capture, p_triage private.circle_triage,
  out o_message public.circle_issues, out o_is_stale boolean
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.circle_issues;
  v_merged private.circle_triage;
begin
  select * into v_stored from public.circle_issues as c where c.message_id = p_root.message_id for update;
  o_message := v_stored;
  o_is_stale := private.circle_version(p_root.edited_at, p_root.posted_at)
    < private.circle_version(v_stored.edited_at, v_stored.posted_at);
  if v_stored.raw_data is distinct from p_root.raw_data then
    o_message := private.merge_circle_message(v_stored, p_root);
  end if;
  if v_stored.mapped_to_issue_id is not null then
    o_message.triage_confidence := case when p_triage.is_sure
      then greatest(v_stored.triage_confidence, p_triage.confidence) else v_stored.triage_confidence end;
  elsif v_stored.triaged_by is null and not private.had_issue(v_stored.id) then
    v_merged := private.judge_circle_message(o_message.sender_verdict, o_message.title, o_message.body);
    o_message.is_triaged := p_triage.is_sure or v_merged.is_triaged and not v_merged.is_sure;
    o_message.triage_confidence := case when p_triage.is_sure then p_triage.confidence
      else v_merged.confidence end;
  elsif not v_stored.is_triaged then
    -- Put back by a person: theirs to decide, with what is known by now.
    v_merged := private.judge_circle_message(o_message.sender_verdict, o_message.title, o_message.body);
    o_message.triage_confidence := v_merged.likelihood;
  end if;
  if o_message is not distinct from v_stored then
    return;
  end if;
  update public.circle_issues as c set
    thread_id = o_message.thread_id, title = o_message.title, body = o_message.body,
    author_name = o_message.author_name, author_email = o_message.author_email,
    space_name = o_message.space_name, space_id = o_message.space_id, link = o_message.link,
    is_thread = o_message.is_thread, is_triaged = o_message.is_triaged,
    triage_confidence = o_message.triage_confidence, raw_data = o_message.raw_data,
    attachments = o_message.attachments, chat_room_uuid = o_message.chat_room_uuid,
    posted_at = o_message.posted_at, edited_at = o_message.edited_at, segment = o_message.segment,
    sender_verdict = o_message.sender_verdict, field_versions = o_message.field_versions
  where c.id = v_stored.id
  returning * into o_message;
end;
$$;
comment on function private.update_circle_message(private.circle_capture, private.circle_triage) is
  'Merges a capture into the message that is there and decides on it again, unless a person has or it has an '
  'issue. o_is_stale: what we had is newer.';

-- A message whose issue a person deleted is not imported again, and one whose issue was taken back waits for
-- a person.
create or replace function private.had_issue(p_circle_issue_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from private.circle_imports as m where m.circle_issue_id = p_circle_issue_id);
end;
$$;
comment on function private.had_issue(uuid) is 'Whether a message was made an issue before.';

-- The issue may have been merged, edited or deleted since: only what still says what an import wrote is
-- updated.
create or replace function private.refresh_imported_issue(p_message public.circle_issues, p_segment text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant text := private.circle_title(p_message.title, p_message.body);
  v_description constant text := private.format_circle_message(p_message);
  v_last private.circle_imports;
begin
  -- The issue first: an import of this very message has it before it comes here.
  perform from public.issues as i where i.id = p_message.mapped_to_issue_id for no key update;
  select * into v_last from private.circle_imports as m
  where m.circle_issue_id = p_message.id and m.issue_id = p_message.mapped_to_issue_id
  for update;
  if not found or (v_last.title, v_last.description, v_last.segment, v_last.submitted_by)
    is not distinct from (v_title, v_description, p_segment, p_message.author_name)
  then
    return;
  end if;
  perform set_config('app.import', 'on', true);
  update public.issues as i set
    title = case when i.title = v_last.title then v_title else i.title end,
    description = case when i.description = v_last.description then v_description else i.description end,
    segment = case when i.segment = v_last.segment then p_segment else i.segment end,
    submitted_by = case when i.submitted_by = v_last.submitted_by then p_message.author_name
      else i.submitted_by end,
    tags = case when i.segment = v_last.segment then array_replace(i.tags, i.segment, p_segment)
      else i.tags end
  where i.id = p_message.mapped_to_issue_id;
  perform set_config('app.import', 'off', true);
  update private.circle_imports as m set
    title = v_title, description = v_description, segment = p_segment,
    submitted_by = p_message.author_name, imported_at = clock_timestamp()
  where m.circle_issue_id = p_message.id;
end;
$$;
comment on function private.refresh_imported_issue(public.circle_issues, text) is
  'Brings an imported issue up to its message, except where a team member changed it.';

create or replace function private.create_imported_issue(
  p_message public.circle_issues, p_issue_id uuid, p_segment text, p_import_source text, p_imported_by text,
  p_is_automatic boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant text := private.circle_title(p_message.title, p_message.body);
  v_description constant text := private.format_circle_message(p_message);
begin
  insert into public.issues (id, title, description, status, segment, submitted_by, tags)
  values (
    p_issue_id, v_title, v_description, 'waiting_for_help', p_segment, p_message.author_name,
    array[p_segment, 'circle']
  );
  insert into private.circle_imports (circle_issue_id, issue_id, title, description, segment, submitted_by)
  values (p_message.id, p_issue_id, v_title, v_description, p_segment, p_message.author_name)
  on conflict on constraint circle_imports_pkey do update set
    issue_id = excluded.issue_id, title = excluded.title, description = excluded.description,
    segment = excluded.segment, submitted_by = excluded.submitted_by, imported_at = clock_timestamp();
  insert into public.issue_import_logs (circle_issue_id, issue_id, imported_by, import_source, is_automatic)
  values (p_message.id, p_issue_id, p_imported_by, p_import_source, p_is_automatic);
end;
$$;
comment on function private.create_imported_issue(public.circle_issues, uuid, text, text, text, boolean) is
  'Makes the issue of a message, remembers what it wrote and logs the import.';

-- For when the last element about a message is refused, after others that were not.
create or replace function private.refresh_after_refusal(p_message_id text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  select * into v_message from public.circle_issues as c
  where c.message_id = p_message_id and c.mapped_to_issue_id is not null;
  if found then
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  end if;
exception
  when sqlstate 'PT422' or data_exception or integrity_constraint_violation or program_limit_exceeded then
    -- The refusal is reported already; the issue stays as it was.
    null;
end;
$$;
comment on function private.refresh_after_refusal(text) is
  'Brings the issue of a message up to what was stored of it before an element was refused.';

create or replace function private.refresh_other_messages(p_circle_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  if p_circle_issue_ids = '{}' then
    return;
  end if;
  for v_message in
    select c.* from public.circle_issues as c
    where c.id = any (p_circle_issue_ids) and c.mapped_to_issue_id is not null
    order by c.message_id collate "C"
  loop
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  end loop;
end;
$$;
comment on function private.refresh_other_messages(uuid[]) is
  'Brings the issues of messages up to date that have lost a reply, or whose reply has changed.';

create or replace function private.segment_of_message(p_message public.circle_issues) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(p_message.segment, private.determine_segment(p_message.title, p_message.body));
end;
$$;
comment on function private.segment_of_message(public.circle_issues) is
  'The segment that its sender named, else the one of its words.';

-- The issue's id is given to the message before there is the issue, which saves writing the message twice.
create or replace function private.store_circle_message(
  p_root private.circle_capture, p_triage private.circle_triage,
  out o_message public.circle_issues, out o_action text, out o_is_stale boolean
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
  v_updated record;
begin
  if p_triage.is_sure then
    set constraints public.circle_issues_mapped_to_issue_id_fkey deferred;
    v_issue_id := gen_random_uuid();
  end if;
  o_is_stale := false;
  o_message := private.insert_circle_message(p_root, p_triage, v_issue_id);
  if o_message.id is not null then
    o_action := case when v_issue_id is null then 'stored' else 'created' end;
    return;
  end if;
  select * into v_updated from private.update_circle_message(p_root, p_triage);
  o_message := v_updated.o_message;
  o_is_stale := v_updated.o_is_stale;
  o_action := case when o_message.mapped_to_issue_id is null then 'stored' else 'updated' end;
  if o_action = 'stored' and p_triage.is_sure and o_message.triaged_by is null
    and not private.had_issue(o_message.id)
  then
    o_action := 'created';
    update public.circle_issues as c set mapped_to_issue_id = v_issue_id where c.id = o_message.id
    returning * into o_message;
  end if;
end;
$$;
comment on function private.store_circle_message(private.circle_capture, private.circle_triage) is
  'Stores a capture of a message. o_action is created where its issue is to be made now, with the id that '
  'mapped_to_issue_id holds already; updated where it has one, else stored.';

-- Of several elements about one message the last one refreshes the issue: the description of a long thread
-- is not written anew for each of its replies.
create or replace function private.import_circle_item(
  p_item jsonb, p_shape text, p_import_source text, p_imported_by text, p_is_last boolean
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_root constant private.circle_capture := private.read_circle_root(p_item, p_shape);
  v_stored record;
  v_message public.circle_issues;
  v_replies record;
  v_reply_count integer := 0;
  v_segment text;
begin
  if p_shape = 'envelope' and jsonb_typeof(p_item -> 'Replies') not in ('array', 'null') then
    raise exception using
      errcode = 'PT422', message = 'circle_replies_invalid', detail = 'Replies has to be an array.',
      hint = 'Send [] for a message without replies.';
  end if;
  perform private.check_circle_id(v_root.message_id, 'circle_message_id_invalid');
  perform set_config('app.import', 'on', true);
  select * into v_stored from private.store_circle_message(
    v_root, private.judge_circle_message(v_root.sender_verdict, v_root.title, v_root.body)
  );
  v_message := v_stored.o_message;
  if private.circle_replies_of(p_item, p_shape) <> '[]' then
    select * into v_replies from private.store_circle_replies(v_message, p_item, p_shape);
    v_reply_count := v_replies.o_count;
    perform private.refresh_other_messages(v_replies.o_others);
  end if;
  if v_stored.o_action <> 'stored' then
    v_segment := private.segment_of_message(v_message);
  end if;
  if v_stored.o_action = 'created' then
    perform private.create_imported_issue(
      v_message, v_message.mapped_to_issue_id, v_segment, p_import_source, p_imported_by, true
    );
  elsif v_stored.o_action = 'updated' and p_is_last then
    perform private.refresh_imported_issue(v_message, v_segment);
  end if;
  perform set_config('app.import', 'off', true);
  return jsonb_build_object(
    'circle_issue_id', v_message.id, 'message_id', v_message.message_id,
    'message_type', case when v_message.is_thread then 'thread' else 'single' end,
    'title', v_message.title, 'segment', v_segment, 'replies_processed', v_reply_count,
    'issue_id', v_message.mapped_to_issue_id, 'action', v_stored.o_action,
    'is_stale', v_stored.o_is_stale, 'is_triaged', v_message.is_triaged,
    'triage_confidence', v_message.triage_confidence
  );
end;
$$;
comment on function private.import_circle_item(jsonb, text, text, text, boolean) is
  'Imports one element of a payload. Errors: circle_message_id_invalid, circle_reply_id_invalid, '
  'circle_replies_invalid (422).';

-- schemas/20_tracker/76_handle_circle_webhook.sql

-- The ways in for Circle's payloads that are JSON already: messages, or whatever a webhook was sent.

-- What a person sends is written down under their own name, whatever name they give.
create or replace function private.importer_name(p_imported_by text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return case
    when private.is_trusted_caller() then coalesce(nullif(btrim(p_imported_by), ''), 'system')
    else private.actor_name()
  end;
end;
$$;

create or replace function private.process_circle_webhook(
  p_payload jsonb, p_import_source text, p_imported_by text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source constant text := coalesce(nullif(btrim(p_import_source), ''), 'n8n_webhook');
  v_by constant text := private.importer_name(p_imported_by);
  v_items constant private.circle_item[] := private.circle_items(p_payload);
  v_item private.circle_item;
  v_imported jsonb[] := array[]::jsonb[];
begin
  perform private.require_team_role('agent');
  if exists (select from unnest(v_items) as i where i.shape in ('hint', 'unrecognised')) then
    raise exception using
      errcode = 'PT422', message = 'circle_payload_unrecognised',
      detail = 'This is no envelope with an object Parent_Message, and no record of Circle''s API.',
      hint = 'Send {Type, Parent_Message, Replies, Issue_Details}, or call handle_circle_webhook.';
  end if;
  perform private.take_turns(private.turns_of_messages(v_items));
  perform private.lock_issues_of_messages(v_items);
  foreach v_item in array v_items loop
    v_imported := v_imported || (
      jsonb_build_object('index', v_item.index)
      || private.import_circle_item(v_item.item, v_item.shape, v_source, v_by, v_item.is_last)
    );
  end loop;
  if jsonb_typeof(p_payload) = 'object' and not p_payload ? 'records' then
    return v_imported[1] - 'index';
  end if;
  return private.sorted_by_index(v_imported);
end;
$$;
comment on function public.process_circle_webhook(jsonb, text, text) is
  'Imports one message with its replies, an envelope of n8n''s or a record of Circle''s API, and returns '
  '{circle_issue_id, message_id, message_type, title, segment, replies_processed, issue_id, '
  'action: created|updated|stored, is_stale: what we had is newer, is_triaged, triage_confidence}; an '
  'array or '
  'a page {records} all or nothing, with an array of these. Agents and servers. Errors: not_signed_in '
  '(401), team_role_required '
  '(403), circle_payload_unrecognised, '
  'circle_message_id_invalid, circle_reply_id_invalid, circle_replies_invalid (422).';

create or replace function private.source_of_shape(p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case when p_shape in ('envelope', 'flat_thread', 'message_content') then 'n8n_webhook'
    else 'circle_api' end;
end;
$$;
comment on function private.source_of_shape(text) is
  'issue_import_logs.import_source of a payload: n8n_webhook for its envelopes, circle_api for records.';

create or replace function private.handle_circle_webhook(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_by constant text := private.importer_name(null);
  v_items constant private.circle_item[] := private.circle_items(request);
  v_item private.circle_item;
  v_imported jsonb[] := array[]::jsonb[];
  v_errors jsonb[] := array[]::jsonb[];
  v_hint_count integer := 0;
  v_unrecognised_count integer := 0;
  v_state text;
  v_message text;
  v_detail text;
begin
  perform private.require_team_role('agent');
  perform private.take_turns(private.turns_of_messages(v_items));
  perform private.lock_issues_of_messages(v_items);
  foreach v_item in array v_items loop
    v_hint_count := v_hint_count + (v_item.shape = 'hint')::integer;
    v_unrecognised_count := v_unrecognised_count + (v_item.shape = 'unrecognised')::integer;
    continue when v_item.shape in ('hint', 'unrecognised');
    begin
      v_imported := v_imported || (
        jsonb_build_object('index', v_item.index)
        || private.import_circle_item(
          v_item.item, v_item.shape, private.source_of_shape(v_item.shape), v_by, v_item.is_last
        )
      );
    exception
      when sqlstate 'PT422' or data_exception or integrity_constraint_violation or program_limit_exceeded
        or statement_too_complex then
        get stacked diagnostics
          v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
        v_errors := v_errors || jsonb_build_object(
          'index', v_item.index, 'message_id', left(v_item.message_id, 255),
          'code', case v_state when 'PT422' then v_message else 'circle_message_refused' end,
          'message', case v_state when 'PT422' then v_detail else v_message end
        );
        if v_item.is_last and v_item.message_id is not null then
          perform private.refresh_after_refusal(v_item.message_id);
        end if;
    end;
  end loop;
  return jsonb_build_object(
    'processed', cardinality(v_imported), 'hints', v_hint_count, 'unrecognised', v_unrecognised_count,
    'imported', private.sorted_by_index(v_imported), 'errors', private.sorted_by_index(v_errors)
  );
end;
$$;

create or replace function private.sorted_by_index(p_items jsonb[]) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if cardinality(p_items) < 2 then
    return to_jsonb(p_items);
  end if;
  return (select jsonb_agg(i.item order by i.item -> 'index') from unnest(p_items) as i (item));
end;
$$;

-- schemas/20_tracker/77_circle_events.sql

-- Raw events from Circle: one call stores the bytes and commits, a second one works on them and can be
-- repeated.

create or replace function private.decode_circle_event(p_body text) returns bytea
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_body bytea;
begin
  begin
    v_body := decode(p_body, 'base64');
  exception
    when invalid_parameter_value then
      v_body := null;
  end;
  if v_body is null then
    raise exception using
      errcode = 'PT422', message = 'circle_event_not_base64', detail = 'p_body has to be base64.',
      hint = 'Encode the request body as it came, byte for byte.';
  end if;
  if octet_length(v_body) > 1048576 then
    raise exception using
      errcode = 'PT413', message = 'circle_event_too_large',
      detail = format('The body has %s bytes, 1048576 are allowed.', octet_length(v_body)),
      hint = 'Send fewer messages at a time.';
  end if;
  return v_body;
end;
$$;
comment on function private.decode_circle_event(text) is
  'A body from base64. Errors: circle_event_too_large (413), circle_event_not_base64 (422).';

create or replace function private.receive_circle_event(p_body text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  -- Whoever stores it is about to work on it; if nothing comes of that, the scheduler does.
  insert into private.circle_events as e (body, next_attempt_at)
  values (private.decode_circle_event(p_body), clock_timestamp() + interval '30 seconds')
  on conflict on constraint circle_events_digest_key do update set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  returning e.id into v_id;
  return v_id;
end;
$$;

-- jsonb holds no NUL and no half of a surrogate pair. An escape only counts where its backslash is not
-- escaped itself, so escaped backslashes, and then whole pairs, step aside while the rest is replaced. The
-- control characters that stand in for them can't occur in JSON.
create or replace function private.mend_json_escapes(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if strpos(p_text, '\u') = 0 or p_text !~* '\\u(0000|d[89a-f])' or p_text ~ '[\u0001\u0002]' then
    return p_text;
  end if;
  return replace(replace(
    regexp_replace(
      regexp_replace(
        replace(p_text, '\\', chr(1)),
        '\\u([dD][89abAB][[:xdigit:]]{2})\\u([dD][c-fC-F][[:xdigit:]]{2})',
        chr(2) || '\1' || chr(2) || '\2', 'g'
      ),
      '\\u(0000|[dD][89a-fA-F][[:xdigit:]]{2})', '\\ufffd', 'g'
    ),
    chr(2), '\u'
  ), chr(1), '\\');
end;
$$;

create type private.circle_outcome as (
  status text,
  result jsonb,
  error text
);
comment on type private.circle_outcome is 'What working on an event came to: columns of circle_events.';

create or replace function private.work_on_circle_body(p_body bytea) returns private.circle_outcome
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_read record;
  v private.circle_outcome;
begin
  select * into v_read from private.read_circle_event(p_body);
  if v_read.o_error is not null then
    v.status := 'unreadable';
    v.error := v_read.o_error;
    v.result := jsonb_build_object(
      'processed', 0, 'imported', '[]'::jsonb, 'errors', '[]'::jsonb, 'hints', 0, 'unrecognised', 0
    );
    return v;
  end if;
  v.result := private.handle_circle_webhook(v_read.o_payload);
  v.error := v.result #>> '{errors,0,code}';
  v.status := case
    when v.error is not null then 'failed'
    when v.result #> '{imported,0}' is not null then 'processed'
    when (v.result ->> 'hints')::integer > 0 then 'hint'
    when (v.result ->> 'unrecognised')::integer > 0 then 'unrecognised'
    else 'processed'
  end;
  return v;
end;
$$;
comment on function private.work_on_circle_body(bytea) is 'Imports what is in a raw body.';

-- One message that is refused holds up no other, and is tried again: what refuses it may be mended by then.
create or replace function private.next_circle_attempt(p_status text, p_attempts integer) returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if p_status not in ('received', 'failed') or p_attempts >= 10 then
    return null;
  end if;
  -- 1, 2, 4 … minutes up to 6 hours, and up to a fifth more, so that not all come back at once.
  return clock_timestamp()
    + least(interval '1 minute' * 2 ^ greatest(p_attempts - 1, 0), interval '6 hours') * (1 + random() / 5);
end;
$$;
comment on function private.next_circle_attempt(text, integer) is
  'When to work on an event again after so many attempts; null when it is done or ten attempts failed.';

create or replace function private.process_circle_event(p_event_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.circle_events;
  v_outcome private.circle_outcome;
begin
  select * into v_event from private.circle_events as e where e.id = p_event_id for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'circle_event_not_found', detail = 'There is no event with this id.',
      hint = 'Use the id that receive_circle_event returned.';
  end if;
  v_outcome := private.work_on_circle_body(v_event.body);
  update private.circle_events as e set
    status = v_outcome.status, result = v_outcome.result, error = v_outcome.error, attempts = e.attempts + 1,
    processed_at = clock_timestamp(),
    next_attempt_at = private.next_circle_attempt(v_outcome.status, e.attempts + 1)
  where e.id = p_event_id;
  return jsonb_build_object('event_id', p_event_id, 'status', v_outcome.status) || v_outcome.result;
end;
$$;

-- The two in one transaction, for the time when all goes well: a caller who gets an error from this stores
-- the body with receive_circle_event, and nothing is lost. An event that was worked on before is not again.
create or replace function private.ingest_circle_event(p_body text) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_body constant bytea := private.decode_circle_event(p_body);
  v_event private.circle_events;
  v_outcome private.circle_outcome;
begin
  update private.circle_events as e set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  where e.digest = sha256(v_body)
  returning * into v_event;
  if found then
    if v_event.status in ('received', 'failed') then
      return private.process_circle_event(v_event.id);
    end if;
    return jsonb_build_object('event_id', v_event.id, 'status', v_event.status) || v_event.result;
  end if;
  v_outcome := private.work_on_circle_body(v_body);
  insert into private.circle_events as e (
    body, status, result, error, attempts, processed_at, next_attempt_at
  )
  values (
    v_body, v_outcome.status, v_outcome.result, v_outcome.error, 1, clock_timestamp(),
    private.next_circle_attempt(v_outcome.status, 1)
  )
  on conflict on constraint circle_events_digest_key do update set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  returning * into v_event;
  return jsonb_build_object('event_id', v_event.id, 'status', v_outcome.status) || v_outcome.result;
end;
$$;
comment on function private.ingest_circle_event(text) is 'Body of public.ingest_circle_event.';
grant execute on function private.ingest_circle_event(text) to service_role;

create or replace function public.ingest_circle_event(p_body text) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.ingest_circle_event(p_body => ingest_circle_event.p_body);
end;
comment on function public.ingest_circle_event(text) is
  'Stores a raw request body, given as base64, and works on it, in one transaction; the same bytes again '
  'are the '
  'same event and change nothing. Returns what process_circle_event does. After an error nothing is stored: '
  'call receive_circle_event. Service role only. Errors: circle_event_too_large (413), '
  'circle_event_not_base64 (422).';
grant execute on function public.ingest_circle_event(text) to service_role;

-- schemas/20_tracker/78_circle_event_retries.sql

-- Second chances: events that could not be worked on are tried again by the clock, are listed with their
-- errors, and can all be replayed.

create or replace function private.retry_circle_event(p_event_id uuid) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_error text;
begin
  return private.process_circle_event(p_event_id) ->> 'status';
exception
  -- A mistake in the import too: it must not hold up what comes after the event that shows it.
  when data_exception or integrity_constraint_violation or cardinality_violation or feature_not_supported
    or syntax_error_or_access_rule_violation or plpgsql_error or program_limit_exceeded
    or insufficient_resources or transaction_rollback or object_not_in_prerequisite_state
    or with_check_option_violation or internal_error
    or sqlstate 'PT401' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422'
  then
    get stacked diagnostics v_error = message_text;
    update private.circle_events as e set
      attempts = e.attempts + 1, error = format('%s: %s', sqlstate, v_error), status = 'failed',
      processed_at = clock_timestamp(),
      next_attempt_at = private.next_circle_attempt('failed', e.attempts + 1)
    where e.id = p_event_id;
    return 'failed';
end;
$$;
comment on function private.retry_circle_event(uuid) is
  'Works on an event, records an error that it ends in, and returns its status.';

-- Nothing raises here; what can't be taken apart is reported when it is worked on.
create or replace function private.turns_of_event(p_body bytea) returns integer[]
language plpgsql stable security invoker set search_path = '' as $$
begin
  return private.turns_of_messages(private.circle_items((private.read_circle_event(p_body)).o_payload));
exception
  when data_exception or program_limit_exceeded or syntax_error_or_access_rule_violation or plpgsql_error then
    return '{}'::integer[];
end;
$$;
comment on function private.turns_of_event(bytea) is 'The turns of the messages in a raw body.';

-- Several events in one transaction: the turns of all of them first, in order, as one payload takes its own.
create or replace function private.take_turns_of_events(p_event_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.take_turns(array(
    select t.turn from private.circle_events as e, unnest(private.turns_of_event(e.body)) as t (turn)
    where e.id = any (p_event_ids)
  ));
end;
$$;
comment on function private.take_turns_of_events(uuid[]) is
  'Takes turns with all imports of the messages in these events, which are locked already.';

create or replace function private.process_waiting_circle_events(batch integer default 20) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event_ids constant uuid[] := array(
    select e.id
    from private.circle_events as e
    where e.next_attempt_at <= clock_timestamp()
    order by e.next_attempt_at
    limit process_waiting_circle_events.batch
    for update skip locked
  );
  v_event_id uuid;
  v_processed_count integer := 0;
begin
  perform private.take_turns_of_events(v_event_ids);
  foreach v_event_id in array v_event_ids loop
    v_processed_count := v_processed_count + (private.retry_circle_event(v_event_id) <> 'failed')::integer;
  end loop;
  return v_processed_count;
end;
$$;
comment on function private.process_waiting_circle_events(integer) is
  'Works on up to so many events whose time has come, and returns how many succeeded. One that fails is '
  'tried '
  'again later, ten times in all: after 1, 2, 4 … minutes. For the scheduler.';

create or replace function private.replay_circle_events(
  p_from timestamptz, p_to timestamptz, p_limit integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := least(greatest(coalesce(p_limit, 1000), 1), 10000);
  v_event_ids uuid[];
  v_event_id uuid;
  v_last_at timestamptz;
  v_counts jsonb := '{}'::jsonb;
  v_status text;
begin
  perform private.require_team_role('admin');
  if p_from is null or p_to is null or p_from > p_to then
    raise exception using
      errcode = 'PT422', message = 'replay_range_invalid', detail = 'p_from has to come before p_to.',
      hint = 'Give the times between which the events were received.';
  end if;
  -- All events before the first turn of a message, as the order of locks has it. Those of one moment stay
  -- together, so that next_from is always later than the last.
  select array_agg(o.id order by o.received_at, o.id), max(o.received_at) into v_event_ids, v_last_at
  from (
    select e.id, e.received_at from private.circle_events as e
    where e.received_at >= p_from and e.received_at < p_to
    order by e.received_at
    fetch first v_limit rows with ties
    for update
  ) as o;
  perform private.take_turns_of_events(v_event_ids);
  foreach v_event_id in array coalesce(v_event_ids, '{}') loop
    v_status := private.retry_circle_event(v_event_id);
    v_counts := v_counts || jsonb_build_object(v_status, coalesce((v_counts ->> v_status)::integer, 0) + 1);
  end loop;
  return jsonb_build_object(
    'replayed', coalesce(cardinality(v_event_ids), 0),
    'next_from', (
      select min(e.received_at) from private.circle_events as e
      where e.received_at > v_last_at and e.received_at < p_to
    )
  ) || v_counts;
end;
$$;
comment on function private.replay_circle_events(timestamptz, timestamptz, integer) is
  'Body of public.replay_circle_events.';
grant execute on function private.replay_circle_events(timestamptz, timestamptz, integer)
  to authenticated, service_role;

create or replace function public.replay_circle_events(
  p_from timestamptz, p_to timestamptz default now(), p_limit integer default 1000
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.replay_circle_events(
    p_from => replay_circle_events.p_from, p_to => replay_circle_events.p_to,
    p_limit => replay_circle_events.p_limit
  );
end;
comment on function public.replay_circle_events(timestamptz, timestamptz, integer) is
  'Works again on every event received from p_from up to p_to, in the order in which they came, with the '
  'same '
  'result as before. Returns {replayed, next_from, <status>: count}; next_from is where to go on when '
  'there were '
  'more than p_limit (at most 10000), else null. Admins and servers. Errors: not_signed_in (401), '
  'team_role_required (403), replay_range_invalid (422).';
grant execute on function public.replay_circle_events(timestamptz, timestamptz, integer)
  to authenticated, service_role;

-- Reads a table of schema private with the caller's rights, which a view may: nobody needs USAGE for it. The
-- body stays where it is.
create policy circle_events_select_viewer on private.circle_events
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select (
  id, status, error, result, attempts, received_count, received_at, last_received_at, processed_at,
  next_attempt_at
) on private.circle_events to authenticated, service_role;

create view public.failed_circle_events with (security_invoker = true) as
select
  e.id, e.status, e.error, e.result -> 'errors' as errors, e.attempts, e.received_count, e.received_at,
  e.processed_at, e.next_attempt_at
from private.circle_events as e
where e.status in ('failed', 'unreadable', 'unrecognised');
comment on view public.failed_circle_events is
  'Events from Circle that are not imported, or not all of them, with the reason. For the team.';
comment on column public.failed_circle_events.errors is
  'The messages that were refused: an array of {index, message_id, code, message}.';
comment on column public.failed_circle_events.next_attempt_at is
  'When it is tried again; null when it isn''t: replay_circle_events() does.';
grant select on public.failed_circle_events to authenticated, service_role;

-- schemas/20_tracker/79_circle_triage.sql

-- Where a person decides: the messages that nobody was sure about, the ways to make an issue of one or not,
-- and the way back.

create view public.circle_triage_queue with (security_invoker = true) as
select
  c.id, c.message_id, c.title, c.body, c.author_name, c.author_email, c.space_id, c.space_name, c.link,
  c.is_thread, c.triage_confidence, c.sender_verdict, c.segment, c.triage_notes, c.posted_at, c.created_at
from public.circle_issues as c
-- Without those of which only a reply has come.
where not c.is_triaged
  and (c.body <> '' or c.attachments <> '[]' or c.field_versions -> 'raw_data' is distinct from 'null');
comment on view public.circle_triage_queue is
  'Messages of which nobody was sure enough whether they are issues, for a person to decide: '
  'import_circle_issue() or dismiss_circle_issue(). The most likely ones first is `order by '
  'triage_confidence '
  'desc`, the oldest first `order by created_at`.';
comment on column public.circle_triage_queue.triage_confidence is 'How likely it is an issue, 0 to 1.';
comment on column public.circle_triage_queue.segment is
  'The segment that its sender named; where null, determine_segment(title, body) says one.';
grant select on public.circle_triage_queue to authenticated, service_role;

create or replace function private.lock_circle_issue(p_circle_issue_id uuid) returns public.circle_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  perform private.require_team_role('agent');
  -- The turn of the message and then its issue: the order of all locks.
  perform private.take_turns(array[hashtext(c.message_id) & 1023])
  from public.circle_issues as c where c.id = p_circle_issue_id;
  perform from public.issues as i
  where i.id = (select c.mapped_to_issue_id from public.circle_issues as c where c.id = p_circle_issue_id)
  for no key update;
  select * into v_message from public.circle_issues as c where c.id = p_circle_issue_id for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'circle_issue_not_found', detail = 'There is no message with this id.',
      hint = 'Use the id of a row in circle_issues.';
  end if;
  return v_message;
end;
$$;
comment on function private.lock_circle_issue(uuid) is
  'A message for its triage. Errors: not_signed_in (401), team_role_required (403), circle_issue_not_found '
  '(404).';

create or replace function private.former_issue(p_circle_issue_id uuid) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
begin
  return (
    select i.id from private.circle_imports as m join public.issues as i on i.id = m.issue_id
    where m.circle_issue_id = p_circle_issue_id
      and not exists (select from public.circle_issues as o where o.mapped_to_issue_id = i.id)
    for no key update of i
  );
end;
$$;
comment on function private.former_issue(uuid) is
  'The issue that was made of a message before it was put back, locked; null where it is gone or is that of '
  'another message by now.';

create or replace function private.import_circle_issue(
  p_circle_issue_id uuid, p_issue_id uuid, p_title text, p_segment text, p_notes text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
  v_former_id constant uuid := private.former_issue(p_circle_issue_id);
  v_issue_id constant uuid := coalesce(p_issue_id, v_former_id, gen_random_uuid());
begin
  if v_message.mapped_to_issue_id is not null then
    if p_issue_id is null or p_issue_id = v_message.mapped_to_issue_id then
      return v_message.mapped_to_issue_id;
    end if;
    raise exception using
      errcode = 'PT409', message = 'circle_issue_has_issue',
      detail = 'The message has another issue already.',
      hint = 'Put it back with return_circle_issue first.';
  end if;
  if p_issue_id is not null then
    perform from public.issues as i where i.id = p_issue_id for key share;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'issue_not_found', detail = 'There is no issue with the id p_issue_id.',
        hint = 'Leave it out to make a new issue.';
    end if;
  end if;
  set constraints public.circle_issues_mapped_to_issue_id_fkey deferred;
  update public.circle_issues as c set
    mapped_to_issue_id = v_issue_id, is_triaged = true, triage_confidence = 1,
    triaged_by = private.actor_name(), triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_notes = coalesce(private.presence(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id
  returning * into v_message;
  if p_issue_id is not null or v_former_id is not null then
    insert into public.issue_import_logs (circle_issue_id, issue_id, imported_by, import_source, import_notes)
    values (p_circle_issue_id, v_issue_id, private.actor_name(), 'triage', p_notes);
    -- The message may have changed since it was put back.
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  else
    perform private.create_imported_issue(
      v_message, v_issue_id, private.segment_of_message(v_message), 'triage', private.actor_name(), false
    );
  end if;
  update public.issues as i set
    title = coalesce(private.presence(p_title), i.title), segment = coalesce(p_segment, i.segment),
    tags = case when p_segment is null then i.tags else array_replace(i.tags, i.segment, p_segment) end,
    status = case when i.id = v_former_id and i.status = 'archived' then 'waiting_for_help' else i.status end
  where i.id = v_issue_id
    and (p_title is not null or p_segment is not null or i.id = v_former_id);
  return v_issue_id;
end;
$$;
comment on function private.import_circle_issue(uuid, uuid, text, text, text) is
  'Body of public.import_circle_issue.';
grant execute on function private.import_circle_issue(uuid, uuid, text, text, text)
  to authenticated, service_role;

create or replace function public.import_circle_issue(
  p_circle_issue_id uuid, p_issue_id uuid default null, p_title text default null,
  p_segment text default null, p_notes text default null
) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.import_circle_issue(
    p_circle_issue_id => import_circle_issue.p_circle_issue_id, p_issue_id => import_circle_issue.p_issue_id,
    p_title => import_circle_issue.p_title, p_segment => import_circle_issue.p_segment,
    p_notes => import_circle_issue.p_notes
  );
end;
comment on function public.import_circle_issue(uuid, uuid, text, text, text) is
  'Decides that a message is an issue and returns the issue''s id: a new one, with p_title and p_segment '
  'where '
  'given; the one it had before it was put back; or p_issue_id, of which it is a duplicate. Called again it '
  'returns the same. return_circle_issue() undoes it. Agents and servers. Errors: not_signed_in (401), '
  'team_role_required (403), circle_issue_not_found, issue_not_found (404), circle_issue_has_issue (409), '
  'issue_segment_unknown (422).';
grant execute on function public.import_circle_issue(uuid, uuid, text, text, text)
  to authenticated, service_role;

create or replace function private.dismiss_circle_issue(p_circle_issue_id uuid, p_notes text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
begin
  if v_message.mapped_to_issue_id is not null then
    raise exception using
      errcode = 'PT409', message = 'circle_issue_has_issue', detail = 'The message has an issue already.',
      hint = 'Put it back with return_circle_issue first, or archive the issue.';
  end if;
  if v_message.is_triaged and v_message.triaged_by is not null then
    update public.circle_issues as c set triage_notes = p_notes
    where c.id = p_circle_issue_id and private.presence(p_notes) is not null;
    return;
  end if;
  update public.circle_issues as c set
    is_triaged = true, triage_confidence = 1, triaged_by = private.actor_name(),
    triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_notes = coalesce(private.presence(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
end;
$$;
comment on function private.dismiss_circle_issue(uuid, text) is 'Body of public.dismiss_circle_issue.';
grant execute on function private.dismiss_circle_issue(uuid, text) to authenticated, service_role;

create or replace function public.dismiss_circle_issue(p_circle_issue_id uuid, p_notes text default null)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.dismiss_circle_issue(
    p_circle_issue_id => dismiss_circle_issue.p_circle_issue_id, p_notes => dismiss_circle_issue.p_notes
  );
end;
comment on function public.dismiss_circle_issue(uuid, text) is
  'Decides that a message is no issue, whatever is imported later; it stays stored. Called again it changes '
  'nothing but the notes. return_circle_issue() undoes it. Agents and servers. Errors: not_signed_in (401), '
  'team_role_required (403), circle_issue_not_found (404), circle_issue_has_issue (409).';
grant execute on function public.dismiss_circle_issue(uuid, text) to authenticated, service_role;

-- The issue is archived, not deleted: what was said in it stays, and importing the message again brings it
-- back.
create or replace function private.return_circle_issue(p_circle_issue_id uuid, p_notes text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
begin
  update public.circle_issues as c set
    mapped_to_issue_id = null, is_triaged = false, triaged_by = private.actor_name(),
    triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_confidence = (private.judge_circle_message(c.sender_verdict, c.title, c.body)).likelihood,
    triage_notes = coalesce(private.presence(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
  update public.issues as i set status = 'archived'
  where i.status <> 'archived' and i.id = v_message.mapped_to_issue_id
    and i.id = (select m.issue_id from private.circle_imports as m where m.circle_issue_id = v_message.id)
    and not exists (select from public.circle_issues as o where o.mapped_to_issue_id = i.id);
end;
$$;
comment on function private.return_circle_issue(uuid, text) is 'Body of public.return_circle_issue.';
grant execute on function private.return_circle_issue(uuid, text) to authenticated, service_role;

create or replace function public.return_circle_issue(p_circle_issue_id uuid, p_notes text default null)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.return_circle_issue(
    p_circle_issue_id => return_circle_issue.p_circle_issue_id, p_notes => return_circle_issue.p_notes
  );
end;
comment on function public.return_circle_issue(uuid, text) is
  'Puts a message back into circle_triage_queue, whether it was imported or dismissed. The issue that an '
  'import '
  'made of it, and of no other message, is archived. From then on only a person decides. Agents and servers. '
  'Errors: not_signed_in (401), team_role_required (403), circle_issue_not_found (404).';
grant execute on function public.return_circle_issue(uuid, text) to authenticated, service_role;

create view public.issue_import_differences with (security_invoker = true) as
select
  i.id as issue_id, c.id as circle_issue_id, d.field, d.current_value, d.imported_value, m.imported_at
from private.circle_imports as m
join public.circle_issues as c on c.id = m.circle_issue_id
join public.issues as i on i.id = c.mapped_to_issue_id and i.id = m.issue_id
cross join lateral (
  values
    ('title', i.title, m.title), ('description', i.description, m.description),
    ('segment', i.segment, m.segment), ('submitted_by', i.submitted_by, m.submitted_by)
) as d (field, current_value, imported_value)
where d.current_value <> d.imported_value;
comment on view public.issue_import_differences is
  'Where an issue says something else than its message, because a team member changed it: what stands there, '
  'and beside it what the last import would have made of it. Writing the imported value into the issue '
  'takes it '
  'over, and later imports follow again.';
comment on column public.issue_import_differences.field is 'title, description, segment or submitted_by.';
grant select on public.issue_import_differences to authenticated, service_role;

-- schemas/20_tracker/81_prune_tracker_history.sql

-- Lets go of what has been worked on and of what is only history, so that neither grows for ever.

-- What was done with nothing left to do. An event that failed or could not be read stays for a person.
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

-- schemas/90_jobs/10_tracker.sql

select cron.schedule(
  'tracker-prune-history', '37 3 * * *', $$select private.prune_tracker_history()$$
);

-- What the new import has no use for.

drop function private.import_circle_message(jsonb, text, text);
drop function private.lock_issues_of_messages(jsonb);
drop function private.read_circle_message(jsonb);
drop function private.refresh_imported_issue(public.circle_issues, text, text);
drop function private.create_imported_issue(public.circle_issues, text, text, text, text);
drop function private.store_circle_message(jsonb, text, boolean);
drop function private.store_circle_replies(uuid, jsonb);
drop function private.take_late_circle_message(text, text, boolean, boolean);
