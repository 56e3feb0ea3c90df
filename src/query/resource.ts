/** Kinds of values, as PostgreSQL, JSON, CSV and Parquet all know them. */
export type ColumnType = 'text' | 'uuid' | 'timestamp' | 'date' | 'integer' | 'bigint' | 'double' | 'boolean';

export type Column = {
  /** As in schema `report`. */
  readonly name: string;
  readonly type: ColumnType;
  readonly isNullable: boolean;
  /** All values there are, where that is known. */
  readonly words?: readonly string[];
};

/** `equal` takes several values and means any of them; `from` includes its value, `to` does not; `search` is part of a text. */
export type Operator = 'equal' | 'from' | 'to' | 'search';

export type Filter = {
  /** As in a query string. */
  readonly name: string;
  readonly operator: Operator;
  readonly column: string;
  readonly type: ColumnType;
  readonly words?: readonly string[];
  /** For people; a sentence. */
  readonly description: string;
  readonly example: string;
};

/** A column, or an expression over columns, that orders rows. Never null. */
export type KeyPart = { readonly name: string; readonly type: ColumnType };

/** An order that can be asked for by name. */
export type Order = {
  readonly field: string;
  readonly isDescendingByDefault: boolean;
  /** What comes before the key of the resource; nothing: the key itself is in this order. */
  readonly by?: KeyPart;
};

/** Something that can be listed: a view of schema `report`, what may be asked of it, and in which order it comes. */
export type Resource = {
  readonly name: string;
  /** One row of it, for people. */
  readonly title: string;
  /** Where the rows are read from; it has the columns of the view in schema `report`, and may have more. */
  readonly relation: string;
  /** The same rows, made for conditions on the columns `customer` and `site`. */
  readonly labelledRelation?: string;
  /** When given, the rows are groups of those of the relation, and the filters choose what is grouped. */
  readonly grouped?: { readonly columns: string; readonly by: string };
  readonly columns: readonly Column[];
  /** Columns that order the rows and tell each from every other, with those that the columns do not show. Never null. */
  readonly key: readonly KeyPart[];
  /** What `sort` may be, the usual order first; none: always in the order of the key. */
  readonly orders?: readonly Order[];
  readonly filters: readonly Filter[];
  /** Text columns whose index holds the first characters only, and no row with the value `except`, which most rows have. */
  readonly prefixIndexed?: Readonly<Record<string, { readonly except?: string }>>;
  /** Columns whose every value few rows have: beside such a filter no other index is worth looking into. */
  readonly selective?: readonly string[];
  /** Columns with an index that has the rows of one value in the order of the key; the fewer rows a value has, the earlier. */
  readonly mergeable?: readonly string[];
  /** Its values depend on the time they are asked at. */
  readonly isRelativeToNow: boolean;
};
