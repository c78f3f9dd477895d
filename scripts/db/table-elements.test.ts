import { expect, test } from "vitest";
import { tableElements } from "./table-elements.ts";

test("the columns and constraints of a table, as they are written", () => {
  const sql = `create table public.t (
  id bigint not null, -- a comment
  -- another, with a comma
  name text not null default ',)',
  constraint t_pkey primary key (id),
  constraint t_name_is_short
    check (length(name) < 10)
) with (fillfactor = 90);`;
  expect([...tableElements(sql)]).toEqual([
    ["id", "id bigint not null"],
    ["name", "name text not null default ',)'"],
    ["constraint t_pkey", "constraint t_pkey primary key (id)"],
    ["constraint t_name_is_short", "constraint t_name_is_short\n    check (length(name) < 10)"],
  ]);
});
