-- What endpoints are called with, sealed by the edge function webhook-endpoints: the keys that sign, and the
-- URLs of Slack's incoming webhooks.

create table private.webhook_secrets (
  id uuid not null,
  endpoint_id uuid not null,
  sealed text not null,
  key_id text not null generated always as (split_part(sealed, '.', 2)) stored,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  constraint webhook_secrets_pkey primary key (id),
  constraint webhook_secrets_endpoint_id_fkey foreign key (endpoint_id)
    references public.webhook_endpoints (id) on delete cascade
);
comment on table private.webhook_secrets is
  'The secrets of each endpoint, as ciphertext that is bound to id, kind and endpoint_id (see '
  'docs/secrets.md). Every one that has not expired signs, so that a receiver can change to the next.';
comment on column private.webhook_secrets.expires_at is 'Null for the newest.';
create index webhook_secrets_endpoint_id_idx on private.webhook_secrets (endpoint_id);

create trigger _010_reject_unsealed_secret before insert on private.webhook_secrets
  for each row execute function private.reject_unsealed_secret();
create trigger _020_reject_unsealed_secret before update on private.webhook_secrets
  for each row when (old.sealed is distinct from new.sealed)
  execute function private.reject_unsealed_secret();

alter table private.webhook_secrets enable row level security;

-- Ten keys sign in parallel, as at Svix. The newest is one of them.
create or replace function private.add_webhook_secret(
  p_endpoint_id uuid, p_secret_id uuid, p_sealed text, p_overlap interval
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_expires_at constant timestamptz := clock_timestamp() + p_overlap;
begin
  update private.webhook_secrets as s set expires_at = least(s.expires_at, v_expires_at)
  where s.endpoint_id = p_endpoint_id;
  delete from private.webhook_secrets as s
  where s.endpoint_id = p_endpoint_id
    and (
      s.expires_at <= clock_timestamp()
      or s.id in (
        select o.id from private.webhook_secrets as o where o.endpoint_id = p_endpoint_id
        order by o.created_at desc, o.id offset 9
      )
    );
  insert into private.webhook_secrets (id, endpoint_id, sealed)
  values (p_secret_id, p_endpoint_id, p_sealed);
  return v_expires_at;
end;
$$;
comment on function private.add_webhook_secret is
  'Adds the secret of a locked endpoint, whose other ones end after the overlap, and returns when. Errors: '
  'agents_secret_invalid (422).';
