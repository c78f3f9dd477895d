import type { Sql } from "postgres";

/** Issues whose stored words are not those of their texts and people. */
export const wrongIssueSearch = (sql: Sql) =>
  sql<{ id: string }[]>`
    select i.id from public.issues as i left join private.issue_search as s on s.issue_id = i.id
    where tsvector_to_array(s.vector) is distinct from tsvector_to_array(
      private.issue_vector(
        private.search_vector(i.title, 20000), i.tags, private.issue_people(i.id, i.submitted_by, i.assigned_to),
        i.description
      ) || coalesce(private.comments_vector(i.id), '')
    )
  `;
