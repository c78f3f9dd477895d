-- The schema document's DDL, run into an empty schema, and each column, check, key and index of it compared
-- with schema support.

begin;
create extension if not exists pgtap with schema extensions;
select plan(10);

create schema document;
set local search_path = document, extensions;
select lives_ok($document$
CREATE TABLE users (
    id UUID DEFAULT gen_random_uuid() PRIMARY KEY,
    email VARCHAR(255) UNIQUE,
    name VARCHAR(255),
    phone VARCHAR(50),
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);
CREATE TABLE conversations (
    id UUID DEFAULT gen_random_uuid() PRIMARY KEY,
    user_id UUID REFERENCES users(id) ON DELETE CASCADE,
    session_id VARCHAR(255) UNIQUE NOT NULL,
    status VARCHAR(50) DEFAULT 'active',
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);
CREATE TABLE messages (
    id UUID DEFAULT gen_random_uuid() PRIMARY KEY,
    conversation_id UUID REFERENCES conversations(id) ON DELETE CASCADE,
    role VARCHAR(20) NOT NULL CHECK (role IN ('user', 'assistant')),
    content TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);
CREATE TABLE escalations (
    id UUID DEFAULT gen_random_uuid() PRIMARY KEY,
    conversation_id UUID REFERENCES conversations(id) ON DELETE CASCADE,
    issue_type VARCHAR(50) NOT NULL,
    original_request TEXT NOT NULL,
    status VARCHAR(50) DEFAULT 'pending' CHECK (status IN ('pending', 'notified', 'in_progress', 'resolved')),
    contact_info JSONB,
    conversation_context TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);
CREATE INDEX idx_conversations_session_id ON conversations(session_id);
CREATE INDEX idx_messages_conversation_id ON messages(conversation_id);
CREATE INDEX idx_users_email ON users(email);
$document$, 'the document''s DDL');
set local search_path = extensions;

create temp view shape as
select n.nspname as schema, c.relname as name, a.attnum as position, a.attname as attribute,
  format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as is_required,
  pg_get_expr(d.adbin, d.adrelid) as default_value
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
where n.nspname in ('document', 'support') and c.relkind = 'r';

select results_eq(
  $$ select s.name, s.position, s.attribute, s.type, s.default_value from shape as s
     join shape as d on d.schema = 'document' and (d.name, d.attribute) = (s.name, s.attribute)
     where s.schema = 'support' and s.attribute not in ('session_id') order by s.name, s.position $$,
  $$ select d.name, d.position, d.attribute, d.type, d.default_value from shape as d
     where d.schema = 'document' and d.attribute not in ('session_id') order by d.name, d.position $$,
  'the document''s columns come first in each table, in its order, with its types and defaults'
);
select results_eq(
  $$ select position::integer, type, is_required, default_value is not null from shape
     where schema = 'support' and attribute = 'session_id' $$,
  $$ values (3, 'character varying(255)', true, true) $$,
  'session_id has a default as well: a visitor does not choose it'
);
select set_eq(
  $$ select s.name, s.attribute from shape as s
     join shape as d on d.schema = 'document' and (d.name, d.attribute) = (s.name, s.attribute)
     where s.schema = 'support' and s.is_required <> d.is_required $$,
  $$ values ('users'::name, 'created_at'::name), ('users', 'updated_at'), ('conversations', 'status'),
    ('conversations', 'created_at'), ('conversations', 'updated_at'), ('messages', 'conversation_id'),
    ('messages', 'created_at'), ('escalations', 'status'), ('escalations', 'created_at'),
    ('escalations', 'updated_at') $$,
  'columns with a default are not null, and a message has a conversation (docs/deviations.md)'
);

-- Keys and foreign keys

create temp view keys as
select n.nspname as schema, c.relname as name, k.contype as kind, (
    select array_agg(a.attname order by o.n) from unnest(k.conkey) with ordinality as o (num, n)
    join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = o.num
  ) as attributes,
  (select r.relname from pg_class as r where r.oid = k.confrelid) as target, k.confdeltype as on_delete
from pg_constraint as k
join pg_class as c on c.oid = k.conrelid
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('document', 'support') and k.contype in ('p', 'u', 'f');
select is_empty(
  $$ select name, kind, attributes, target, on_delete from keys where schema = 'document'
     except all select name, kind, attributes, target, on_delete from keys where schema = 'support' $$,
  'the document''s primary, unique and foreign keys, with their cascades'
);

-- Indexes: the unique constraints on session_id and email carry the names of the document's indexes.

select set_eq(
  $$ select i.relname::text, x.indrelid::regclass::text, a.attname::text
     from pg_index as x join pg_class as i on i.oid = x.indexrelid
     join pg_namespace as n on n.oid = i.relnamespace
     join pg_attribute as a on a.attrelid = x.indrelid and a.attnum = x.indkey[0]
     where n.nspname = 'support' and i.relname ~ '^idx_' $$,
  $$ values ('idx_conversations_session_id', 'support.conversations', 'session_id'),
    ('idx_messages_conversation_id', 'support.messages', 'conversation_id'),
    ('idx_users_email', 'support.users', 'email') $$,
  'the document''s indexes by their names, leading with its columns'
);
select is(
  (select string_agg(indexdef, '; ' order by indexname) from pg_indexes
   where schemaname = 'support' and indexname ~ '^idx_'),
  'CREATE UNIQUE INDEX idx_conversations_session_id ON support.conversations USING btree (session_id); '
    'CREATE UNIQUE INDEX idx_messages_conversation_id ON support.messages USING btree (conversation_id, '
    '"position"); '
    'CREATE UNIQUE INDEX idx_users_email ON support.users USING btree (email)',
  'that of messages has their order as well'
);

-- Checks: what the document allows is allowed.

set local search_path = support, extensions;
select lives_ok(
  $$ with c as (insert into conversations (session_id) values ('shape') returning id)
     insert into messages (conversation_id, role, content)
     select c.id, r.role, 'text' from c cross join unnest(array['user', 'assistant']) as r (role) $$,
  'each role of the document'
);
select lives_ok(
  $$ insert into escalations (issue_type, original_request, status)
     select 'billing', 'Where is my refund?', s from unnest(
       array['pending', 'notified', 'in_progress', 'resolved']
     ) as s $$,
  'each status of the document'
);
select throws_ok(
  $$ insert into messages (conversation_id, role, content)
     select id, 'moderator', 'text' from conversations where session_id = 'shape' $$,
  '23514', null, 'and no role that neither knows'
);

select * from finish();
rollback;
