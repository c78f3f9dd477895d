import type { Name } from "./sql.ts";
import type { ViewColumn } from "./view-columns.ts";

// Which tables and views can be embedded in which, as PostgREST infers it from foreign keys:
// docs.postgrest.org/en/v14/references/api/resource_embedding.html

/** A pair of columns: the origin's and the target's. */
export type Pair = [own: string, other: string];

export interface Junction {
  table: Name;
  /** The constraints that lead to the origin and to the target. */
  constraints: [string, string];
  /** The junction's columns for the origin's, and for the target's. */
  origin: Pair[];
  target: Pair[];
}

/** How a table or view, the origin, leads to another one, the target. */
export interface Relationship {
  origin: Name;
  target: Name;
  kind: "one-to-many" | "many-to-one" | "one-to-one" | "many-to-many" | "computed";
  /** Whether both are the same. */
  isSelf: boolean;
  isToOne: boolean;
  targetIsView: boolean;
  /** The foreign key; of a computed relationship, the function. */
  constraint: string;
  /** Empty for many-to-many and computed relationships. */
  columns: Pair[];
  junction?: Junction;
  /** The function of a computed relationship. */
  call?: Name;
}

export interface ForeignKey {
  name: string;
  table: number;
  target: number;
  columns: number[];
  targetColumns: number[];
  /** Whether a unique constraint or the primary key has the same columns. */
  isUnique: boolean;
}

/** A table or view with the names of its columns by position. */
export interface Relation extends Name {
  id: number;
  isView: boolean;
  /** What may be done to it, as `pg_relation_is_updatable` reports it. */
  events: number;
  columns: Map<number, string>;
  primaryKey: number[];
}

export interface ComputedRelation {
  call: Name;
  origin: Name;
  target: Name;
  isToOne: boolean;
}

/** The columns of each view by object id; views of schemas that lead nowhere are left out. */
export type ViewColumns = Map<number, ViewColumn[]>;

type Key = Relationship & { originIsView: boolean };

export class Relationships {
  readonly #byOrigin: Map<string, Relationship[]>;

  /**
   * @param primaryKeys the columns of the primary key of each table, and of each view that shows them all
   */
  constructor(
    relations: Map<number, Relation>,
    keys: ForeignKey[],
    views: ViewColumns,
    computed: ComputedRelation[],
    primaryKeys: (name: Name) => string[],
    exposed: string[],
  ) {
    const toOne = keys.flatMap((key) => relationshipsOf(key, relations, views));
    const all: Relationship[] = [...toOne, ...junctions(toOne, primaryKeys), ...toOne.map(inverse)];
    const overridden = new Set(computed.map(({ origin, call }) => `${id(origin)} ${id(call)}`));
    const known = all.filter(({ origin, target }) => !overridden.has(`${id(origin)} ${id(target)}`));
    const reachable = [...known, ...computed.map(computedRelationship)].filter((each) =>
      [each.origin, each.target, ...(each.junction ? [each.junction.table] : [])]
        .every(({ schema }) => exposed.includes(schema))
    );
    this.#byOrigin = Map.groupBy(
      reachable.sort((a, b) => sortKey(a) < sortKey(b) ? -1 : 1),
      ({ origin, target, call }) => `${id(origin)} ${(call ?? target).schema}`,
    );
  }

  /** The relationships of a table or view with others of the same schema. */
  of(origin: Name): Relationship[] {
    return this.#byOrigin.get(`${id(origin)} ${origin.schema}`) ?? [];
  }

  /** The names that have relationships in a schema. */
  origins(schema: string): string[] {
    return [...this.#byOrigin.values()].flatMap(([first]) =>
      first?.origin.schema === schema ? [first.origin.name] : []
    );
  }

  /**
   * The relationships that a name and a hint of a request may mean: none is an error, and so are several.
   *
   * @param target name of the table, view, foreign key or column of the origin that follows it
   */
  find(origin: Name, target: string, hint: string | undefined): Relationship[] {
    return this.of(origin).filter((each) => {
      if (each.kind === "computed") return target === each.call?.name;
      const [column, targetColumn] = each.columns.length === 1 ? each.columns[0] ?? [] : [];
      const isTarget = target === each.target.name;
      if (each.isSelf) {
        if (hint !== undefined) {
          return isTarget && each.kind === "one-to-many" && [targetColumn, each.constraint].includes(hint);
        }
        return (isTarget && each.kind === "one-to-many") ||
          (column === target && each.kind === "many-to-one");
      }
      if (hint === undefined) {
        return isTarget || (!each.targetIsView && (each.constraint === target || column === target));
      }
      const meant = [each.constraint, column, targetColumn, each.junction?.table.name];
      return isTarget && meant.includes(hint);
    });
  }
}

