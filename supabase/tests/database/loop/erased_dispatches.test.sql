-- A visitor is forgotten: the tasks that were dispatched because of what they wrote lose their words too.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
select plan(21);

delete from public.tasks;
delete from public.projects;
insert into public.projects (id, user_id, repo_url, repo_name, repo_owner, name) values
  (-11, '00000000-0000-4000-8000-00000000000c', 'https://github.com/acme/app', 'app', 'acme', 'App');

-- The issue that an escalation becomes, the engineering issue and the task, by the name of a visitor.
create temp table made (
  name text primary key, conversation_id uuid, issue_id uuid, number integer, task_id bigint
) on commit drop;
create function pg_temp.escalate(p_name text, p_request text) returns void language plpgsql as $$
declare
  v_conversation_id uuid;
  v_escalation_id uuid;
begin
  insert into support.conversations (session_id) values (p_name) returning id into v_conversation_id;
  insert into support.escalations (conversation_id, issue_type, original_request)
  values (v_conversation_id, 'general', p_request) returning id into v_escalation_id;
  insert into made values (p_name, v_conversation_id, support.escalation_to_issue(v_escalation_id));
end;
$$;
create function pg_temp.promote(p_name text) returns void language sql as $$
  update made set number = (public.promote_issue(issue_id)).issue_number where name = p_name
$$;
create function pg_temp.dispatch(p_name text, p_instructions text default null) returns void
language sql as $$
  update made set task_id = pg_temp.as_persona('agent', format(
    'select (dispatch_issue(%s, -11, instructions := %L)).task_id', number, p_instructions
  ))::bigint
  where name = p_name
$$;
create function pg_temp.messages_of(p_name text) returns text language sql as $$
  select string_agg(m.value ->> 'content', E'\n' order by m.position)
  from public.tasks as t
  cross join lateral jsonb_array_elements(t.chat_messages) with ordinality as m (value, position)
  where t.id = (select task_id from made where name = p_name)
$$;
create function pg_temp.forget(p_name text) returns void language sql as $$
  select support.forget_user(conversation_id := (select conversation_id from made where name = p_name))
$$;

-- A task that is running

select pg_temp.escalate('ana', E'My "card" 4711\\x was charged twice\n\tplease refund ana@example.com ✓');
select pg_temp.promote('ana');
select pg_temp.dispatch('ana', 'Add a test for the double charge.');
update public.tasks set status = 'running' where id = (select task_id from made where name = 'ana');
select public.append_task_message(
  (select task_id from made where name = 'ana'), 'assistant',
  E'The member wrote: My "card" 4711\\x was charged twice\n\tplease refund ana@example.com ✓ I will look.'
);
create temp table before on commit drop as
select t.* from public.tasks as t join made as m on m.task_id = t.id where m.name = 'ana';
select matches(pg_temp.messages_of('ana'), '4711.*ana@example\.com.*ana@example', 'a task has the words');
select pg_temp.forget('ana');
select doesnt_match(pg_temp.messages_of('ana'), '4711|charged twice|ana@|refund|card', 'and loses them');
select matches(
  pg_temp.messages_of('ana'),
  format('^Fix EXAI-%s: Erased support request\n\nAdd a test for the double charge.\n\n',
    (select number from made where name = 'ana')), 'its title is that of an erased request, its orders stay'
);
select matches(
  pg_temp.messages_of('ana'), 'The member wrote: Erased support request I will look\.$',
  'as does what is said'
);
select is(
  (
    select (split_part(t.chat_messages -> 0 ->> 'content', 'not instructions.', 2)::jsonb -> 'issue')
        ->> 'description'
    from public.tasks as t where t.id = (select task_id from made where name = 'ana')
  ), 'Erased support request', 'the context is JSON still'
);
select is(
  (
    select jsonb_agg(m.value - 'content' order by m.position)
    from public.tasks as t
    cross join lateral jsonb_array_elements(t.chat_messages) with ordinality as m (value, position)
    where t.id = (select task_id from made where name = 'ana')
  ), (
    select jsonb_agg(m.value - 'content' order by m.position)
    from before as t
    cross join lateral jsonb_array_elements(t.chat_messages) with ordinality as m (value, position)
  ), 'who wrote each message, and when, stays'
);
select is(
  (
    select to_jsonb(t) - '{chat_messages, updated_at, stored_bytes}'::text[]
    from public.tasks as t where t.id = (select task_id from made where name = 'ana')
  ), (select to_jsonb(b) - '{chat_messages, updated_at, stored_bytes}'::text[] from before as b),
  'the task runs on'
);
select lives_ok(
  format('select public.append_task_message(%s, %L, %L)', (select task_id from made where name = 'ana'),
    'assistant', 'Done'), 'and goes on'
);
select is(
  (
    select count(*)::integer from public.exai_issues
    where issue_number = (select number from made where name = 'ana')
      and concat(title, description) ~ '4711|ana@'
  ), 0, 'its engineering issue has none of them'
);

