-- What triage sees in a text: words, signs, pairs, kinds.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(32);

create function pg_temp.words(p_body text, p_title text default null) returns text language sql as $$
  select array_to_string(private.triage_words(p_title, p_body), ' ')
$$;

select is(
  pg_temp.words('Hi, I can' || U&'\2019' || 't log-in!'), 'hi i cant log in !', 'words in lower case'
);
select is(pg_temp.words('Configuración, Größe, Ça'), 'configuracion große ca', 'without accents');
select is(
  pg_temp.words(U&'Configuracio\0301n'), 'configuracion', 'however they are composed'
);
select is(
  pg_temp.words('One. Two...three? Yes: no'), 'one . two xdots three ? yes : no', 'ends of sentences'
);
select is(pg_temp.words(e'One.\n\nTwo'), 'one . two', 'of which several are one');
select is(
  pg_temp.words('see https://x.example/a?b=c and foo.example.org/d, mail a.b@c.org'),
  'see xurl and xurl mail xmail', 'addresses'
);
select is(pg_temp.words('@Lee try it'), 'xat try it', 'people');
select is(
  pg_temp.words('`npm i` and ```js```'), 'xcode npm i xcode and xfence js xfence', 'code'
);
select is(
  pg_temp.words('userName, user_id, run() in Main.tsx'),
  'user xname name user xname id run xname in main xfile', 'names of code and files'
);
select is(
  pg_temp.words(e'Boom\n    at f (x.js:3:1)\n  File "a.py", line 3\n> quoted\n- one\n2. two'),
  'boom . xtrace . xtrace . xcite quoted . xlist one . xlist two', 'traces, quotes and lists'
);
select is(
  pg_temp.words('12 at 12:40, 1.8.3, 50 %, $20, 20€, 3,50, HTTP 404'),
  '0 at xtime xversion xpercent xmoney xmoney 0 http xhttp', 'numbers'
);
select is(pg_temp.words('great' || U&'\+01F389' || '! :('), 'great ' || U&'\+01F389' || ' ! xsad', 'emoji');
select is(pg_temp.words('لا يعمل الفيديو'), 'لا يعمل فيديو', 'Arabic without its article');
select is(pg_temp.words('Slack連携で'), 'slack 連携 連携で 携で', 'characters of scripts without blanks');
select is(pg_temp.words('ภาษา'), 'ภา ภาษ าษ าษา ษา', 'also Thai');
select is(pg_temp.words(null), '', 'nothing in nothing');
select is(pg_temp.words('body', 'Title'), 'title . body', 'a title is a sentence before the body');
select is(
  pg_temp.words(b.text, private.circle_title(null, b.text)), pg_temp.words(b.text),
  'a title that the import made of the body is not counted'
)
from (values (repeat('many words ', 9))) as b (text);
select is(
  pg_temp.words('a', repeat('t', 400)), repeat('t', 300) || ' . a', '300 characters of a title'
);
select is(cardinality(private.triage_words(null, repeat('a ', 5000))), 1000, 'and 2,000 of a body');

select set_eq(
  $$ select unnest(private.triage_features(null, 'How do I export? My exporting fails')) $$,
  array['(length 3)', '^how', '^do', '^i', 'how', '^ how', 'do', 'how do', 'i', 'do i', 'export', 'i export',
    '?', 'export ?', 'my', '? my', 'exporti', 'my exporti', 'fails', 'exporti fails', 'fails $'],
  'words, pairs, first words and the length'
);
select set_eq(
  $$ select unnest(private.triage_features('Export', 'fails')) $$,
  array['(length 2)', '(no question)', '(title)', '^export', '^.', '^fails', 'export', '^ export', 'export .',
    'fails', '. fails', 'fails $'], 'what holds of the whole text'
);
select set_eq(
  $$ select unnest(private.triage_features(null, '連携')) $$,
  array['(length 1)', '(no question)', '^連携', '連携', '^ $'], 'characters make no pairs'
);
select set_eq(
  $$ select unnest(private.triage_features(null, null)) $$,
  array['(length 0)', '(no question)', '^ $'], 'an empty text'
);

-- The weights

select cmp_ok((select count(*) from public.triage_weights), '>', 4000::bigint, 'there are some thousand');
select cmp_ok(
  (select count(*) from public.triage_weights), '<', 9000::bigint, 'which a person can look through'
);
select is_empty(
  $$ select w.feature from public.triage_weights as w
     where w.issue = 'NaN' or abs(w.issue) > 20 or greatest(w.auth, w.code, w.tool, w.misc) > 20 $$,
  'none decides alone'
);
select is(
  pg_temp.words(w.word), w.word, 'features are words as they are read: ' || w.word
)
from (values ('login'), ('xurl')) as w (word);

-- explain_triage

insert into public.segment_rules (words, segment, priority, weight) values ('tardis', 'tool', 5, 0.4);
create temp table explained as
select t.text, e.* from (values
  ('My tardis won''t start'), ('Thanks, that fixed it'), ('Wie kündige ich?'), ('登录不了'), ('?')
) as t (text) cross join explain_triage(null, t.text) as e;
select is_empty(
  $$ select t.text from explained as t group by t.text
     having abs(private.issue_likelihood(null, t.text) - (
       1 - coalesce(exp(sum(ln(1 - t.weight))), 1) * (1 - 1 / (1 + exp(-sum(t.issue))))
     )) > 0.000001 $$,
  'the likelihood is that of what explain_triage returns'
);
select is_empty(
  $$ select t.text from explained as t group by t.text
     having determine_segment(null, t.text) <> coalesce(
       min(t.segment), case greatest(sum(t.auth), sum(t.code), sum(t.tool), sum(t.misc))
         when sum(t.misc) then 'misc' when sum(t.auth) then 'auth' when sum(t.code) then 'code'
         else 'tool' end
     ) $$,
  'and so is the segment'
);
select is(
  (select string_agg(x.reason, '; ' order by x.reason collate "C") from explained as x
   where x.text = 'My tardis won''t start' and x.words in ('(constant)', '(no question)', 'wont', 'tardis')),
  '"wont" in it; a rule of the team: "tardis"; every text; it has no question mark',
  'each reason is a sentence'
);

select * from finish();
rollback;