const id = ({ schema, name }: Name): string => `${schema}.${name}`;

const KINDS = ["one-to-many", "many-to-one", "one-to-one", "many-to-many", "computed"];

const sortKey = ({ target, isSelf, kind, constraint, junction, columns }: Relationship): string =>
  JSON.stringify([
    target.schema,
    target.name,
    isSelf,
    KINDS.indexOf(kind),
    constraint,
    junction?.table.name ?? "",
    columns,
  ]);

/**
 * The relationships of a foreign key: of its tables, and of all views that show the key's columns, or the
 * referenced ones, whole.
 */
function relationshipsOf(key: ForeignKey, relations: Map<number, Relation>, views: ViewColumns): Key[] {
  const origins = shows(key.table, key.columns, relations, views);
  const targets = shows(key.target, key.targetColumns, relations, views);
  return origins.flatMap((origin) =>
    targets.map((target) => ({
      origin: name(origin.relation),
      target: name(target.relation),
      kind: key.isUnique ? "one-to-one" : "many-to-one",
      isSelf: origin.relation.id === target.relation.id,
      isToOne: true,
      originIsView: origin.relation.isView,
      targetIsView: target.relation.isView,
      constraint: key.name,
      columns: origin.columns.map((column, at): Pair => [column, target.columns[at] ?? ""]),
    }))
  );
}

const name = ({ schema, name }: Name): Name => ({ schema, name });

interface Shown {
  relation: Relation;
  /** Names of the columns, in the key's order. */
  columns: string[];
}

/** A table and the views that show all given columns of it; a view once for each choice of its columns. */
function shows(
  table: number,
  columns: number[],
  relations: Map<number, Relation>,
  views: ViewColumns,
): Shown[] {
  const shown: Shown[] = [];
  const own = relations.get(table);
  if (own) shown.push({ relation: own, columns: columns.map((column) => own.columns.get(column) ?? "") });
  for (const [viewId, viewColumns] of views) {
    const view = relations.get(viewId);
    if (!view) continue;
    const choices = columns.map((column) =>
      viewColumns.filter((each) => each.table === table && each.column === column)
        .map(({ position }) => view.columns.get(position) ?? "")
    );
    for (const choice of product(choices)) shown.push({ relation: view, columns: choice });
  }
  return shown;
}

/** Every way to take one of each list. */
const product = (lists: string[][]): string[][] =>
  lists.reduce<string[][]>((all, list) => all.flatMap((begun) => list.map((each) => [...begun, each])), [[]]);

const inverse = (key: Key): Relationship => ({
  ...key,
  origin: key.target,
  target: key.origin,
  kind: key.kind === "one-to-one" ? "one-to-one" : "one-to-many",
  isToOne: key.kind === "one-to-one",
  targetIsView: key.originIsView,
  columns: key.columns.map(([own, other]): Pair => [other, own]),
});

/** A table is a junction of two of its foreign keys when the columns of both belong to its primary key. */
function junctions(keys: Key[], primaryKeys: (name: Name) => string[]): Relationship[] {
  const candidates = Map.groupBy(
    keys.filter(({ kind, origin, columns }) => {
      const primaryKey = primaryKeys(origin);
      return kind === "many-to-one" && columns.every(([own]) => primaryKey.includes(own));
    }),
    ({ origin }) => id(origin),
  );
  return [...candidates.values()].flatMap((ofTable) =>
    ofTable.flatMap((first) =>
      ofTable.filter((second) => second.constraint !== first.constraint).map((second): Relationship => ({
        origin: first.target,
        target: second.target,
        kind: "many-to-many",
        isSelf: id(first.target) === id(second.target),
        isToOne: false,
        targetIsView: second.targetIsView,
        constraint: "",
        columns: [],
        junction: {
          table: first.origin,
          constraints: [first.constraint, second.constraint],
          origin: first.columns,
          target: second.columns,
        },
      }))
    )
  );
}

const computedRelationship = ({ call, origin, target, isToOne }: ComputedRelation): Relationship => ({
  origin,
  target,
  kind: "computed",
  isSelf: id(origin) === id(target),
  isToOne,
  targetIsView: false,
  constraint: call.name,
  columns: [],
  call,
});