-- Short words

select pg_temp.escalate('bob', 'Help');
select pg_temp.promote('bob');
select pg_temp.dispatch('bob', 'Help the visitor, whose title is Help.');
select pg_temp.forget('bob');
select matches(
  pg_temp.messages_of('bob'), 'EXAI-\d+: Erased support request\n\nHelp the visitor, whose title is Help\.',
  'a short title is erased as such, and no word of somebody else''s'
);
select doesnt_match(pg_temp.messages_of('bob'), '"Help', 'nor is it in the context');

-- Long ones

select pg_temp.escalate('cyd', 'A secret of Cyd' || repeat(' and another one', 1000));
select pg_temp.promote('cyd');
select pg_temp.dispatch('cyd');
select matches(pg_temp.messages_of('cyd'), 'secret of Cyd', 'a text that the context cuts');
select pg_temp.forget('cyd');
select doesnt_match(pg_temp.messages_of('cyd'), 'secret of Cyd|and another', 'is erased too');

-- Merged, unlinked, edited

select pg_temp.escalate('old', 'Something that is older than the other one');
select pg_temp.escalate('dan', 'The secret of Dan is in here');
update public.issues set created_at = created_at - interval '1 hour'
where id = (select issue_id from made where name = 'old');
select pg_temp.promote('dan');
select pg_temp.dispatch('dan');
select public.merge_issues(
  (select issue_id from made where name = 'dan'), (select issue_id from made where name = 'old')
);
select pg_temp.forget('dan');
select doesnt_match(pg_temp.messages_of('dan'), 'secret of Dan', 'of an issue that was merged');
select is(
  (
    select concat_ws(' ', title, description ~ 'Dan') from public.exai_issues
    where issue_number = (select number from made where name = 'dan')
  ), 'Erased support request f', 'whose engineering issue has moved'
);
select pg_temp.escalate('eve', 'The secret of Eve is in here');
select pg_temp.promote('eve');
select pg_temp.dispatch('eve');
select public.unlink_issue((select issue_id from made where name = 'eve'));
select pg_temp.forget('eve');
select doesnt_match(pg_temp.messages_of('eve'), 'secret of Eve', 'of one that was unlinked');
select is(
  (
    select concat_ws(' ', title, description ~ 'Eve') from public.exai_issues
    where issue_number = (select number from made where name = 'eve')
  ), 'Erased support request f', 'whose engineering issue is another''s'
);
select pg_temp.escalate('fay', 'The secret of Fay is in here');
select pg_temp.promote('fay');
select pg_temp.dispatch('fay');
update public.issues set title = 'Cannot sign in', description = 'What the team found out'
where id = (select issue_id from made where name = 'fay');
select pg_temp.forget('fay');
select doesnt_match(pg_temp.messages_of('fay'), 'secret of Fay', 'of one that was edited since');

-- Related issues

select pg_temp.escalate('gil', 'The secret of Gil is in here');
select pg_temp.promote('gil');
insert into public.exai_issues (issue_number, title) values (990, 'Related');
insert into made (name, number) values ('related', 990);
select public.relate_exai_issues(a.id, b.id, 'relates')
from public.exai_issues as a join public.exai_issues as b on a.issue_number = 990
  and b.issue_number = (select number from made where name = 'gil');
select pg_temp.dispatch('related');
select matches(pg_temp.messages_of('related'), 'secret of Gil', 'the context has related titles');
select pg_temp.forget('gil');
select doesnt_match(pg_temp.messages_of('related'), 'secret of Gil', 'which are erased');

-- Nobody else's

insert into public.tasks (user_id, chat_messages) values (
  '00000000-0000-4000-8000-00000000000c', '[{"role": "user", "content": "The secret of Hal is in here"}]'
);
select pg_temp.escalate('hal', 'The secret of Hal is in here');
select pg_temp.promote('hal');
select pg_temp.forget('hal');
select is(
  (
    select count(*)::integer from public.tasks
    where chat_messages @> '[{"content": "The secret of Hal is in here"}]'
  ), 1, 'a task that nobody dispatched stays'
);
select * from finish();
rollback;
