-- What GitHub answered to a request, so that it can be asked whether that has changed.

create table private.sync_etags (
  connection_id uuid not null,
  path text not null,
  etag text not null,
  resource_ids bigint[] not null,
  has_next boolean not null default false,
  constraint sync_etags_pkey primary key (connection_id, path),
  constraint sync_etags_connection_id_fkey
    foreign key (connection_id) references public.platform_connections (id) on delete cascade,
  constraint sync_etags_path_is_not_too_long check (char_length(path) <= 500),
  constraint sync_etags_etag_is_not_too_long check (char_length(etag) <= 200),
  constraint sync_etags_resource_ids_are_few check (cardinality(resource_ids) <= 1000)
);
comment on table private.sync_etags is
  'One row per connection and path. An answer whose numbers were not all valid leaves none, so that it is '
  'read in full the next time.';
comment on column private.sync_etags.resource_ids is 'GitHub''s ids of the repositories in that answer.';
comment on column private.sync_etags.has_next is 'Whether another page followed.';
alter table private.sync_etags enable row level security;
