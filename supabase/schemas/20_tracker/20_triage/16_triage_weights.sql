-- What each feature of a text says for or against an issue, and for each segment.

create table public.triage_weights (
  feature text collate "C" not null,
  issue double precision not null default 0,
  auth double precision not null default 0,
  code double precision not null default 0,
  tool double precision not null default 0,
  misc double precision not null default 0,
  shipped double precision[],
  constraint triage_weights_pkey primary key (feature),
  constraint triage_weights_feature_is_short check (length(feature) between 1 and 40)
);
comment on table public.triage_weights is
  'The weights of the triage, trained by scripts/triage/train.ts and changed every night by what the team '
  'decided: one row per feature of a text, as triage_features() finds them. The team reads them.';
comment on column public.triage_weights.feature is
  'A word, two words that follow each other, with ^ for the begin and $ for the end of a text, a word with '
  '^ for one of the first three, or in parentheses what holds of a whole text, or what a model said of it. '
  'Words are cut to seven letters.';
comment on column public.triage_weights.issue is
  'How much it speaks for an issue; against one below 0. The likelihood''s logit is that of (constant) plus '
  'the sum over a text, divided by the root of how many features it has, plus that of the model''s opinion '
  '(assist issue) or (assist not).';
comment on column public.triage_weights.auth is
  'How much it speaks for the segment auth. The segment with the largest sum over a text''s words wins.';

comment on column public.triage_weights.shipped is
  'The five weights as delivered; null for a feature that was learned from the team alone.';

alter table public.triage_weights enable row level security;
create policy triage_weights_select_viewer on public.triage_weights
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on public.triage_weights to authenticated, service_role;

create table private.triage_bins (
  bin smallint not null,
  issues double precision not null,
  texts double precision not null,
  constraint triage_bins_pkey primary key (bin),
  constraint triage_bins_bin_is_a_fiftieth check (bin between 0 and 49)
);
comment on table private.triage_bins is
  'Of the labelled texts that were held out in training: how many had a likelihood in each fiftieth, and how '
  'many of those are issues. The shared texts count more. For thresholds.';
alter table private.triage_bins enable row level security;
