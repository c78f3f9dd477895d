import type { ConnectionInternals } from "./internals.ts";

// Fixes in @supabase/lite: embedding follows foreign keys to and from schemas that are not exposed, and takes
// any unique index, also a partial one or one over expressions, for a to-one relationship.
// Unnecessary when: lite embeds through exposed schemas alone and decides "to one" by unique constraints, as
// PostgREST does.

/** Leaves in lite's catalog only the foreign keys and unique indexes that PostgREST embeds by. */
export function limitEmbedding(internals: ConnectionInternals, exposed: string[]): void {
  const introspect = internals.introspect.bind(internals);
  internals.introspect = async (options) => {
    const catalog = await introspect(options);
    // the referenced schema is in the definition only, and not when it is in the search path
    const isExposed = ({ schema, fk_def }: { schema: string; fk_def: string }): boolean =>
      [schema, fk_def.match(/ REFERENCES "?(\w+)"?\./)?.[1] ?? schema].every((name) =>
        exposed.includes(name)
      );
    const constraints = new Set(catalog.unique_constraints.map(({ schema, name }) => `${schema}.${name}`));
    return {
      ...catalog,
      foreign_keys: catalog.foreign_keys.filter(isExposed),
      indexes: catalog.indexes.filter(({ schema, name }) => constraints.has(`${schema}.${name}`)),
    };
  };
}
