import { ApiError } from "./errors.ts";
import { similarName } from "./hints.ts";
import type { Relationship, Relationships } from "./relationships.ts";
import type { Name } from "./sql.ts";

/**
 * The one relationship that a request means.
 *
 * @throws ApiError when there is none (PGRST200) or several (PGRST201)
 */
export function findRelationship(
  relationships: Relationships,
  origin: Name,
  target: string,
  hint: string | undefined,
): Relationship {
  const [only, ...others] = relationships.find(origin, target, hint);
  if (!only) throw unknown(relationships, origin, target, hint);
  if (others.length > 0) throw ambiguous(origin.name, target, [only, ...others]);
  return only;
}

function unknown(
  relationships: Relationships,
  { schema, name }: Name,
  target: string,
  hint: string | undefined,
): ApiError {
  const targets = relationships.of({ schema, name }).map((each) => each.target.name);
  const [mistaken, near] = targets.length > 0
    ? [target, targets.includes(target) ? null : similarName(target, targets)]
    : [name, similarName(name, relationships.origins(schema))];
  return new ApiError(400, {
    code: "PGRST200",
    message: `Could not find a relationship between '${name}' and '${target}' in the schema cache`,
    details: `Searched for a foreign key relationship between '${name}' and '${target}'${
      hint === undefined ? "" : ` using the hint '${hint}'`
    } in the schema '${schema}', but no matches were found.`,
    hint: near ? `Perhaps you meant '${near}' instead of '${mistaken}'.` : null,
  });
}

function ambiguous(origin: string, target: string, found: Relationship[]): ApiError {
  const choices = found.map(({ target, junction, constraint }) =>
    `'${target.name}!${junction?.table.name ?? constraint}'`
  );
  return new ApiError(300, {
    code: "PGRST201",
    message: `Could not embed because more than one relationship was found for '${origin}' and '${target}'`,
    details: found.map(describe),
    hint: `Try changing '${target}' to one of the following: ${
      choices.join(", ")
    }. Find the desired relationship in the 'details' key.`,
  });
}

function describe({ origin, target, kind, constraint, columns, junction }: Relationship) {
  const list = (names: string[]): string => `(${names.join(", ")})`;
  const relationship = junction
    ? `${junction.table.name} using ${junction.constraints[0]}${
      list(junction.origin.map(([own]) => own))
    } and ${junction.constraints[1]}${list(junction.target.map(([own]) => own))}`
    : `${constraint} using ${origin.name}${list(columns.map(([own]) => own))} and ${target.name}${
      list(columns.map(([, other]) => other))
    }`;
  return { cardinality: kind, embedding: `${origin.name} with ${target.name}`, relationship };
}
