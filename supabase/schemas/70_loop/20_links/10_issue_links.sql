-- Which engineering issue fixes an issue of the community: many to one.

create table public.issue_links (
  issue_id uuid not null,
  exai_issue_id uuid not null,
  linked_by text not null default private.actor_name(),
  linked_by_user_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  constraint issue_links_pkey primary key (issue_id),
  constraint issue_links_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete cascade,
  constraint issue_links_exai_issue_id_fkey foreign key (exai_issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint issue_links_linked_by_user_id_fkey foreign key (linked_by_user_id)
    references auth.users (id) on delete set null,
  constraint issue_links_linked_by_is_not_blank check (btrim(linked_by) <> '')
);
comment on table public.issue_links is
  'One row per issue that an engineering issue fixes; several issues may have the same one. Read-only for '
  'clients: promote_issue, link_issue and unlink_issue write it. The ledger keeps what was linked before.';
comment on column public.issue_links.linked_by is 'Display name of who linked them.';
comment on column public.issue_links.linked_by_user_id is 'Their account; null for a server.';

create index issue_links_exai_issue_id_idx on public.issue_links (exai_issue_id);
create index issue_links_linked_by_user_id_idx on public.issue_links (linked_by_user_id);

alter table public.issue_links enable row level security;
create policy issue_links_select_viewer on public.issue_links
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.issue_links to authenticated, service_role;
