-- Which language a visitor writes in, by script and by the commonest words, and what is mere courtesy.

create table private.language_words (
  word text collate "C" not null,
  language text collate "C" not null,
  constraint language_words_pkey primary key (word, language)
);
comment on table private.language_words is
  'The commonest words of languages in Latin letters, without accents, by which a text is told from others.';
alter table private.language_words enable row level security;

insert into private.language_words (language, word)
select l.language, w.word
from (
  values
    ('de',
      'der die das und ist nicht ich ein eine mit auf den dem wie wir kann mein meine bei nach aber auch es '
      'wird werden habe hat zu von im warum keine kein mir mich noch sich ihr uns wo was'),
    ('en',
      'the and is not to my i a of it in on for with how why what where can t do does you we this that be '
      'are was from but have has no when there please after get'),
    ('es',
      'el la los las y es no que de en un una mi con por para como se me al lo pero esta este hay puedo '
      'cuando donde mis del ya si'),
    ('fr',
      'le la les et est pas je un une de du des mon ma mes avec pour dans sur ne que qui comment mais ce '
      'cette au aux vous nous il j l d en a mon depuis'),
    ('hi-Latn',
      'hai nahi nhi ka ki ke ko kya mera meri mere kar raha rahi ho se me mein hua par karo koi kaise kahan '
      'bhi aur gaya gayi karne pe ab h'),
    ('pt',
      'o a os as e nao que de em um uma meu minha com por para como se me ao no na mas esta este tem posso '
      'quando onde do da ja')
) as l (language, words)
cross join lateral regexp_split_to_table(l.words, ' ') as w (word)
on conflict on constraint language_words_pkey do nothing;

create or replace function private.detect_language(p_text text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text constant text := left(p_text, 2000);
begin
  -- kana before Han, which Japanese has too
  if v_text ~ '[\u3040-\u30ff]' then
    return 'ja';
  elsif v_text ~ '[\u4e00-\u9fff]' then
    return 'zh';
  elsif v_text ~ '[\u0600-\u06ff]' then
    return 'ar';
  elsif v_text ~ '[\u0900-\u097f]' then
    return 'hi';
  end if;
  return (
    select w.language
    from regexp_split_to_table(lower(private.fold_letters(v_text)), '[^[:alpha:]]+') as t (word)
    join private.language_words as w on w.word = t.word
    group by w.language
    order by count(*) desc, w.language = 'en' desc, w.language
    limit 1
  );
end;
$$;
comment on function private.detect_language is
  'The language of a text, as far as support.phrases is delivered in it; null where nothing shows.';

-- Whole texts of a few words only: what goes on after the thanks is to be looked up.
create or replace function private.is_courtesy(p_text text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := btrim(regexp_replace(
    lower(private.fold_letters(left(p_text, 200))), '[^[:alpha:]]+', ' ', 'g'
  ));
begin
  return length(p_text) <= 60 and (
    v_text ~ (
      '^(?:(?:thanks|thank you|thx|ty|many|a lot|so much|very much|for your help|for the help|ok|okay|great'
      '|perfect|cool|super|nice|got it|hi|hello|hey|bye|goodbye|good morning|good evening|danke|dankeschon'
      '|vielen dank|hallo|tschuss|moin|merci|merci beaucoup|bonjour|salut|gracias|muchas gracias|hola|adios'
      '|obrigado|obrigada|ola|oi|tchau|valeu|shukriya|dhanyavad|namaste)(?: |$))+$'
    ) or v_text in (
      'ありがとう', 'ありがとうございます', 'ありがとうございました', 'こんにちは', '谢谢', '谢谢你', '多谢', '你好', '您好', 'شكرا',
      'شكرا لك', 'شكرا جزيلا', 'مرحبا', 'السلام عليكم', 'धन्यवाद', 'नमस्ते'
    )
  );
end;
$$;
comment on function private.is_courtesy is
  'Whether a text is nothing but thanks or a greeting, which nobody looks up.';
