-- How common words are in general, so that a handful of articles can tell a common word from a rare one.

create table private.common_words (
  word text collate "C" not null,
  share real not null,
  constraint common_words_pkey primary key (word)
);
comment on table private.common_words is
  'Words of texts of support communities, and the share of these texts that have them: those of six or more.';
alter table private.common_words enable row level security;
