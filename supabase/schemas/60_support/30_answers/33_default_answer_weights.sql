-- The weights of a new installation, by `npm run answers:train`. Don't edit: train again.
-- Trained from sources with the digest 1d1e78ecc711f791.

insert into private.answer_weights (feature, weight) values
  ('(constant)', -5.057),
  ('covered', -5.271),
  ('evidence', 1.911),
  ('evidence and margin', 2.716),
  ('literal', -0.09),
  ('margin', -1.819),
  ('rare covered', 5.766),
  ('words', -0.924),
  ('words found', 0.353);
