-- The values of a rule: normalized words, defaults for null, and a clear error for what can't be matched.

-- A typographic apostrophe, as phones insert it, becomes the one of keyboards.
create or replace function private.normalize_words(p_words text) returns text
language sql immutable security invoker set search_path = '' as $$
  select replace(
    lower(regexp_replace(
      private.non_blank(p_words),
      '[\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+', ' ', 'g'
    )),
    U&'\2019', ''''
  )
$$;
comment on function private.normalize_words is
  'Words as rules store them: trimmed, in lower case, separated by single spaces; null for blank text.';

create or replace function private.segment_rule_error(
  p_rule public.segment_rules, out o_detail text, out o_hint text
)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_rule.words is null then
    o_detail := 'words contains no word.';
    o_hint := 'Give one or more words.';
  elsif length(p_rule.words) > 100 then
    o_detail := format('words has %s characters, 100 are allowed.', length(p_rule.words));
    o_hint := 'Give fewer words; use several rules instead.';
  elsif p_rule.words !~ '^\w.*\w$|^\w$' then
    o_detail := format(
      'words %L does not begin and end with a letter, a digit or an underscore.', p_rule.words
    );
    o_hint := 'Leave out punctuation around the words: whole words match next to any punctuation.';
  elsif p_rule.words !~ '^[-\w .''/+#&@:]+$' then
    o_detail := format('words %L contains a character that can''t be matched.', p_rule.words);
    o_hint := 'Use only letters, digits, underscores, spaces and - . '' / + # & @ :';
  elsif p_rule.words ~ '( [^\w ]|[^\w ] )' then
    o_detail := format('words %L has punctuation next to a space.', p_rule.words);
    o_hint := 'Begin and end each word with a letter, a digit or an underscore.';
  elsif p_rule.segment is null or p_rule.segment not in ('auth', 'code', 'tool', 'misc') then
    o_detail := format('The rule %L has the segment %L.', p_rule.words, p_rule.segment);
    o_hint := 'Use one of: auth, code, tool, misc.';
  elsif p_rule.priority is null then
    o_detail := format('The rule %L has no priority.', p_rule.words);
    o_hint := 'Give a number; if several rules match, the segment of the lowest priority wins.';
  elsif p_rule.weight not between 0 and 1 then
    o_detail := format('The rule %L has the weight %s.', p_rule.words, p_rule.weight);
    o_hint := 'Give 0 to 1: how likely a message with these words is an issue.';
  end if;
end;
$$;
comment on function private.segment_rule_error is
  'Detail and hint of the error in a rule; nulls for a valid one.';

-- In an upsert of an existing rule, found by its id or its words, null becomes the stored value (see
-- complete_issue_upsert). Changes of rules are serialized, so that value stays current until the update runs.
create or replace function private.check_segment_rule() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.segment_rules := old;
  v_error record;
begin
  new.words := private.normalize_words(new.words);
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
  v_error := private.segment_rule_error(new);
  if v_error.o_detail is not null then
    raise exception using
      errcode = 'PT422', message = 'tracker_segment_rule_invalid',
      detail = v_error.o_detail, hint = v_error.o_hint;
  end if;
  return new;
end;
$$;
comment on function private.check_segment_rule is
  'Before trigger: normalizes the words, fills in what was left out or null, checks the rule. Errors: '
  'tracker_segment_rule_invalid (422).';

-- Locks before the first row is written, so that a session that waits holds no row locks.
create or replace function private.lock_segment_rules() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.segment_rules', 0));
  return null;
end;
$$;
comment on function private.lock_segment_rules is
  'Before-statement trigger: serializes changes of the rules.';

create trigger _010_lock_segment_rules before insert or update or delete or truncate on public.segment_rules
  for each statement execute function private.lock_segment_rules();
create trigger _050_reject_key_change before update on public.segment_rules
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_check_segment_rule before insert or update on public.segment_rules
  for each row execute function private.check_segment_rule();
create trigger _900_set_timestamps before insert or update on public.segment_rules
  for each row execute function private.set_timestamps();
