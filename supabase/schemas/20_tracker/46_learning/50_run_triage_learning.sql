-- The nightly job: weights learned from the team, the reliability, the threshold for the wanted precision.

-- From the delivered weights each time, so that a decision that was taken back teaches nothing, and nobody's
-- mistake stays for longer than it stands.
create or replace function private.learn_triage() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_lessons private.triage_lessons;
  v_changes double precision[];
begin
  delete from public.triage_weights as w where w.shipped is null;
  update public.triage_weights as w set
    issue = w.shipped[1], auth = w.shipped[2], code = w.shipped[3], tool = w.shipped[4], misc = w.shipped[5]
  where array[w.issue, w.auth, w.code, w.tool, w.misc] <> w.shipped;
  perform private.learn_segments();
  v_lessons := private.load_triage_lessons();
  if cardinality(v_lessons.features) > 0 then
    v_changes := private.learn_changes(v_lessons);
    insert into public.triage_weights as w (feature, issue)
    select u.feature, round((
      u.change * case when u.feature like '(assist %' then private.opinion_scale() else 1 end
    )::numeric, 4)::double precision
    from unnest(v_lessons.features, v_changes) as u (feature, change)
    where abs(u.change) >= 0.01 and length(u.feature) <= 40
    on conflict on constraint triage_weights_pkey do update set issue = w.issue + excluded.issue;
  end if;
  return coalesce(cardinality(v_lessons.ends), 0);
end;
$$;
comment on function private.learn_triage is
  'Sets the weights to the delivered ones, changed by what the team decided and corrected; returns how many '
  'decisions there were. The delivered weights count as much as a few decisions per word.';

create or replace function private.run_triage_learning() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.learn_triage();
  perform private.refresh_triage_reliability();
  update public.tracker_settings as s set triage_precision = s.triage_precision
  where s.id and s.triage_precision is not null;
end;
$$;
comment on function private.run_triage_learning is
  'What the nightly job runs: learns, refreshes triage_reliability, and sets the threshold again where a '
  'precision is wanted.';
