-- What the assistant says of its own, in the visitor's language where there is a phrase.

create table support.phrases (
  language text collate "C" not null,
  phrase text collate "C" not null,
  text text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint phrases_pkey primary key (language, phrase),
  constraint phrases_language_is_a_tag check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint phrases_phrase_is_known check (phrase in ('courtesy', 'found', 'requested', 'unknown')),
  constraint phrases_text_is_not_blank
    check (text ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint phrases_text_is_not_too_long check (octet_length(text) <= 4000),
  constraint phrases_created_at_is_finite check (isfinite(created_at))
);
comment on table support.phrases is
  'What the assistant says of its own, by language. English is said where a language has no phrase, and what '
  'is delivered where that is deleted. The team reads them, admins write and delete them. Errors on write: '
  'team_role_required (403).';
comment on column support.phrases.phrase is
  'unknown: it has no answer, and offers a person. requested: the visitor has accepted that. found: before '
  'what it quotes. courtesy: to thanks and greetings.';

create trigger _000_require_admin before insert or update or delete on support.phrases
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _900_set_timestamps before insert or update on support.phrases
  for each row execute function private.set_timestamps();

alter table support.phrases enable row level security;
create policy phrases_select_viewer on support.phrases
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy phrases_insert_admin on support.phrases
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy phrases_update_admin on support.phrases
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy phrases_delete_admin on support.phrases
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.phrases to authenticated;
grant insert (language, phrase, text, created_at, updated_at) on support.phrases to authenticated;
grant update (language, phrase, text, created_at, updated_at) on support.phrases to authenticated;
grant select, insert, update, delete on support.phrases to service_role;

insert into support.phrases (language, phrase, text) values
  ('ar', 'courtesy', 'على الرحب والسعة! هل يمكنني مساعدتك في شيء آخر؟'),
  ('ar', 'found', 'قد يفيدك هذا:'),
  ('ar', 'requested', 'طلبتُ من أحد أعضاء الفريق أن يجيبك هنا.'),
  ('ar', 'unknown', 'لا أعرف الإجابة عن ذلك. هل أحضر شخصًا لمساعدتك؟'),
  ('de', 'courtesy', 'Gern! Kann ich sonst noch helfen?'),
  ('de', 'found', 'Das könnte helfen:'),
  ('de', 'requested', 'Ich habe jemanden aus dem Team gebeten, hier zu antworten.'),
  ('de', 'unknown', 'Das weiß ich nicht. Soll ich jemanden dazuholen?'),
  ('en', 'courtesy', 'You''re welcome! Is there anything else I can help with?'),
  ('en', 'found', 'This may help:'),
  ('en', 'requested', 'I''ve asked a person of the team to answer here.'),
  ('en', 'unknown', 'I don''t know. Shall I get a person?'),
  ('es', 'courtesy', '¡De nada! ¿Puedo ayudarte en algo más?'),
  ('es', 'found', 'Esto puede ayudarte:'),
  ('es', 'requested', 'He pedido a una persona del equipo que responda aquí.'),
  ('es', 'unknown', 'No lo sé. ¿Quieres que avise a una persona?'),
  ('fr', 'courtesy', 'Avec plaisir ! Puis-je vous aider pour autre chose ?'),
  ('fr', 'found', 'Ceci peut vous aider :'),
  ('fr', 'requested', 'J''ai demandé à une personne de l''équipe de répondre ici.'),
  ('fr', 'unknown', 'Je ne sais pas. Voulez-vous que j''appelle quelqu''un ?'),
  ('hi', 'courtesy', 'आपका स्वागत है! क्या मैं और कुछ मदद कर सकता हूँ?'),
  ('hi', 'found', 'इससे मदद मिल सकती है:'),
  ('hi', 'requested', 'मैंने टीम के एक व्यक्ति से यहाँ उत्तर देने के लिए कहा है।'),
  ('hi', 'unknown', 'मुझे इसका उत्तर नहीं पता। क्या मैं किसी व्यक्ति को बुलाऊँ?'),
  ('hi-Latn', 'courtesy', 'Koi baat nahi! Kya main aur kuch madad kar sakta hoon?'),
  ('hi-Latn', 'found', 'Isse madad mil sakti hai:'),
  ('hi-Latn', 'requested', 'Maine team ke ek insaan se yahan jawab dene ke liye kaha hai.'),
  ('hi-Latn', 'unknown', 'Mujhe iska jawab nahi pata. Kya main kisi insaan ko bulaun?'),
  ('ja', 'courtesy', 'どういたしまして。ほかにお手伝いできることはありますか？'),
  ('ja', 'found', 'こちらが参考になるかもしれません：'),
  ('ja', 'requested', 'チームの担当者に、こちらでお答えするよう依頼しました。'),
  ('ja', 'unknown', '申し訳ありませんが、わかりません。担当者におつなぎしましょうか？'),
  ('pt', 'courtesy', 'De nada! Posso ajudar em mais alguma coisa?'),
  ('pt', 'found', 'Isto pode ajudar:'),
  ('pt', 'requested', 'Pedi a uma pessoa da equipe que responda aqui.'),
  ('pt', 'unknown', 'Não sei. Quer que eu chame uma pessoa?'),
  ('zh', 'courtesy', '不客气！还有什么可以帮您的吗？'),
  ('zh', 'found', '这可能对您有帮助：'),
  ('zh', 'requested', '我已请团队的一位工作人员在这里回复您。'),
  ('zh', 'unknown', '这个我不知道。需要我请一位工作人员来帮您吗？');

create or replace function private.support_phrase(p_language text, p_phrase text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(
    (select p.text from support.phrases as p where p.language = p_language and p.phrase = p_phrase),
    (select p.text from support.phrases as p where p.language = 'en' and p.phrase = p_phrase),
    case p_phrase
      when 'unknown' then 'I don''t know. Shall I get a person?'
      when 'found' then 'This may help:'
      when 'requested' then 'I''ve asked a person of the team to answer here.'
      else 'Is there anything else I can help with?' end
  );
end;
$$;
comment on function private.support_phrase is 'What the assistant says, in a language, else in English.';
