-- Search in every language: accents, scripts without spaces, terms with signs, links, compounds.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(53);

\ir ../helpers/personas.psql

insert into public.issues (seq_id, title, description, segment, created_at) values
  (101, 'No encuentro la configuración', 'El menú no aparece en español.', 'tool', '2026-01-01'),
  (102, 'Passwortänderung schlägt fehl', 'Nach der Größe gefragt, Straße unbekannt.', 'auth', '2026-01-02'),
  (103, E'Cafe\u0301 list is empty', E'A re\u0301sume\u0301 is missing.', 'misc', '2026-01-03'),
  (104, '支払いができません', 'クレジットカードの決済画面でエラーになります', 'misc', '2026-01-04'),
  (105, '无法登录我的账户', '点击登录按钮以后页面是空白的', 'auth', '2026-01-05'),
  (106, 'login 支払い page', 'The page is white after login.', 'misc', '2026-01-06'),
  (107, 'เข้าสู่ระบบไม่ได้', 'ลืมรหัสผ่านและอีเมลไม่มา', 'auth', '2026-01-07'),
  (108, '비밀번호를 변경할 수 없어요', '설정에서 저장이 안 됩니다', 'auth', '2026-01-08'),
  (109, 'C++ build is broken', 'Since gcc 14', 'code', '2026-01-09'),
  (110, 'C# sample does not compile', 'See https://club.example.org/c/questions/my-slug-here', 'code',
    '2026-01-10'),
  (111, 'No .NET client', 'Is there one? Our own net is slow.', 'code', '2026-01-11'),
  (112, 'git push --force is not allowed', 'We do not want to use force.', 'tool', '2026-01-12'),
  (113, 'Crash since v2.14.1', 'It worked before.', 'code', '2026-01-13'),
  (114, 'Upgrade from 2.14.1 fails', 'Stops halfway.', 'code', '2026-01-14'),
  (115, 'next.js page stays white', 'What comes next? Nothing in js.', 'code', '2026-01-15'),
  (116, 'Device login says code expired', 'The terminal shows E_DEVICE_14 in src/cli/login.ts', 'auth',
    '2026-01-16'),
  (117, 'Section C of the quiz', 'Letter c is right', 'misc', '2026-01-17'),
  (118, 'Kundenrechnungen fehlen im Export', 'Seit Montag', 'misc', '2026-01-18'),
  (119, 'Fullwidth ＡＢＣ１２３ letters', 'Łódź and Ærø are cities', 'misc', '2026-01-19'),
  (120, 'لا تصلني رسالة التَّحَقُّق', 'الهاتف في مصر', 'auth', '2026-01-20');

create function pg_temp.found(p_query text) returns text language sql as $$
  select string_agg((s.seq_id)::text, ',' order by s.seq_id) from public.search_issues(p_query) as s
$$;
create function pg_temp.first(p_query text) returns integer language sql as $$
  select s.seq_id from public.search_issues(p_query) as s limit 1
$$;

-- Accents and composition

select is(pg_temp.found('configuracion'), '101', 'without accents');
select is(pg_temp.found('CONFIGURACIÓN'), '101', 'with accents, in any case');
select is(pg_temp.found('menu espanol'), '101', 'several words');
select is(pg_temp.found('passwortanderung'), '102', 'an umlaut typed as the plain letter');
select is(pg_temp.found('passwortaenderung'), '102', 'as ae');
select is(pg_temp.found('Passwortänderung'), '102', 'as it is');
select is(pg_temp.found(E'Passworta\u0308nderung'), '102', 'decomposed');
select is(pg_temp.found('strasse groesse'), '102', 'ß and ö');
select is(pg_temp.found(E'caf\u00e9'), '103', 'composed letters find decomposed ones');
select is(pg_temp.found('resume'), '103', 'so do plain ones');
select is(pg_temp.found('abc123'), '119', 'full-width letters are letters');
select is(pg_temp.found('lodz aero'), '119', 'a bar through a letter, and æ');
select is(pg_temp.found('التحقق'), '120', 'Arabic without its vowel marks');
insert into public.issues (seq_id, title, created_at) values (121, 'Ueberweisung haengt', '2026-01-21');
select is(pg_temp.found('Überweisung hängt'), '121', 'umlauts find what was written without them');

