-- Where events of the loop are sent: endpoints of other systems, and incoming webhooks of Slack.

create or replace function private.is_notification_event(p_event text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(p_event in (
    'reported', 'triaged', 'promoted', 'dispatched', 'started', 'opened', 'merged', 'fixed', 'shipped',
    'resolved', 'answered', 'reopened', 'warned', 'breached', 'endpoint_disabled'
  ), false);
end;
$$;
comment on function private.is_notification_event is
  'Whether an endpoint can be told of it: each hop of loop_events, and that another endpoint '
  'was switched off.';
grant execute on function private.is_notification_event to authenticated, service_role;

create or replace function private.are_notification_events(p_events text[]) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return cardinality(p_events) <= 50 and coalesce((
    select bool_and(private.is_notification_event(e.event)) from unnest(p_events) as e (event)
  ), true);
end;
$$;
comment on function private.are_notification_events is 'Whether each of these is an event, of up to 50.';
grant execute on function private.are_notification_events to authenticated, service_role;

-- https, and http to this machine, which the edge function refuses unless it is set to allow it.
create or replace function private.is_endpoint_url(p_url text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  c_name constant text := '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?';
  c_port constant text := '(:0*[1-9][0-9]{0,4})?(/|\?|$)';
  v_port constant text := substring(p_url from '^https?://[^/?]*:0*([0-9]{1,5})(?:/|\?|$)');
begin
  return coalesce(
    char_length(p_url) <= 2048 and p_url !~ '[^\x21-\x7e]'
      and (v_port is null or v_port::integer between 1 and 65535)
      and (
        p_url ~ format('^https://(%1$s(\.%1$s)*\.?|\[[0-9A-Fa-f:.]+\])%2$s', c_name, c_port)
        or p_url ~ ('^http://(localhost|127\.0\.0\.1|\[::1\])' || c_port)
      ),
    false
  );
end;
$$;
comment on function private.is_endpoint_url is
  'Whether a delivery may be sent there: https with a host and without a user name; in development, http '
  'to this machine.';
grant execute on function private.is_endpoint_url to authenticated, service_role;

create table public.webhook_endpoints (
  id uuid not null default gen_random_uuid(),
  name text not null,
  kind text not null default 'webhook',
  url text not null,
  events text[] not null default '{}',
  is_active boolean not null default true,
  disabled_at timestamptz,
  disabled_reason text,
  failing_since timestamptz,
  rests_until timestamptz,
  created_by_user_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint webhook_endpoints_pkey primary key (id),
  constraint webhook_endpoints_created_by_user_id_fkey foreign key (created_by_user_id)
    references auth.users (id) on delete set null,
  constraint webhook_endpoints_kind_is_known check (kind in ('webhook', 'slack')),
  constraint webhook_endpoints_name_is_not_blank check (btrim(name) <> '' and char_length(name) <= 200),
  constraint webhook_endpoints_url_is_valid check (private.is_endpoint_url(url)),
  constraint webhook_endpoints_events_are_known check (private.are_notification_events(events)),
  constraint webhook_endpoints_disabled_at_matches_is_active check (is_active = (disabled_at is null)),
  constraint webhook_endpoints_disabled_reason_is_known
    check (disabled_reason in ('person', 'gone', 'failing'))
);
comment on table public.webhook_endpoints is
  'One row per endpoint. Created by the edge function webhook-endpoints, which makes its secret. Admins see, '
  'change and delete them; what the database sets is not taken from a client. Errors on write: '
  'team_role_required (403), key_change_forbidden, loop_webhook_endpoint_invalid (422).';
comment on column public.webhook_endpoints.kind is
  'webhook: signed requests as Standard Webhooks describes them. slack: messages to an incoming webhook.';
comment on column public.webhook_endpoints.url is
  'Where it is. Of a slack endpoint its host alone: the URL is its secret.';
comment on column public.webhook_endpoints.events is
  'The events that it is told of, whatever the issue; notification_rules add others.';
comment on column public.webhook_endpoints.is_active is
  'False: nothing is sent, and what waits is dead. True again: replay_deliveries sends it.';
comment on column public.webhook_endpoints.disabled_at is 'Since when it is off, set by the database.';
comment on column public.webhook_endpoints.disabled_reason is
  'person: an admin switched it off. gone: it answered 410. failing: no delivery came through for five days.';
comment on column public.webhook_endpoints.failing_since is
  'The first failure since the last delivery that came through; null while it works.';
comment on column public.webhook_endpoints.rests_until is 'Until when it asked not to be called.';
comment on column public.webhook_endpoints.created_by_user_id is 'The admin who created it.';

create index webhook_endpoints_created_by_user_id_idx on public.webhook_endpoints (created_by_user_id);

create or replace function private.set_endpoint_state() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.disabled_reason := old.disabled_reason;
    new.failing_since := old.failing_since;
    new.rests_until := old.rests_until;
    new.disabled_at := old.disabled_at;
  end if;
  if new.is_active and not old.is_active then
    new.disabled_at := null;
    new.disabled_reason := null;
    new.failing_since := null;
    new.rests_until := null;
  elsif old.is_active and not new.is_active then
    new.disabled_at := clock_timestamp();
    new.disabled_reason := case when current_user = 'authenticated' then 'person'
      else coalesce(new.disabled_reason, 'person') end;
  end if;
  return new;
end;
$$;
comment on function private.set_endpoint_state is
  'Before-update trigger: since when and why an endpoint is off, which clients do not set. Switched on, '
  'it starts afresh.';

-- Who created it stays, but for an account that is deleted.
create or replace function private.set_endpoint_creator() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.created_by_user_id := private.resolve_account_change(old.created_by_user_id, new.created_by_user_id);
  return new;
end;
$$;
comment on function private.set_endpoint_creator is 'Before-update trigger: who created an endpoint stays.';

-- No check constraint: its error would have the row, and so would the log. Before the one of all URLs, too.
create or replace function private.reject_slack_path() returns trigger
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'loop_webhook_endpoint_invalid',
    detail = 'The URL of a slack endpoint is its secret, and its host alone is stored here.',
    hint = 'Send the URL to the edge function webhook-endpoints, to create the endpoint or to rotate it.';
end;
$$;
comment on function private.reject_slack_path is
  'Before trigger of slack endpoints whose url is not that of a host alone. Errors: '
  'loop_webhook_endpoint_invalid (422), always.';

create trigger _000_require_admin before update or delete on public.webhook_endpoints
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.webhook_endpoints
  for each row when (old.id is distinct from new.id or old.kind is distinct from new.kind)
  execute function private.reject_key_change();
create trigger _060_reject_slack_path before insert or update on public.webhook_endpoints
  for each row when (
    new.kind = 'slack' and (not private.is_endpoint_url(new.url) or new.url ~ '//[^/?#]*[/?#].')
  )
  execute function private.reject_slack_path();
create trigger _200_set_endpoint_state before update on public.webhook_endpoints
  for each row execute function private.set_endpoint_state();
create trigger _210_set_endpoint_creator before update on public.webhook_endpoints
  for each row when (old.created_by_user_id is distinct from new.created_by_user_id)
  execute function private.set_endpoint_creator();
create trigger _900_set_timestamps before insert or update on public.webhook_endpoints
  for each row execute function private.set_timestamps();

alter table public.webhook_endpoints enable row level security;
create policy webhook_endpoints_select_admin on public.webhook_endpoints
  for select to authenticated using ((select private.has_team_role('admin')));
create policy webhook_endpoints_update_admin on public.webhook_endpoints
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy webhook_endpoints_delete_admin on public.webhook_endpoints
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.webhook_endpoints to authenticated;
grant update (
  id, name, kind, url, events, is_active, disabled_at, disabled_reason, failing_since, rests_until,
  created_by_user_id, created_at, updated_at
) on public.webhook_endpoints to authenticated;
grant select, update, delete on public.webhook_endpoints to service_role;
