/** The name in JSON of a column of schema `report`: `created_at` is `createdAt`, `sessions_30d` is `sessions30d`. */
export function fieldName(column: string): string {
  return column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
