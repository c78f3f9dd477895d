-- Learning from the team's decisions, with the delivered weights as what is believed before any of them.

-- The opinion of a model counts whole and is in many texts: it is learned more slowly than that.
create or replace function private.opinion_scale() returns double precision
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 0.25::double precision;
end;
$$;
comment on function private.opinion_scale is
  'The scale of the weight of a model''s opinion while it is learned.';

-- A text as the positions of its features in a list, and the scale of each weight in it.
create type private.triage_lessons as (
  features text[],
  positions integer[],
  ends integer[],
  scales double precision[],
  shares double precision[],
  bases double precision[]
);
comment on type private.triage_lessons is
  'Decisions to learn from: all features once; of one text after the other the positions of its features in '
  'that list with the scale of each weight, and for each text where its positions end, what was decided, and '
  'the logit by the delivered weights.';

-- The latest 1,000 decisions, oldest first. Features of a single text teach nothing about others.
create or replace function private.load_triage_lessons() returns private.triage_lessons
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.triage_lessons;
begin
  with decisions as materialized (
    select row_number() over (order by d.decided_at, d.circle_issue_id)::integer as number, d.is_issue,
      private.triage_features(c.title, c.body) as features,
      private.opinion_features(c.title, c.body) as opinions
    from (
      select e.* from private.triage_decisions as e order by e.decided_at desc limit 1000
    ) as d
    join public.circle_issues as c on c.id = d.circle_issue_id
  ), parts as materialized (
    select distinct d.number, u.feature, 1 / sqrt(greatest(1, cardinality(d.features))) as scale
    from decisions as d cross join unnest(d.features) as u (feature)
    union all
    select d.number, u.feature, private.opinion_scale()
    from decisions as d cross join unnest(d.opinions) as u (feature)
  ), numbered as materialized (
    select p.feature, row_number() over (order by p.feature collate "C")::integer as position
    from parts as p
    group by p.feature
    having count(*) > 1
  ), placed as materialized (
    select p.number, n.position, p.scale from parts as p join numbered as n on n.feature = p.feature
  ), texts as materialized (
    select d.number, d.is_issue::integer::double precision as share,
      (select count(*) from placed as p where p.number = d.number) as parts_count,
      coalesce((
        select sum(w.shipped[1]) from public.triage_weights as w where w.feature = any (d.features)
      ), 0) / sqrt(greatest(1, cardinality(d.features))) + coalesce((
        select sum(w.shipped[1]) from public.triage_weights as w
        where w.feature = any (d.opinions || '{(constant)}')
      ), 0) as base
    from decisions as d
  )
  select
    (select array_agg(n.feature order by n.position) from numbered as n),
    (select array_agg(p.position order by p.number, p.position) from placed as p),
    (select array_agg(e.last order by e.number) from (
      select t.number, sum(t.parts_count) over (order by t.number)::integer as last from texts as t
    ) as e),
    (select array_agg(p.scale order by p.number, p.position) from placed as p),
    (select array_agg(t.share order by t.number) from texts as t),
    (select array_agg(t.base order by t.number) from texts as t)
  into v.features, v.positions, v.ends, v.scales, v.shares, v.bases;
  return v;
end;
$$;
comment on function private.load_triage_lessons is 'The latest decisions of the team, to learn from.';

-- Logistic regression by stochastic gradient descent in a fixed order, on changes of the delivered weights
-- that a penalty pulls back to 0. In arrays: 1,000 decisions take about a second.
create or replace function private.learn_changes(p_lessons private.triage_lessons)
returns double precision[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  c_rounds constant integer := 12;
  c_penalty constant double precision := 0.4::double precision;
  v_texts constant integer := coalesce(cardinality(p_lessons.ends), 0);
  v_changes double precision[] := array_fill(
    0::double precision, array[coalesce(cardinality(p_lessons.features), 0)]
  );
  v_start integer;
  v_sum double precision;
  v_step double precision;
  v_keep double precision;
  v_position integer;
begin
  for v_round in 1..c_rounds loop
    v_start := 1;
    for v_text in 1..v_texts loop
      v_sum := 0::double precision;
      for v_at in v_start..p_lessons.ends[v_text] loop
        v_sum := v_sum + v_changes[p_lessons.positions[v_at]] * p_lessons.scales[v_at];
      end loop;
      v_step := (
        p_lessons.shares[v_text]
          - 1 / (1 + exp(-(p_lessons.bases[v_text] + v_sum)))
      ) * 2 / (1 + v_round / 3.0::double precision);
      v_keep := 1 - c_penalty / c_rounds;
      for v_at in v_start..p_lessons.ends[v_text] loop
        v_position := p_lessons.positions[v_at];
        v_changes[v_position] := v_changes[v_position] * v_keep + v_step * p_lessons.scales[v_at];
      end loop;
      v_start := p_lessons.ends[v_text] + 1;
    end loop;
  end loop;
  return v_changes;
end;
$$;
comment on function private.learn_changes is
  'How the weights of the features change by these decisions.';
