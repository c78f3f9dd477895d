import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
  ValuesNode,
} from "kysely";

// Fixes in @supabase/lite: an insert of `{}` is written without columns and values, which is a syntax error.
// Unnecessary when: lite writes `default values`.

/** Writes an insert of `{}` as `insert … default values`. */
export class DefaultValues implements KyselyPlugin {
  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    if (node.kind !== "InsertQueryNode" || node.columns?.length !== 0) return node;
    const { columns: _, values, ...rest } = node;
    // SQL has no form for several such rows
    if (values?.kind !== "ValuesNode" || (values as ValuesNode).values.length !== 1) return node;
    return { ...rest, defaultValues: true };
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(result);
  }
}
