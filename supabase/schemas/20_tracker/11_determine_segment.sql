-- Which of the four segments a text belongs to, by its words.

create or replace function public.determine_segment(p_title text, p_description text) returns text
language sql immutable security invoker set search_path = '' as $$
  -- Whole words; the first list that has one wins.
  select case
    when v.words ~ (
      '\y(auth|login|account|password|credential|sign\s+in|signin|oauth|jwt|token|refresh\s+token'
      || '|authentication|signup|sign\s+up)\y'
    ) then 'auth'
    when v.words ~ (
      '\y(code|error|bug|exception|null|undefined|runtime|syntax|function|variable|method|class|object'
      || '|property|api|endpoint|crash|timeout)\y'
    ) then 'code'
    when v.words ~ (
      '\y(tool|cursor|editor|environment|development|ide|extension|plugin|vs\s+code|vscode|taskmaster'
      || '|10xcoder|pipeline|integration|cli|command\s+line)\y'
    ) then 'tool'
    else 'misc'
  end
  from (
    select lower(concat_ws(' ', determine_segment.p_title, determine_segment.p_description)) as words
  ) as v
$$;
comment on function public.determine_segment(text, text) is
  'The segment of a text: auth, code or tool by the first whole word found, in this order, else misc. Never'
  ' null.';
grant execute on function public.determine_segment(text, text) to authenticated, service_role;
