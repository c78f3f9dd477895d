-- In which language a visitor is answered, and what follows a yes or a no to "Shall I get a person?".

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = support, extensions;
select plan(72);
\ir ../helpers/personas.psql
set local search_path = support, extensions;
delete from support.articles;
delete from support.answers;

-- Languages

select is(private.detect_language(t), l, format('%s: %s', coalesce(l, 'none'), t)) from (values
  ('en', 'How do I change the address of my account?'),
  ('de', 'Wie kann ich mein Passwort ändern?'),
  ('es', 'No puedo entrar en mi cuenta'),
  ('fr', 'Je ne peux pas me connecter à mon compte'),
  ('pt', 'Não consigo entrar na minha conta'),
  ('hi-Latn', 'Mera account nahi khul raha hai'),
  ('it', 'Non riesco ad accedere al mio account'),
  ('it', 'Come posso cambiare la mia email?'),
  ('nl', 'Hoe kan ik mijn wachtwoord wijzigen?'),
  ('pl', 'Nie moge zalogowac sie na moje konto'),
  ('sv', 'Hur kan jag byta min adress?'),
  ('tr', 'Hesap silmek için ne yapmam lazım?'),
  ('id', 'Bagaimana saya bisa mengganti kata sandi?'),
  ('vi', 'Tôi không thể đăng nhập vào tài khoản'),
  ('ja', 'パスワードを忘れました'), ('zh', '我忘记了密码'), ('ko', '비밀번호를 잊어버렸어요'),
  ('ar', 'نسيت كلمة المرور'), ('fa', 'رمز عبورم را فراموش کرده‌ام'),
  ('ur', 'میں پاس ورڈ بھول گیا ہوں اور لاگ ان نہیں ہو رہا ہے ٹھیک کریں'),
  ('hi', 'मैं पासवर्ड भूल गया'), ('ru', 'Я забыл пароль'), ('uk', 'Я забув пароль і не можу увійти'),
  ('el', 'Ξέχασα τον κωδικό μου'), ('he', 'שכחתי את הסיסמה'), ('th', 'ฉันลืมรหัสผ่าน'),
  (null, 'xyzzy 42')
) as s (l, t);
select is(private.support_phrase(l, 'unknown'), 'I don''t know. Shall I get a person?',
  'English, where no phrase is written: ' || l) from unnest(array['it', 'ko', 'fa']) as l;
insert into support.phrases (language, phrase, text) values ('it', 'unknown', 'Non lo so.');
select is(private.support_phrase('it', 'unknown'), 'Non lo so.', 'until the team writes one');
select is(
  (select string_agg(language, ' ' order by language) from (
     select p.language from support.phrases as p where p.language <> 'it'
     group by p.language having count(*) <> 4
   ) as l), null, 'each delivered language has each phrase'
);

-- Yes and no

select is(private.parse_reply(t), e, format('%s: %s', coalesce(e, 'neither'), t)) from (values
  ('yes', 'Yes!'), ('yes', 'yes please'), ('yes', 'ok'), ('yes', 'Ja, gerne'),
  ('yes', 'Oui, s''il vous plaît'),
  ('yes', 'sí, por favor'), ('yes', 'Sim'), ('yes', 'haan'), ('yes', 'はい、お願いします。'), ('yes', '好的！'),
  ('yes', 'نعم'), ('yes', 'हाँ'), ('no', 'No.'), ('no', 'no, thanks'), ('no', 'Nein danke'),
  ('no', 'Non, merci'),
  ('no', 'não'), ('no', '不用了'), ('no', 'いいえ'), ('no', 'لا، شكرا'), ('no', 'नहीं'),
  (null, 'yes, but how do I export it?'), (null, 'no sound in the video'), (null, 'thanks'), (null, ''),
  (null, repeat('yes ', 30))
) as s (e, t);
select is(private.is_courtesy(t), true, 'a courtesy: ' || t)
from unnest(array['great, that worked!', 'No thanks', 'Never mind']) as t;

create temp table talk (number integer, session_id text, conversation_id uuid) on commit drop;
do $$
begin
  for i in 1..4 loop
    insert into talk select i, s.session_id, s.conversation_id from support.start_conversation() as s;
  end loop;
end;
$$;
create function pg_temp.ask(p_number integer, p_content text) returns jsonb language plpgsql as $$
declare
  v_begun constant jsonb := support.begin_answer(
    p_content, session_id => (select t.session_id from talk as t where t.number = p_number)
  );
begin
  return support.finish_answer((v_begun -> 'message' ->> 'id')::uuid, (v_begun ->> 'fencing_token')::integer);
end;
$$;
create function pg_temp.said(p_number integer, p_content text) returns text language sql as $$
  select concat_ws(' / ', a ->> 'state', a -> 'answer' ->> 'content', a ->> 'is_escalated')
  from pg_temp.ask(p_number, p_content) as a
$$;
create function pg_temp.escalated(p_number integer) returns text language sql as $$
  select coalesce(string_agg(e.reason || ': ' || e.original_request, ', '), 'none')
  from support.escalations as e join talk as t on t.conversation_id = e.conversation_id
  where t.number = p_number
$$;
select is(pg_temp.said(1, 'Do you ship penguins?'), 'unknown / I don''t know. Shall I get a person? / false',
  'without an answer it offers a person');
select is(pg_temp.said(1, 'Yes, please'),
  'courtesy / I''ve asked a person of the team to answer here. / true',
  'yes gets one');
select is(pg_temp.escalated(1), 'request: Do you ship penguins?', 'who is asked what the visitor had asked');
select pg_temp.ask(2, 'Do you ship penguins?');
select is(pg_temp.said(2, 'no'),
  'courtesy / You''re welcome! Is there anything else I can help with? / false',
  'no does not');
select is(pg_temp.escalated(2), 'none', 'and does not count as a second question without an answer');
select is(split_part(pg_temp.said(2, 'yes'), ' / ', 1), 'unknown', 'later, yes does not answer it');
select pg_temp.ask(3, 'Do you ship penguins?');
select is(pg_temp.escalated(3) || ' ' || split_part(pg_temp.said(3, 'Or zebras?'), ' / ', 3), 'none true',
  'a second question without an answer does');
select is(pg_temp.said(3, 'yes'), 'courtesy / I''ve asked a person of the team to answer here. / true',
  'yes after that');
select is(pg_temp.escalated(3), 'low_confidence: Or zebras?', 'asks for nobody a second time');
select is(
  (select count(*) from support.unanswered_questions where question in ('no', 'Yes, please')), 0::bigint,
  'neither yes nor no is a question that nobody could answer'
);
select is(
  pg_temp.said(4, 'ok'), 'courtesy / You''re welcome! Is there anything else I can help with? / false',
  'ok is a courtesy where nobody was offered'
);

select * from finish();
rollback;
