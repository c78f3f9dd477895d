-- What triage sees in a message: words, pairs of words, its first words, its length.

-- One truth for training and judging: scripts/triage/train.ts asks this function too. Words are cut to seven
-- letters, which finds the forms of a word in every language, at no cost. Characters beyond U+0E00, which are
-- emoji and scripts without blanks, make no pairs.
create or replace function private.triage_features(p_title text, p_body text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_words constant text[] := private.triage_words(p_title, p_body);
  v_features text[] := array[
    '(length ' || width_bucket(cardinality(v_words) + 1, array[2, 4, 8, 16, 32, 64, 128, 256, 512])::text
      || ')'
  ];
  v_before text := '^';
  v_word text;
begin
  if array_position(v_words, '?') is null then
    v_features := array_append(v_features, '(no question)');
  end if;
  if p_body <> '' and strpos(p_body, rtrim(p_title, '.')) <> 1 then
    v_features := array_append(v_features, '(title)');
  end if;
  foreach v_word in array v_words[1:3] loop
    v_features := array_append(v_features, '^' || left(v_word, 7));
  end loop;
  foreach v_word in array v_words loop
    v_word := left(v_word, 7);
    if v_word <> '.' then
      v_features := array_append(v_features, v_word);
    end if;
    if v_word < U&'\0E00' collate "C" then
      v_features := array_append(v_features, v_before || ' ' || v_word);
      v_before := v_word;
    end if;
  end loop;
  return array_append(v_features, v_before || ' $');
end;
$$;
comment on function private.triage_features is
  'The features of a text, as often as they occur: words, pairs of neighbours with ^ and $ for its two ends, '
  'its first three words with a ^, characters of scripts without blanks, and in parentheses what holds of '
  'all of it.';
