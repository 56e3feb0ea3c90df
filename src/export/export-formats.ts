export const exportFormats = ['csv', 'ndjson', 'parquet', 'xlsx'] as const;
export type ExportFormat = (typeof exportFormats)[number];
