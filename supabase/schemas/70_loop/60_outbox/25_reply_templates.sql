-- What reporters read: one text per kind of reply.

create or replace function private.is_reply_template(p_body text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_rest constant text := regexp_replace(p_body, '\{(issue|title|link|version)\}', '', 'g');
begin
  return private.non_blank(p_body) is not null and char_length(p_body) <= 4000 and v_rest !~ '[{}]'
    -- optional parts stand side by side
    and regexp_replace(v_rest, '\[[^][]*\]', '', 'g') !~ '[][]'
    -- and something is left without them
    and private.non_blank(
      regexp_replace(regexp_replace(p_body, '\[[^][]*\]', '', 'g'), '\{(link|version)\}', '', 'g')
    ) is not null;
end;
$$;
comment on function private.is_reply_template is
  'Whether a text is a valid template: no placeholder but {issue}, {title}, {link} and {version}, and '
  'brackets in pairs that do not contain each other, with something outside of them.';

create table public.reply_templates (
  kind text not null,
  body text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint reply_templates_pkey primary key (kind),
  constraint reply_templates_kind_is_known check (kind in ('fixed', 'reopened'))
);
comment on table public.reply_templates is
  'The texts of replies, one row per kind; rows are neither added nor deleted. Viewers read, admins write '
  'them. Errors on write: team_role_required (403), loop_template_invalid, key_change_forbidden (422).';
comment on column public.reply_templates.kind is
  'fixed: the issue was resolved. reopened: it is not fixed after all, to those who were told that it is.';
comment on column public.reply_templates.body is
  'With {issue}, its number; {title}; {link}, loop_settings.issue_url of it; {version}, the version that has '
  'the fix. What stands in [brackets] is left out where a placeholder in it has no value.';

create or replace function private.check_reply_template() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.is_reply_template(new.body) is not true then
    raise exception using
      errcode = 'PT422', message = 'loop_template_invalid',
      detail = 'A template has 1 to 4,000 characters, some outside of brackets, brackets in pairs, and '
        'no placeholder but {issue}, {title}, {link} and {version}.',
      hint = 'Write braces and brackets for placeholders and optional parts only.';
  end if;
  return new;
end;
$$;
comment on function private.check_reply_template is
  'Before trigger: refuses placeholders that nobody fills in. Errors: loop_template_invalid (422).';

create trigger _000_require_admin before update on public.reply_templates
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.reply_templates
  for each row when (old.kind is distinct from new.kind) execute function private.reject_key_change();
create trigger _100_check_reply_template before insert or update on public.reply_templates
  for each row execute function private.check_reply_template();
create trigger _900_set_timestamps before insert or update on public.reply_templates
  for each row execute function private.set_timestamps();

alter table public.reply_templates enable row level security;
create policy reply_templates_select_viewer on public.reply_templates
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy reply_templates_update_admin on public.reply_templates
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.reply_templates to authenticated;
grant update (kind, body, created_at, updated_at) on public.reply_templates to authenticated;
grant select, update on public.reply_templates to service_role;

insert into public.reply_templates (kind, body) values
  ('fixed', 'What you reported, “{title}”, is fixed[ in {version}]. Thank you for telling us![ {link}]'),
  ('reopened', 'We told you that “{title}” is fixed. It is not yet, and we work on it again.[ {link}]');

-- Brackets come before values, which may have some, and the title comes last: what a member wrote is not read
-- for placeholders. Without its addresses: in a reply they would be links of ours, also in the threads of
-- others.
create or replace function private.render_reply(p_kind text, p_issue_id uuid, p_version text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_body text := (select t.body from public.reply_templates as t where t.kind = p_kind);
  c_names constant text[] := array['issue', 'version', 'link', 'title'];
  v_values text[];
begin
  select array[
    i.seq_id::text, p_version, replace(s.issue_url, '{issue}', i.seq_id::text),
    left(private.non_blank(regexp_replace(
      regexp_replace(i.title, '([a-z][a-z0-9+.-]*://|\mwww\.)\S*', '…', 'gi'), '\s+', ' ', 'g'
    )), 200)
  ] into v_values
  from public.issues as i cross join public.loop_settings as s
  where i.id = p_issue_id;
  for v_number in 1 .. 4 loop
    if v_values[v_number] is null then
      v_body := regexp_replace(v_body, format('\[[^][]*\{%s\}[^][]*\]', c_names[v_number]), '', 'g');
    end if;
  end loop;
  v_body := regexp_replace(v_body, '\[([^][]*)\]', '\1', 'g');
  for v_number in 1 .. 4 loop
    v_body := replace(v_body, format('{%s}', c_names[v_number]), coalesce(v_values[v_number], ''));
  end loop;
  -- a title can stand there many times
  return left(v_body, 5000);
end;
$$;
comment on function private.render_reply is
  'The text of a reply of this kind about an issue, with the version that has the fix or null.';
