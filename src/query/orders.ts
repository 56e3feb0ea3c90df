import type { ColumnType, Order } from './resource.ts';

/** SQL for a time before all others: what never was comes where the oldest is. */
export const never = `timestamptz '0001-01-01 00:00:00+00'`;

/** An order by an expression that is never null, the key of the resource after it. */
export const order = (field: string, expression: string, type: ColumnType): Order => ({
  field,
  isDescendingByDefault: false,
  by: { name: expression, type },
});
