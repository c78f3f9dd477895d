-- The text of a message, to the letter.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(7);

-- The tests' own data only, until the rollback.
delete from public.issues;
delete from public.circle_issues;
delete from public.circle_spaces;
delete from public.tags;
delete from public.user_sessions;
delete from public.team_members;
delete from private.circle_events;

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'stranger@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'viewer@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'agent@example.com'),
  ('00000000-0000-4000-8000-00000000000d', 'admin@example.com'),
  ('00000000-0000-4000-8000-00000000000e', 'second@example.com');
insert into public.team_members (user_id, role, display_name) values
  ('00000000-0000-4000-8000-00000000000b', 'viewer', 'Vera Viewer'),
  ('00000000-0000-4000-8000-00000000000c', 'agent', 'Agnes Agent'),
  ('00000000-0000-4000-8000-00000000000d', 'admin', 'Adam Admin'),
  ('00000000-0000-4000-8000-00000000000e', 'agent', null);

-- Runs a statement as the API would for this person: its first value, or its SQLSTATE and message.
create function pg_temp.as_persona(p_persona text, p_statement text) returns text language plpgsql as $$
declare
  v_id constant text := case p_persona
    when 'stranger' then '00000000-0000-4000-8000-00000000000a'
    when 'viewer' then '00000000-0000-4000-8000-00000000000b'
    when 'agent' then '00000000-0000-4000-8000-00000000000c'
    when 'admin' then '00000000-0000-4000-8000-00000000000d'
    when 'second' then '00000000-0000-4000-8000-00000000000e'
  end;
  v_role constant text := case when v_id is null then p_persona else 'authenticated' end;
  v_value text;
begin
  perform set_config('request.jwt.claims', json_build_object('role', v_role, 'sub', v_id)::text, true);
  perform set_config('role', v_role, true);
  execute p_statement into v_value;
  perform set_config('role', 'none', true);
  perform set_config('request.jwt.claims', '', true);
  return v_value;
exception
  -- what else goes wrong is no answer that a test expects, and ends it
  when insufficient_privilege or integrity_constraint_violation or sqlstate 'PT401' or sqlstate 'PT403'
    or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422' then
    return sqlstate || ' ' || sqlerrm;
end;
$$;

insert into public.circle_issues (id, message_id, body, link, posted_at, attachments, is_thread) values
  ('30000000-0000-4000-8000-000000000001', '201500290', 'Login loops.' || e'\n' || 'Anyone else?',
    'https://club.example.org/c/help-chat/#message_201500290', '2026-03-02 09:14:05.9+00',
    '["https://cdn.example.org/a.png", {"name": "log.txt", "url": "https://cdn.example.org/log.txt"}]', true),
  ('30000000-0000-4000-8000-000000000002', '201500310', 'Short', null, null, '[]', false),
  ('30000000-0000-4000-8000-000000000003', '201500311', '', 'https://club.example.org/x',
    '2026-12-31 23:30:00-02', '[]',
    false);
insert into public.circle_replies (message_id, circle_issue_id, reply_index, author_name, body,
  attachments) values
  ('12', '30000000-0000-4000-8000-000000000001', 10, 'Mia' || e'\n' || 'Novak', 'Third', '[]'),
  ('11', '30000000-0000-4000-8000-000000000001', 2, 'Lee Park', 'Same here' || e'\r\n\n' || 'on Firefox',
    '["https://x/y"]'),
  ('10', '30000000-0000-4000-8000-000000000001', 1, 'Kim', 'First', '[]');

set local timezone = 'Asia/Tokyo';
select is(
  format_circle_message_description('30000000-0000-4000-8000-000000000001'),
  $text$Login loops.
Anyone else?

> **Kim**: First

> **Lee Park**: Same here
>
> on Firefox
> Attachment: https://x/y

> **Mia Novak**: Third

Attachment: https://cdn.example.org/a.png
Attachment: log.txt https://cdn.example.org/log.txt

---
Message ID: 201500290 | Posted: 2026-03-02 09:14:05
https://club.example.org/c/help-chat/#message_201500290$text$,
  'body, quoted replies by index, attachments, footer with the time in UTC'
);
select is(
  format_circle_message_description('30000000-0000-4000-8000-000000000002'), 'Short',
  'without a link, no footer'
);
select is(
  format_circle_message_description('30000000-0000-4000-8000-000000000003'),
  $text$---
Message ID: 201500311 | Posted: 2027-01-01 01:30:00
https://club.example.org/x$text$,
  'without a body, the footer'
);
select is(format_circle_message_description(gen_random_uuid()), null, 'null for what is not there');
select is(format_circle_message_description(null), null, 'null for null');
select is(
  pg_temp.as_persona('viewer', $$
    select format_circle_message_description('30000000-0000-4000-8000-000000000002') $$),
  'Short', 'a viewer may read it'
);
select is(
  pg_temp.as_persona('stranger', $$
    select format_circle_message_description('30000000-0000-4000-8000-000000000002') $$),
  'PT403 team_role_required', 'a stranger may not'
);

select * from finish();
rollback;
