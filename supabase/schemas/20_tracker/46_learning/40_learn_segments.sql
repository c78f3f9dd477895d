-- Learning segments from the team: from corrections, and from the segments of what people made issues.

-- The latest 500, oldest first; of each the words, cut as they are for judging, and the segment that a model
-- had named for the issue's message.
create or replace function private.learn_segments() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  c_penalty constant double precision := 0.03::double precision;
  v_count integer := 0;
  v_words text[];
  v_text record;
  v_scale double precision;
  v private.segment_scores;
  v_sum double precision;
begin
  for v_text in
    select c.title, c.description, c.new_segment as segment, array(
      select u.feature
      from public.circle_issues as m
      cross join unnest(private.opinion_features(m.title, m.body)) as u (feature)
      where m.mapped_to_issue_id = c.issue_id and u.feature not in ('(assist issue)', '(assist not)')
      limit 1
    ) as opinions
    from (select s.* from public.segment_corrections as s order by s.corrected_at desc limit 500) as c
    order by c.corrected_at, c.id
  loop
    v_words := array(
      select distinct left(u.word, 7) from unnest(private.triage_words(v_text.title, v_text.description))
        as u (word)
      where u.word ~ '\w\w'
    );
    v_scale := 1 / sqrt(greatest(1, cardinality(v_words)));
    v := private.score_segments(v_text.title, v_text.description);
    v.auth := exp(v.auth);
    v.code := exp(v.code);
    v.tool := exp(v.tool);
    v.misc := exp(v.misc);
    v_sum := v.auth + v.code + v.tool + v.misc;
    insert into public.triage_weights as w (feature, auth, code, tool, misc)
    select u.word,
      v_scale * ((v_text.segment = 'auth')::integer - v.auth / v_sum),
      v_scale * ((v_text.segment = 'code')::integer - v.code / v_sum),
      v_scale * ((v_text.segment = 'tool')::integer - v.tool / v_sum),
      v_scale * ((v_text.segment = 'misc')::integer - v.misc / v_sum)
    from unnest(v_words || v_text.opinions) as u (word)
    on conflict on constraint triage_weights_pkey do update set
      auth = w.auth + excluded.auth - c_penalty * (w.auth - coalesce(w.shipped[2], 0)),
      code = w.code + excluded.code - c_penalty * (w.code - coalesce(w.shipped[3], 0)),
      tool = w.tool + excluded.tool - c_penalty * (w.tool - coalesce(w.shipped[4], 0)),
      misc = w.misc + excluded.misc - c_penalty * (w.misc - coalesce(w.shipped[5], 0));
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.learn_segments is
  'Changes the weights of the segments by the latest corrections, one step each, and pulls each weight that '
  'changes back to the delivered one. Returns how many there were.';
