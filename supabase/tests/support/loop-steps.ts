import fc from "fast-check";

/** What can happen in the world of `LOOP_WORLD`: issues 1 to 3, messages 1 to 4, an escalation, the engineering issue 900. */
export type LoopStep =
  | { do: "report"; message: number }
  | { do: "escalate" | "dispatch" | "start" | "fix" | "unfix" }
  | { do: "link" | "unlink" | "resolve" | "reopen" | "archive"; issue: number }
  | { do: "return"; message: number };

/** Which issue a message is about. */
export const ISSUE_OF_MESSAGE = [1, 1, 2, 3] as const;

const messages = fc.integer({ min: 1, max: ISSUE_OF_MESSAGE.length });
const issues = fc.integer({ min: 1, max: 3 });

/** What arrives from outside or is done to something else: in any order the outcome is the same. */
const arrival: fc.Arbitrary<LoopStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("report" as const), message: messages }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("link" as const), issue: issues }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("escalate" as const, "dispatch", "start") }) },
);

/** What a person decides: it comes before or after an arrival. */
const decision: fc.Arbitrary<LoopStep> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("resolve" as const, "reopen", "archive", "unlink"),
      issue: issues,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("return" as const), message: messages }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("fix" as const, "unfix") }) },
);

export interface LoopStory {
  steps: LoopStep[];
  /** The same with the arrivals between two decisions in another order, and each step up to three times. */
  retold: LoopStep[];
}

const part = fc.array(arrival, { maxLength: 5 }).chain((arrivals) =>
  fc.record({
    arrivals: fc.constant(arrivals),
    // each at least once
    again: fc.shuffledSubarray([...arrivals, ...arrivals, ...arrivals], {
      minLength: Math.max(arrivals.length * 3 - 2, 0),
    }),
    decision,
    times: fc.integer({ min: 1, max: 2 }),
  })
);

export const loopStories: fc.Arbitrary<LoopStory> = fc.array(part, { minLength: 1, maxLength: 6 }).map((
  parts,
) => ({
  steps: parts.flatMap(({ arrivals, decision }) => [...arrivals, decision]),
  retold: parts.flatMap(({ again, decision, times }) => [...again, ...Array<LoopStep>(times).fill(decision)]),
}));

/** Makes the world, and two functions in pg_temp: `run_loop(steps)`, which returns what `LoopModel.state` does. */
export const LOOP_WORLD = `
  create function pg_temp.loop_issue(p integer) returns uuid language sql immutable as $$
    select ('10000000-0000-4000-8000-00000000000' || p)::uuid
  $$;
  create function pg_temp.loop_step(p jsonb) returns void language plpgsql as $$
  declare
    v_issue_id constant uuid := pg_temp.loop_issue((p ->> 'issue')::integer);
    v_statuses constant jsonb := '{"resolve": "resolved", "reopen": "in_progress", "archive": "archived"}';
  begin
    case p ->> 'do'
      when 'report' then
        insert into public.circle_issues (message_id, author_name, posted_at, mapped_to_issue_id)
        values (p ->> 'message', 'Ana', '2026-01-01'::timestamptz + (p ->> 'message')::integer * interval '1 day',
          pg_temp.loop_issue(('{1,1,2,3}'::integer[])[(p ->> 'message')::integer]))
        on conflict (message_id) do update set mapped_to_issue_id = excluded.mapped_to_issue_id;
      when 'return' then
        update public.circle_issues set mapped_to_issue_id = null where message_id = p ->> 'message';
      when 'escalate' then
        update support.escalations set issue_id = pg_temp.loop_issue(1);
      when 'link' then
        -- the first one has an engineering issue of its own
        if p ->> 'issue' = '1' then
          perform public.promote_issue(v_issue_id);
        else
          perform public.link_issue(v_issue_id, 900);
        end if;
      when 'unlink' then
        perform public.unlink_issue(v_issue_id);
      when 'dispatch', 'start' then
        if exists (select from public.exai_issues where issue_number = 900 and status = 'open') then
          perform public.dispatch_issue(900, -1);
        end if;
        if p ->> 'do' = 'start' then
          update public.tasks set status = 'running' where status = 'pending';
        end if;
      when 'fix' then
        update public.exai_issues set status = 'fixed' where issue_number = 900;
      when 'unfix' then
        update public.exai_issues set status = 'open' where issue_number = 900;
      else
        update public.issues set status = v_statuses ->> (p ->> 'do') where id = v_issue_id;
    end case;
  end;
  $$;
  create function pg_temp.run_loop(p_steps jsonb) returns jsonb language plpgsql as $$
  declare
    v_step jsonb;
  begin
    insert into public.issues (id, title) select pg_temp.loop_issue(n), 'I' || n from generate_series(1, 3) as n;
    insert into public.exai_issues (issue_number, title) values (900, 'X');
    insert into support.conversations (id, session_id) values ('e1000000-0000-4000-8000-000000000001', 's1');
    insert into support.escalations (conversation_id, issue_type, original_request)
    values ('e1000000-0000-4000-8000-000000000001', 'x', 'x');
    for v_step in select * from jsonb_array_elements(p_steps) loop
      perform pg_temp.loop_step(v_step);
    end loop;
    return jsonb_build_object(
      'generations', (select jsonb_agg(l.generation order by l.issue_id) from public.loop_issues as l),
      'statuses', (select jsonb_agg(i.status order by i.id) from public.issues as i),
      'linked', (select coalesce(jsonb_agg(right(k.issue_id::text, 1)::integer order by k.issue_id), '[]')
        from public.issue_links as k),
      'ledger', (
        select jsonb_agg(r.line order by r.line collate "C")
        from (
          select concat_ws(' ', right(e.issue_id::text, 1), e.generation, e.hop, case
            when e.hop = 'promoted' and e.reference <> 'EXAI-900'
              then 'own' || (select count(*) from public.exai_issues as x
                where x.issue_number <> 900 and x.issue_number <= substr(e.reference, 6)::integer)
            when e.reference = 'EXAI-900' then 'shared'
            when e.hop in ('dispatched', 'started') then 'task'
            when e.reference ~ '-' then 'escalation'
            else nullif(e.reference, '') end) as line
          from public.loop_events as e
        ) as r
      )
    );
  end;
  $$;
  insert into auth.users (id, email) values ('00000000-0000-4000-8000-00000000000c', 'agent@example.org');
  insert into public.projects (id, user_id, repo_url, repo_name, repo_owner, name) values
    (-1, '00000000-0000-4000-8000-00000000000c', 'https://github.com/acme/app', 'app', 'acme', 'App');
`;
