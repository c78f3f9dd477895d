import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
  ValuesNode,
} from "kysely";

/** An insert of `{}` is one of `default values`; lite writes no columns and no values, which is no SQL. */
export class DefaultValues implements KyselyPlugin {
  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    if (node.kind !== "InsertQueryNode" || node.columns?.length !== 0) return node;
    const { columns: _, values, ...rest } = node;
    // SQL has no way to write several such rows
    if (values?.kind !== "ValuesNode" || (values as ValuesNode).values.length !== 1) return node;
    return { ...rest, defaultValues: true };
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(result);
  }
}
