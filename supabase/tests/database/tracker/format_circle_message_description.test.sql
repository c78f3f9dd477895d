-- format_circle_message_description: the exact text.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(7);

\ir ../helpers/personas.psql

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
  'body, replies by reply_index, attachments, and a footer with the time in UTC'
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
  'without a body, only the footer'
);
select is(
  format_circle_message_description(gen_random_uuid()), null, 'null for a message that does not exist'
);
select is(format_circle_message_description(null), null, 'null for null');
select is(
  pg_temp.as_persona('viewer', $$
    select format_circle_message_description('30000000-0000-4000-8000-000000000002') $$),
  'Short', 'a viewer may call it'
);
select is(
  pg_temp.as_persona('stranger', $$
    select format_circle_message_description('30000000-0000-4000-8000-000000000002') $$),
  'PT403 team_role_required', 'a stranger may not'
);

select * from finish();
rollback;