-- Scripts without spaces

select is(pg_temp.found('支払い'), '104,106', 'a word of a Japanese text');
select is(pg_temp.found('決済画面'), '104', 'in the middle of a run');
select is(pg_temp.found('クレジット'), '104', 'in kana');
select is(pg_temp.found('登录'), '105', 'a word of a Chinese text');
select is(pg_temp.found('按钮'), '105', 'in the middle');
select is(pg_temp.found('รหัสผ่าน'), '107', 'a word of a Thai text');
select is(pg_temp.found('변경'), '108', 'a word of a Korean text');
select is(pg_temp.found('비밀번호'), '108', 'without its particle');
select is(pg_temp.first('login 支払い'), 106, 'next to a Latin word: both first');
select is(pg_temp.first('login支払い'), 106, 'also without a space');
select is(pg_temp.first('login　支払い'), 106, 'and with a wide one');
select is(pg_temp.found('"支払いができ"'), '104', 'in quotes');
select is(pg_temp.found('支払い -login'), '104', 'with an excluded word');
select is(pg_temp.found('払支'), null, 'letters in another order are another word');
select is(pg_temp.found('決'), '104', 'a single letter that begins a pair');
select is(
  (select s.seq_id from public.similar_issues('決済でエラーが出て支払いできない') as s limit 1), 104,
  'similar_issues compares Japanese texts'
);
select is(
  (select s.seq_id from public.similar_issues(null, '登录以后页面空白') as s limit 1), 105, 'and Chinese ones'
);

-- Signs that matter

select is(pg_temp.found('C++'), '109', 'C++');
select is(pg_temp.found('C#'), '110', 'C#, not every c, and not the path of a link');
select is(pg_temp.found('.NET'), '111', '.NET');
select is(pg_temp.found('--force'), '112', 'a flag');
select is(pg_temp.found('v2.14.1'), '113,114', 'a version with v');
select is(pg_temp.found('2.14.1'), '113,114', 'and without');
select is(pg_temp.found('next.js'), '115', 'next.js');
select is(pg_temp.found('E_DEVICE_14'), '116', 'an error code');
select is(pg_temp.found('src/cli/login.ts'), '116', 'a path');
select is(
  pg_temp.first('✖ Device authorization failed: code expired (E_DEVICE_14)'), 116, 'an error message'
);
select is(pg_temp.found('"C++ build"'), '109', 'in quotes');
select is(pg_temp.found('C++ or C#'), '109,110', 'either');

-- Links

select is(pg_temp.found('my-slug-here'), null, 'the path of a link is not words');
select is(pg_temp.found('questions'), null, 'nor is a part of it');
select is(pg_temp.found('club.example.org'), '110', 'its host is');
select is(
  pg_temp.found('https://club.example.org/c/questions/my-slug-here?utm=1'), '110', 'and the link itself'
);

-- Compounds, when no issue has the word

select is(pg_temp.found('rechnungen'), '118', 'the end of a compound');
select is(pg_temp.first('rechnungen export'), 118, 'next to another word');
select is(pg_temp.found('kunden'), '118', 'the beginning of one');
insert into public.issues (seq_id, title, created_at) values (122, 'Rechnungen', '2026-01-22');
select is(pg_temp.found('rechnungen'), '122', 'an issue that has the word comes alone');
select is(private.refresh_issue_terms(true), 22::bigint, 'the job counts the words of all issues');
select cmp_ok(
  (select t.share from private.issue_terms as t where t.term = 'login'), '>', 0.05::real,
  'as shares of the issues'
);

select * from finish();
rollback;
