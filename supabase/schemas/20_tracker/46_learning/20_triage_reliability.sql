-- How often messages were issues, by the likelihood that triage had given them: from people's decisions.

create table public.triage_reliability (
  bin smallint not null,
  predicted double precision not null,
  observed double precision not null,
  count integer not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint triage_reliability_pkey primary key (bin),
  constraint triage_reliability_bin_is_a_tenth check (bin between 0 and 9)
);
comment on table public.triage_reliability is
  'How reliable the likelihoods of triage were, from the decisions of the team: one row per tenth of the '
  'likelihood in which there were any. Refreshed every night. Admins read it.';
comment on column public.triage_reliability.bin is '0 for likelihoods below 0.1, 9 for 0.9 and above.';
comment on column public.triage_reliability.predicted is 'The mean likelihood of the messages.';
comment on column public.triage_reliability.observed is 'The share of them that people made issues.';
comment on column public.triage_reliability.count is 'How many messages people decided about.';

create trigger _900_set_timestamps before insert or update on public.triage_reliability
  for each row execute function private.set_timestamps();

alter table public.triage_reliability enable row level security;
create policy triage_reliability_select_admin on public.triage_reliability
  for select to authenticated using ((select private.has_team_role('admin')));
grant select on public.triage_reliability to authenticated, service_role;

create or replace function private.refresh_triage_reliability() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from public.triage_reliability where bin is not null;
  insert into public.triage_reliability (bin, predicted, observed, count)
  select least(9, floor(d.likelihood * 10))::smallint as bin, avg(d.likelihood),
    avg(d.is_issue::integer)::double precision, count(*)::integer
  from private.triage_decisions as d
  group by 1;
end;
$$;
comment on function private.refresh_triage_reliability is
  'Computes triage_reliability from the decisions of the team.';

-- The delivered texts count as 200 decisions: the team's own ones outweigh them with time.
create or replace function private.threshold_for(p_precision double precision) returns double precision
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select min(c.bin) / 50.0::double precision
    from (
      select b.bin, sum(b.issues) over w as issues, sum(b.texts) over w as texts
      from (
        select t.bin, t.issues * 200 / s.texts + coalesce(d.issues, 0) as issues,
          t.texts * 200 / s.texts + coalesce(d.texts, 0) as texts
        from private.triage_bins as t
        cross join (select sum(a.texts) as texts from private.triage_bins as a) as s
        left join (
          select least(49, floor(e.likelihood * 50))::smallint as bin, count(*) filter (where e.is_issue)
            as issues, count(*) as texts
          from private.triage_decisions as e
          group by 1
        ) as d on d.bin = t.bin
      ) as b
      window w as (order by b.bin desc)
    ) as c
    where c.texts > 0 and c.issues >= p_precision * c.texts and c.bin >= 25
  ), 1::double precision);
end;
$$;
comment on function private.threshold_for is
  'The lowest threshold, in steps of 0.02 from 0.5, at which this share of what reaches it were issues: of '
  'the held-out texts of the training and the decisions of the team. 1 where no threshold does.';

create or replace function private.set_triage_threshold() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.triage_threshold := private.threshold_for(new.triage_precision);
  return new;
end;
$$;
comment on function private.set_triage_threshold is
  'Before trigger: the threshold for the wanted precision.';

create trigger _200_set_triage_threshold before insert or update on public.tracker_settings
  for each row when (new.triage_precision is not null)
  execute function private.set_triage_threshold();
