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
    -- no phrase is delivered in these: they are told from those above
    ('id',
      'saya tidak bisa yang dan di ini itu untuk dengan apa bagaimana ke dari akun kenapa sudah belum ada '
      'atau juga'),
    ('it',
      'il lo la i gli le e non che di un una mi mio mia con per come si al del della sono ho ha questo '
      'questa posso quando dove ma nel dopo anche piu riesco'),
    ('nl',
      'de het een en is niet ik mijn met op in kan hoe wat waar wanneer maar dit dat voor van naar aan geen '
      'heb heeft wordt ook nog'),
    ('pl',
      'nie i w na jest to sie z do jak co czy mam moj moje moge dlaczego kiedy gdzie ale po od przez ten ta '
      'juz'),
    ('sv',
      'jag inte och att det en ar med pa kan hur min mitt mina till for som har vad nar men'),
    ('tr',
      'bir ve bu icin ile ama nasil ne neden var yok degil olarak benim hesap cok sonra beni hangi kadar '
      'daha gibi'),
    ('vi',
      'toi khong co la va cua duoc cho nay trong the nao lam sao khoan mot da'),
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
  elsif v_text ~ '[\uac00-\ud7a3]' then
    return 'ko';
  elsif v_text ~ '[\u4e00-\u9fff]' then
    return 'zh';
  elsif v_text ~ '[\u0600-\u06ff]' then
    -- letters that Arabic does not have
    return case when v_text ~ '[\u0679\u0688\u0691\u06ba\u06d2]' then 'ur'
      when v_text ~ '[\u067e\u0686\u0698\u06a9\u06af\u06cc]' then 'fa' else 'ar' end;
  elsif v_text ~ '[\u0900-\u097f]' then
    return 'hi';
  elsif v_text ~ '[\u0400-\u04ff]' then
    return case when v_text ~ '[\u0404\u0406\u0407\u0454\u0456\u0457\u0490\u0491]' then 'uk' else 'ru' end;
  elsif v_text ~ '[\u0370-\u03ff\u0590-\u05ff\u0e00-\u0e7f]' then
    return case when v_text ~ '[\u0370-\u03ff]' then 'el' when v_text ~ '[\u0590-\u05ff]' then 'he'
      else 'th' end;
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
  'The language of a text, as far as it is among the frequent ones; null where nothing shows.';

create or replace function private.plain_words(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return btrim(regexp_replace(lower(private.fold_letters(left(p_text, 200))), '[^[:alpha:]]+', ' ', 'g'));
end;
$$;
comment on function private.plain_words is
  'The words of a short text in plain letters, with one space between them.';

-- Whole texts of a few words only: what goes on after the thanks is to be looked up.
create or replace function private.is_courtesy(p_text text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := private.plain_words(p_text);
begin
  return length(p_text) <= 60 and (
    v_text ~ (
      '^(?:(?:thanks|thank you|thx|ty|many|a lot|so much|very much|for your help|for the help|ok|okay|great'
      '|perfect|cool|super|nice|got it|that works|that worked|it works|it works now|it worked|that helps'
      '|that helped|solved|never mind|no thanks|no thank you|hi|hello|hey|bye|goodbye|good morning'
      '|good evening|danke|dankeschon'
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

-- To "Shall I get a person?". A word like ok means yes here, and is a courtesy elsewhere.
create or replace function private.parse_reply(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := private.plain_words(p_text);
  v_written constant text := regexp_replace(left(p_text, 200), '[[:punct:][:space:]。！？、，،؟।]+', '', 'g');
begin
  return case
    when length(p_text) > 60 then null
    when v_text ~ (
      '^(?:(?:yes|yeah|yep|yup|sure|ok|okay|please|please do|go ahead|of course|ja|gern|gerne|bitte|klar|oui'
      '|ouais|volontiers|d accord|s il vous plait|si|vale|claro|por favor|sim|pode ser|haan|han|ji)(?: |$))+$'
    ) or v_written in (
      'はい', 'お願いします', 'はいお願いします', '是', '是的', '好', '好的', '可以', '需要', 'نعم', 'ايوه', 'نعممنفضلك', 'हाँ', 'हां',
      'जी', 'जीहाँ', 'जीहां'
    ) then 'yes'
    when v_text ~ (
      '^(?:no|nope|nah|not now|nein|non|nao|nahi|nahin)'
      '(?: (?:thanks|thank you|danke|merci|gracias|obrigado|obrigada|shukriya|it s fine|it s ok))*$'
    ) or v_written in (
      'いいえ', '結構です', 'いいえ結構です', '不', '不用', '不用了', '不需要', 'لا', 'لاشكرا', 'नहीं', 'नहींधन्यवाद'
    ) then 'no'
  end;
end;
$$;
comment on function private.parse_reply is
  'yes or no, for a text that is nothing else in one of the languages of support.phrases; else null.';
