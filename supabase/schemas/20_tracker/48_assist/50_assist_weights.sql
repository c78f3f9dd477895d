-- What an opinion of the model counts in a new installation.

-- Modest: an issue that its words make likely by 0.6 reaches the default threshold of 0.8; what they make
-- unlikely does not. Unlike a word's weight these are not divided by the length of a text.
insert into public.triage_weights (feature, issue, auth, code, tool, misc) values
  ('(assist auth)', 0, 1, 0, 0, 0),
  ('(assist code)', 0, 0, 1, 0, 0),
  ('(assist issue)', 1, 0, 0, 0, 0),
  ('(assist misc)', 0, 0, 0, 0, 1),
  ('(assist not)', -1, 0, 0, 0, 0),
  ('(assist tool)', 0, 0, 0, 1, 0);
update public.triage_weights set shipped = array[issue, auth, code, tool, misc]
where feature like '(assist %';
